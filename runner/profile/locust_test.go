package profile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

const byLocust = "name: shop\ntarget: {url: \"http://127.0.0.1\", locust: {file: locustfile.py, classes: [A, B], args: [--a, \"1\"]}}\nload: {users: 5}\n"

// withScript reads a profile whose files all have a content.
func withScript(t *testing.T, text, content string) *profile.Profile {
	t.Helper()
	p, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{Read: func(string) ([]byte, error) { return []byte(content), nil }})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return p
}

// Another script, class, argument or tag is another load. How Locust is started is not.
func TestDigestOfLocust(t *testing.T) {
	before := withScript(t, byLocust, "x")
	differences := func(text, content string, change profile.Change) string {
		t.Helper()
		now := withScript(t, text, content)
		if err := now.Apply(change); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, d := range profile.Differences(before, now) {
			all = append(all, fmt.Sprintf("%s: %s -> %s", d.What, d.Before, d.Now))
		}
		if (len(all) > 0) != (now.Digest() != before.Digest()) {
			t.Errorf("%s: the digests are %s and %s, the differences %q", text, before.Digest(), now.Digest(), all)
		}
		return strings.Join(all, " | ")
	}
	for _, c := range []struct {
		old, new, content string
		change            profile.Change
		want              string
	}{
		{"[A, B]", "[B, A]", "x", profile.Change{}, ""},
		{"classes", "command: venv/bin/locust -x, classes", "x", profile.Change{}, ""},
		{"A", "A", "y", profile.Change{}, "locustfile"},
		{"[A, B]", "[A]", "x", profile.Change{}, "locust.classes: A B -> A"},
		{"--a", "--b", "x", profile.Change{}, "locust.args: --a 1 -> --b 1"},
		{"A", "A", "x", profile.Change{Tags: []string{"b", "a"}, ExcludeTags: []string{"c"}}, "exclude_tags: none -> c | tags: none -> a b"},
	} {
		got := differences(strings.Replace(byLocust, c.old, c.new, 1), c.content, c.change)
		if strings.HasPrefix(c.want, "locustfile") {
			if !strings.HasPrefix(got, "locustfile: locustfile.py #") || strings.Contains(got, "|") {
				t.Errorf("another script: %s", got)
			}
			continue
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.new, got, c.want)
		}
	}
	if before.Target.Locust.Tags != nil {
		t.Error("a Change of a copy changed the profile")
	}
}

func TestDrive(t *testing.T) {
	p := withScript(t, minimal, "")
	if err := p.Drive("sub/locust.py", nil); err == nil || !strings.Contains(err.Error(), "rename it") {
		t.Errorf("locust.py: %v", err)
	}
	if err := p.Drive("sub/shop.py", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if l := p.Target.Locust; l.File != "sub/shop.py" || len(l.Command) != 1 || p.Users != nil || len(p.Routes()) != 0 {
		t.Errorf("%+v, users %v", l, p.Users)
	}
	users := 7
	if err := p.Apply(profile.Change{Users: &users}); err != nil || p.Load.Users != 7 {
		t.Errorf("%v, %d users", err, p.Load.Users)
	}
	driven := withScript(t, byLocust, "x")
	if err := driven.Drive("other.py", []byte("y")); err != nil || driven.Target.Locust.File != "other.py" || len(driven.Target.Locust.Args) != 2 {
		t.Errorf("%v, %+v", err, driven.Target.Locust)
	}
	for _, load := range []string{"{rate: 5}", "{stages: [{users: 5, for: 9s}]}"} {
		p := withScript(t, minimal+"load: "+load+"\n", "")
		if err := p.Drive("shop.py", nil); err == nil || !strings.Contains(err.Error(), "write users and run_time") {
			t.Errorf("load: %s: %v", load, err)
		}
	}
}
