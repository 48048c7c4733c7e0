package scripttest

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Files are the files of a script, by their paths.
type Files map[string]string

// Open opens a file of the script.
func (f Files) Open(name string) ([]byte, error) {
	if text, ok := f[path.Clean(name)]; ok {
		return []byte(text), nil
	}
	return nil, fs.ErrNotExist
}

// env is the environment of a run: each variable has a value that begins with its name.
func env(name string) (string, bool) { return name + "-value", true }

// Parse reads the profile of a draft.
func Parse(t testing.TB, d *draft.Draft, files Files) *profile.Profile {
	t.Helper()
	if d.Name == "" {
		d.Name = "script"
	}
	if d.URL == "" {
		d.URL = "http://127.0.0.1:1"
	}
	p, problems := profile.Parse("plimsoll.yaml", []byte(d.YAML()), profile.Surroundings{Env: env, Read: func(name string) ([]byte, error) {
		for _, f := range d.Files {
			if f.Path == name {
				return f.Content, nil
			}
		}
		return files.Open(name)
	}})
	if err := problems.Err(); err != nil {
		t.Fatalf("the profile is refused: %v\n%s", err, d.YAML())
	}
	return p
}

// Bounds of a run.
const (
	runTime = 300 * time.Millisecond
	longest = 2 * time.Millisecond // of waits
	tries   = 4                    // a busy machine may make too few requests, so each next run is longer
)

// Run loads a service with the profile of a draft. The service must take all requests, and see all that it has rules for.
func Run(t testing.TB, d *draft.Draft, files Files, rules string) {
	t.Helper()
	var unused []string
	for try := range tries {
		p := Parse(t, d, files)
		s := newService(t, rules)
		r, err := load(t, p, s, runTime<<(2*try))
		for _, refusal := range s.Refusals()[:min(3, len(s.Refusals()))] {
			t.Errorf("the service refused %s\n%s", refusal, d.YAML())
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, d.YAML())
		}
		failed := failures(r)
		for _, failure := range failed[:min(3, len(failed))] {
			t.Errorf("a request failed: %s\n%s", failure, d.YAML())
		}
		if unused = s.Unused(); len(unused) == 0 || t.Failed() {
			return
		}
	}
	t.Errorf("nobody sent %s\n%s", strings.Join(unused, ", "), d.YAML())
}

// failures are the failures of a run, those aside that are about this machine.
func failures(r *result.Result) (texts []string) {
	for _, p := range r.Problems {
		if p.Kind != result.Busy && p.Kind != result.Saturated {
			texts = append(texts, p.Text)
		}
	}
	for name, route := range r.Tally.Routes {
		for text := range route.Errors {
			texts = append(texts, fmt.Sprintf("%s: %v", name, text))
		}
	}
	return texts
}

// load runs a profile with short waits.
func load(t testing.TB, p *profile.Profile, s *Service, span time.Duration) (*result.Result, error) {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	p.Target.URL = profile.Template(server.URL + pathOf(string(p.Target.URL)))
	users := 3
	for i := range p.Users {
		u := &p.Users[i]
		u.Weight, u.Fixed = max(u.Weight, 1), 0
		shorten(&u.Wait)
		for _, list := range append([][]profile.Step{u.OnStart, u.OnStop}, tasks(u)...) {
			hurry(list)
		}
		users++
	}
	hurry(p.Setup)
	p.Load = profile.Load{Users: users, SpawnRate: 1000, RunTime: span, Rounds: 1, Seed: 1, StopWithin: 10 * time.Second, Arrivals: profile.Constant, MaxInFlight: 100}
	p.Limits = profile.Limits{}
	made, err := plan.Make(p, plan.Values{Env: env})
	if err != nil {
		return nil, err
	}
	r, err := runner.Run(t.Context(), runner.System{Plan: made, Identity: result.Identity{Commit: "0123abc"}}, runner.Config{})
	if r == nil && err == nil {
		err = errors.New("there is no result")
	}
	return r, err
}

func pathOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	_, below, found := strings.Cut(rest, "/")
	if !found || below == "" {
		return ""
	}
	return "/" + below
}

func tasks(u *profile.Behaviour) (lists [][]profile.Step) {
	for _, t := range u.Tasks {
		lists = append(lists, t.Steps)
	}
	return lists
}

// hurry shortens waits of steps.
func hurry(steps []profile.Step) {
	for i := range steps {
		if steps[i].Wait != nil {
			shorten(steps[i].Wait)
		}
		hurry(steps[i].Steps)
	}
}

func shorten(w *profile.Wait) {
	w.Min, w.Max = min(w.Min, longest), min(w.Max, longest)
	w.Period = min(w.Period, longest)
}
