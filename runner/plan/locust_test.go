package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

func TestLocust(t *testing.T) {
	p, problems := profile.Parse("p.yaml", []byte("name: shop\ntarget: {url: \"http://127.0.0.1:80\", locust: {file: shop.py, classes: [A, B]}}\nload: {users: 5, spawn_rate: 2, run_time: 6s, rounds: 3}"),
		profile.Surroundings{Read: func(string) ([]byte, error) { return nil, nil }})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if err := p.Apply(profile.Change{Tags: []string{"fast"}}); err != nil {
		t.Fatal(err)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	if made.Locust.File != "shop.py" || made.Length() != 8*time.Second || len(made.Users) != 5 || made.AllUsers != 5 || made.SpawnRate != 2 || len(made.Routes) != 0 {
		t.Errorf("%+v", made)
	}
	if n := made.MeanUsers(0, 2*time.Second); n != 2.5 {
		t.Errorf("%g users in the warm-up", n)
	}
	var words strings.Builder
	if err := made.Words(&words); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"shop loads http://127.0.0.1:80.\n", "The locustfile may send to other hosts too.\n",
		"5 users, each waiting for its answer, all started by 2s.\n",
		"Locust sends the requests, started as locust: shop.py says what the users of A, B do.\nOnly tasks with these tags: fast\n",
	} {
		if !strings.Contains(words.String(), want) {
			t.Errorf("the words lack %q:\n%s", want, words.String())
		}
	}
	if strings.Contains(words.String(), "note:") {
		t.Errorf("the words have notes:\n%s", words.String())
	}
	if _, err := plan.Make(p, plan.Values{Shard: plan.Shard{N: 2}}); err == nil || !strings.Contains(err.Error(), "each shard would start it with all users") {
		t.Errorf("a shard: %v", err)
	}
	if _, err := made.Idle(0.1); err == nil || !strings.Contains(err.Error(), "plimsoll init --locust") {
		t.Errorf("an idle load: %v", err)
	}
}
