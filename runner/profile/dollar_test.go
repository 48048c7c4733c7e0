package profile_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// TestDollars puts $ before a variable and before other braces, at all places. The variable is 0.
func TestDollars(t *testing.T) {
	places := map[string]func(string) (string, error){
		"http: 'POST /%s'":                 func(sent string) (string, error) { return url.PathUnescape(sent[1:]) },
		"http: POST /, headers: {X: '%s'}": func(sent string) (string, error) { return sent, nil },
		"http: POST /, body: '%s'":         func(sent string) (string, error) { return sent, nil },
		"http: POST /, form: {x: '%s'}":    func(sent string) (string, error) { return url.QueryUnescape(sent[2:]) },
		"http: POST /, form: {'%s': ''}":   func(sent string) (string, error) { return url.QueryUnescape(strings.TrimSuffix(sent, "=")) },
		"http: POST /, json: '%s'": func(sent string) (string, error) {
			var text any
			err := json.Unmarshal([]byte(sent), &text)
			return fmt.Sprint(text), err
		},
		"http: POST /, json: {'%s': 1}": func(sent string) (string, error) {
			var keys map[string]int
			err := json.Unmarshal([]byte(sent), &keys)
			for key := range keys {
				return key, err
			}
			return "", err
		},
	}
	for text, want := range map[string]string{
		"${user.id}": "0", "$${user.id}": "${user.id}", "$$${user.id}": "$0", "$$$${user.id}": "$${user.id}", "$$$$${user.id}": "$$0",
		"$": "$", "$$": "$$", "$$$x": "$$$x", "a$${": "a${", "$$${user.id}$${user.id}": "$0${user.id}", "${user.id}$$${user.id}": "0$0",
		"{$}": "{$}", "${user.id}{": "0{", "${user.id}$${": "0${", "$5+$$${user.id}$": "$5+$0$",
	} {
		for place, read := range places {
			step := fmt.Sprintf(place, text)
			p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\"}\nusers: [{name: u, tasks: [{"+step+"}]}]"), profile.Surroundings{})
			if len(problems) > 0 {
				t.Errorf("%s: %v", step, problems)
				continue
			}
			made, err := plan.Make(p, plan.Values{})
			if err != nil {
				t.Fatal(err)
			}
			call := made.Calls[0].Content.(*plan.HTTP)
			what := call.Path
			switch {
			case call.Body != nil:
				what = call.Body
			case len(call.Headers) > 0:
				what = call.Headers[0].Value
			}
			sent := string(datagen.New(made).User(0, 0).Append(nil, what))
			if got, err := read(sent); got != want || err != nil {
				t.Errorf("%s: %s is sent, which is %q (%v), want %q", step, sent, got, err, want)
			}
		}
	}
}
