package scripts_test

import (
	"cmp"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// script is a profile with the service that it loads.
type script struct {
	file  string
	serve func(*service)
	check func(t *testing.T, s *service)
	// wrong are words of the profile that the service does not take: each breaks it alone.
	wrong []wrong
}

// wrong is a text of the profile, what stands in its place, and a part of what is said then: by the service
// that refuses, or by an expectation.
type wrong struct{ text, instead, says string }

// The waits of the scripts are those of people. Here all is faster, and every run is short.
const (
	hurry   = 5000                   // waits
	faster  = 1000                   // what expires
	runTime = 800 * time.Millisecond // at first; what is said of a wrong word ends a run
	rounds  = 2
	// On a busy machine a run may see too little: then it is done again, four times as long.
	tries    = 3
	longer   = 4
	requests = 1000 // that are enough for all that is checked
)

// Every profile does what its script does, and would not if a word of it were wrong.
func TestScripts(t *testing.T) {
	for _, s := range append(locustfiles(), k6Scripts()...) {
		t.Run(s.file, func(t *testing.T) {
			t.Parallel()
			text := read(t, s.file)
			t.Run("as it is", func(t *testing.T) {
				service, r := s.whole(t, text)
				for _, refusal := range service.refusals[:min(3, len(service.refusals))] {
					t.Errorf("the service refused: %s", refusal)
				}
				withoutFailures(t, r)
				s.check(t, service)
			})
			for _, w := range s.wrong {
				t.Run(cmp.Or(w.instead, "without "+w.text), func(t *testing.T) {
					if strings.Count(text, w.text) != 1 {
						t.Fatalf("%q stands %d times in the profile", w.text, strings.Count(text, w.text))
					}
					if said, is := s.broken(t, strings.Replace(text, w.text, w.instead, 1), w.says); !is {
						t.Errorf("with %q for %q nobody says %q: %.1000q", w.instead, w.text, w.says, said)
					}
				})
			}
		})
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// whole loads a service with the profile as it is, for as long as it takes to see enough.
func (s script) whole(t *testing.T, text string) (*service, *result.Result) {
	t.Helper()
	for try, runTime := 1, runTime; ; try, runTime = try+1, longer*runTime {
		service := newService(t)
		r := s.load(t, service, text, runTime)
		var seen int
		for _, routes := range service.seen {
			seen += len(routes)
		}
		if seen >= requests || try == tries || len(service.refusals) > 0 {
			return service, r
		}
	}
}

// broken loads a service with a wrong profile, until somebody says what is wanted.
func (s script) broken(t *testing.T, text, want string) (said []string, is bool) {
	t.Helper()
	for try, runTime := 1, runTime; ; try, runTime = try+1, longer*runTime {
		service := newService(t)
		service.enough = want
		r := s.load(t, service, text, runTime)
		said = append(service.refusals, failuresOf(r)...)
		is = slices.ContainsFunc(said, func(text string) bool { return strings.Contains(text, want) })
		if is || try == tries {
			return said, is
		}
	}
}

// load runs a profile against a service. What is wrong with the profile or the run is a problem of the result.
func (s script) load(t *testing.T, service *service, text string, runTime time.Duration) *result.Result {
	t.Helper()
	service.lifetime = runTime * 3 / 4
	s.serve(service)
	server := httptest.NewServer(service)
	defer server.Close()
	p, problems := profile.Parse(s.file, []byte(text), profile.Surroundings{
		Read: func(path string) ([]byte, error) { return os.ReadFile(filepath.Join("testdata", path)) },
		Env:  func(name string) (string, bool) { return "the " + name, true },
	})
	if err := problems.Err(); err != nil {
		return &result.Result{Problems: []result.Problem{{Text: err.Error()}}}
	}
	p.Target.URL = profile.Template(server.URL)
	shorten(p, runTime)
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		return &result.Result{Problems: []result.Problem{{Text: err.Error()}}}
	}
	r, err := runner.Run(t.Context(), runner.System{Plan: made, Identity: result.Identity{Commit: "0123abc"}}, runner.Config{Stop: service.stop})
	if r == nil {
		r = &result.Result{}
	}
	if err != nil {
		r.Problems = append(r.Problems, result.Problem{Text: err.Error()})
	}
	return r
}

// shorten makes people hurry.
func shorten(p *profile.Profile, runTime time.Duration) {
	p.Load.WarmUp, p.Load.Rounds, p.Load.SpawnRate = 0, rounds, 1000
	p.Load.RunTime = runTime
	var all time.Duration
	for _, stage := range p.Load.Stages {
		all += stage.For
	}
	for i := range p.Load.Stages {
		p.Load.Stages[i].For = time.Duration(float64(p.Load.Stages[i].For) * float64(runTime) / float64(all))
	}
	shorter := func(w *profile.Wait) { w.Min, w.Max, w.Period = w.Min/hurry, w.Max/hurry, w.Period/hurry }
	var steps func([]profile.Step)
	steps = func(all []profile.Step) {
		for _, step := range all {
			if step.Wait != nil {
				shorter(step.Wait)
			}
			steps(step.Steps)
		}
	}
	steps(p.Setup)
	steps(p.Teardown)
	for i := range p.Users {
		u := &p.Users[i]
		shorter(&u.Wait)
		u.Renew /= faster
		steps(u.OnStart)
		steps(u.OnStop)
		for _, task := range u.Tasks {
			steps(task.Steps)
		}
	}
}

// withoutFailures checks that every route was requested, and that nothing failed.
func withoutFailures(t *testing.T, r *result.Result) {
	t.Helper()
	for _, failure := range failuresOf(r) {
		t.Error(failure)
	}
	if len(r.PlannedRoutes) == 0 || len(r.Rounds) != rounds {
		t.Fatalf("%d routes are planned, %d rounds are whole", len(r.PlannedRoutes), len(r.Rounds))
	}
	for _, route := range r.PlannedRoutes {
		if !slices.Contains(r.Routes(), route) {
			t.Errorf("%s was never requested", route)
		}
	}
}

// failuresOf says what a run says of its failures.
func failuresOf(r *result.Result) (said []string) {
	for _, p := range r.Problems {
		if p.Kind != result.Busy && p.Kind != result.Saturated { // this machine is not what is tested
			said = append(said, string(p.Kind)+": "+p.Text)
		}
	}
	for name, route := range r.Tally.Routes {
		for text := range route.Errors {
			said = append(said, fmt.Sprintf("%s: %v", name, text))
		}
	}
	return said
}

// shares checks with a χ² test that things happened as often as their weights say. A true profile fails it
// once in a million.
func shares(t *testing.T, s *service, weights map[string]int) {
	t.Helper()
	var all, sum float64
	for name, weight := range weights {
		all += float64(s.counts[name])
		sum += float64(weight)
	}
	if all < 5*sum { // below, the χ² distribution is no good
		t.Fatalf("only %v of them happened: too few to tell", all)
	}
	var chi2 float64
	for name, weight := range weights {
		want := all * float64(weight) / sum
		chi2 += (float64(s.counts[name]) - want) * (float64(s.counts[name]) - want) / want
	}
	if p := (distuv.ChiSquared{K: float64(len(weights) - 1)}).Survival(chi2); p < 1e-6 {
		t.Errorf("the shares do not follow the weights %v: %v, p = %g", weights, s.counts, p)
	}
}

// cycles checks that each connection that did first did this again and again in this order, after what it began
// with. The last time may break off.
func cycles(t *testing.T, s *service, begin, cycle []string) {
	t.Helper()
	var complete int
	for connection, seen := range s.seen {
		if len(seen) == 0 || seen[0] != begin[0] || len(seen) <= len(begin) {
			continue // of setup, of teardown, or of a user who had hardly begun
		}
		for i, route := range seen {
			want := begin[min(i, len(begin)-1)]
			if i >= len(begin) {
				want = cycle[(i-len(begin))%len(cycle)]
			}
			if route != want {
				t.Errorf("%s: request %d is %s, want %s: %q", connection, i, route, want, seen[:i+1])
				break
			}
		}
		complete += (len(seen) - len(begin)) / len(cycle)
	}
	if complete == 0 {
		t.Errorf("nobody did all of %q", cycle)
	}
}
