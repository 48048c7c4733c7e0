package runner

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// turns is a meter that counts the edges.
type turns struct {
	t           *testing.T
	reading     bool
	edges       int // of the stretch
	stopped     bool
	latest, all int
}

func (m *turns) begin() {
	if m.reading {
		m.t.Error("two stretches at once")
	}
	m.reading, m.edges, m.stopped = true, 0, false
}

func (m *turns) edge(i int) {
	if !m.reading || m.stopped || i != m.edges {
		m.t.Errorf("edge %d after %d edges", i, m.edges)
	}
	m.edges++
}

func (m *turns) stop() { m.stopped = true }

func (m *turns) end(*load.Stretch) {
	if m.reading = false; m.edges > 0 != m.stopped {
		m.t.Errorf("%d edges, and the end was told: %v", m.edges, m.stopped)
	}
	if m.stopped {
		m.latest += m.edges
	}
}

func (m *turns) round(i int, r *result.Round) {
	r.Readings = map[string]float64{"turns": float64(m.latest), "round": float64(i)}
}

func (m *turns) whole(*result.Result) { m.all, m.latest = m.all+m.latest, 0 }

// A further meter is read around the judged time of every stretch, not in the warm-up. Its readings are in
// the round of the stretch.
func TestMeters(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	parsed, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \""+s.URL+"\"}\nload: {users: 2, spawn_rate: 100, warm_up: 50ms, run_time: 10s}\n"+
		"users: [{name: u, wait: 5ms..15ms, tasks: [{http: GET /}]}]"), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(parsed, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	p := newPairing(made, Pairing{RoundLength: 90 * time.Millisecond, Stretches: 3, Rounds: 2})
	defer p.close(t.Context())
	if err := p.prepare(t.Context(), System{Name: "base", Plan: made}, System{Name: "head", Plan: made}); err != nil {
		t.Fatal(err)
	}
	var more [2]*turns
	for i, y := range p.sides {
		more[i] = &turns{t: t}
		y.meters = append(y.meters, more[i])
	}
	if halt := p.run(t.Context()); halt != nil {
		t.Fatal(halt.err)
	}
	for i, y := range p.sides {
		if y.result.Rounds[0].Readings["turns"] != 3 || y.result.Rounds[1].Readings["turns"] != 3 || more[i].all != 6 || y.result.Generator.Cores == 0 {
			t.Errorf("side %d: %d readings, %+v", i, more[i].all, y.result.Rounds)
		}
	}
}
