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

// script is a profile and the service that it loads.
type script struct {
	file  string
	serve func(*service)
	check func(t *testing.T, s *service)
	// wrong are changes to the profile. Each one alone must fail.
	wrong []wrong
}

// wrong replaces a text of the profile by another, and has a part of the failure that follows: the service's
// refusal, or a failed expectation.
type wrong struct{ text, instead, says string }

// The scripts wait as long as people do. The tests shorten the waits, and every run is short.
const (
	hurry   = 5000                   // divides waits
	faster  = 1000                   // renewals of tokens
	runTime = 800 * time.Millisecond // of the first try; with a wrong word, the refusal ends the run
	rounds  = 2
	// On a busy machine a run may send too few requests. The next try is four times as long.
	tries    = 3
	longer   = 4
	requests = 1000 // enough for all checks
)

// Every profile does what its script does, and fails if one of its words is wrong.
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
						t.Fatalf("%q is in the profile %d times, want once", w.text, strings.Count(text, w.text))
					}
					if said, found := s.broken(t, strings.Replace(text, w.text, w.instead, 1), w.says); !found {
						t.Errorf("with %q for %q, no failure contains %q: %.1000q", w.instead, w.text, w.says, said)
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

// whole loads a service with the unchanged profile, until the service has seen enough requests. A busy machine may hold a
// user up until its token has expired, which in the next try lives longer.
func (s script) whole(t *testing.T, text string) (*service, *result.Result) {
	t.Helper()
	for try, runTime := 1, runTime; ; try, runTime = try+1, longer*runTime {
		service := newService(t)
		r := s.load(t, service, text, runTime)
		var seen int
		for _, routes := range service.seen {
			seen += len(routes)
		}
		refused := slices.ContainsFunc(service.refusals, func(text string) bool { return !strings.HasSuffix(text, expired) })
		if refused || try == tries || seen >= requests && len(service.refusals) == 0 {
			return service, r
		}
	}
}

// broken loads a service with a wrong profile, until a refusal or failure has the text that is wanted.
func (s script) broken(t *testing.T, text, want string) (said []string, found bool) {
	t.Helper()
	for try, runTime := 1, runTime; ; try, runTime = try+1, longer*runTime {
		service := newService(t)
		service.enough = want
		r := s.load(t, service, text, runTime)
		said = append(service.refusals, failuresOf(r)...)
		found = slices.ContainsFunc(said, func(text string) bool { return strings.Contains(text, want) })
		if found || try == tries {
			return said, found
		}
	}
}

// expired is the refusal of a token that is too old.
const expired = "the token has expired"

// load runs a profile against a service. Errors of the profile or the run become problems of the result.
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

// shorten makes the load, the waits and the renewals of a profile shorter.
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

// failuresOf lists the problems and error texts of a run.
func failuresOf(r *result.Result) (said []string) {
	for _, p := range r.Problems {
		if p.Kind != result.Busy && p.Kind != result.Saturated { // these are about this machine
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

// shares checks with a χ² test that the counts follow the weights. A correct profile fails once in a million runs.
func shares(t *testing.T, s *service, weights map[string]int) {
	t.Helper()
	var all, sum float64
	for name, weight := range weights {
		all += float64(s.counts[name])
		sum += float64(weight)
	}
	if all < 5*sum { // with fewer, the counts do not follow the χ² distribution
		t.Fatalf("only %v of them were counted: too few to tell", all)
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

// cycles checks the requests of each connection that begins with begin[0]: first begin, and then cycle again and
// again, in this order. The last cycle may be cut off.
func cycles(t *testing.T, s *service, begin, cycle []string) {
	t.Helper()
	var complete int
	for connection, seen := range s.seen {
		if len(seen) == 0 || seen[0] != begin[0] || len(seen) <= len(begin) {
			continue // setup, teardown, or a user who was cut off at the beginning
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
		t.Errorf("no connection completed the cycle %q", cycle)
	}
}
