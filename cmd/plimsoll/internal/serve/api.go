package serve

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// SeriesList answers /api/series: the series of the newest 1,000 matching runs, the one with the newest run first.
type SeriesList struct {
	Series []Series `json:"series"`
}

// Series is a series on a branch of a repository.
type Series struct {
	Series     string    `json:"series"`
	Repository string    `json:"repository,omitempty"`
	Branch     string    `json:"branch"`
	Page       string    `json:"page"`
	Newest     time.Time `json:"newest"` // start of the newest run
	Run        string    `json:"run"`    // its ID
	Runs       int       `json:"runs"`   // among those newest ones
}

// RunList answers /api/runs: the matching runs, newest first.
type RunList struct {
	Runs []Run  `json:"runs"`
	Next string `json:"next,omitempty"` // the value of after for the next page; empty at the end
}

// Run is a run with its figures. It answers /api/run/ID, and RunList has one for each run.
type Run struct {
	baseline.Info
	Rounds   int                       `json:"rounds"`
	CIRun    string                    `json:"ci_run,omitempty"`
	Figures  map[string]result.Figures `json:"figures"` // by route, "*" for all
	Spread   map[string]result.Spread  `json:"spread,omitempty"`
	Cost     result.RequestCost        `json:"cost,omitzero"`
	Readings map[string]float64        `json:"readings,omitempty"` // only of a single run
}

// runOf converts a record. With a route, it keeps the figures of that route alone.
func runOf(r baseline.Record, route string) Run {
	s := r.Summary
	run := Run{Info: r.Info, Rounds: s.Rounds, CIRun: s.CIRun, Figures: s.Figures, Spread: s.Spread, Cost: s.Cost}
	if route == "" {
		return run
	}
	run.Figures, run.Spread = map[string]result.Figures{}, map[string]result.Spread{}
	if f, ok := s.Figures[route]; ok {
		run.Figures[route] = f
	}
	if spread, ok := s.Spread[route]; ok {
		run.Spread[route] = spread
	}
	return run
}

// api makes an answer in JSON.
func (s *Server) api(ctx context.Context, at string, q query) (answer, error) {
	var value any
	var err error
	id, isRun := strings.CutPrefix(at, "run/")
	switch {
	case at == "series":
		value, err = s.series(ctx, q)
	case at == "runs":
		value, err = s.runs(ctx, q)
	case isRun && id != "" && len(id) <= maxText:
		value, err = s.run(ctx, id, q.route)
	default:
		err = missing("there are /api/series, /api/runs and /api/run/ID")
	}
	if err != nil {
		return answer{}, err
	}
	return made(".json", func(w io.Writer) error { return json.NewEncoder(w).Encode(value) })
}

func (s *Server) series(ctx context.Context, q query) (SeriesList, error) {
	groups, _, err := s.find(ctx, q)
	list := SeriesList{[]Series{}}
	for _, g := range groups {
		list.Series = append(list.Series, Series{g.Series, g.Repository, g.Branch, "/" + site.Dir + "/" + s.asked.tell(g.Key) + "/index.html", g.newest.Started, g.newest.ID, g.runs})
	}
	return list, err
}

// runs lists runs. A filter by environment may leave a page with fewer runs than its limit; Next still leads on.
func (s *Server) runs(ctx context.Context, q query) (RunList, error) {
	of := baseline.Query{Series: q.Series, Repository: q.Repository, Branch: q.Branch, Limit: q.limit}
	if of.Limit == 0 {
		of.Limit = defaultList
	}
	if q.after != "" {
		last, err := s.Store.Find(ctx, q.after)
		if err != nil {
			return RunList{}, err
		}
		of.After = &last
	}
	isOf := func(info *baseline.Info) bool { return q.Environment == "" || info.Environment == q.Environment }
	records, next, err := s.read(ctx, of, isOf, mostRuns)
	list := RunList{Runs: []Run{}}
	if next != nil {
		list.Next = next.ID
	}
	for _, r := range records {
		list.Runs = append(list.Runs, runOf(r, q.route))
	}
	return list, err
}

// run finds one run. It reads the summary through the series' index: the first runs at that instant, ordered by ID.
func (s *Server) run(ctx context.Context, id, route string) (Run, error) {
	info, err := s.Store.Find(ctx, id)
	if err != nil {
		return Run{}, err
	}
	records, _, err := site.Read(ctx, s.Store, baseline.Query{
		Series: info.Series, Repository: info.Repository, Branch: info.Branch, ProfileDigest: info.ProfileDigest, Environment: info.Environment,
		After: &baseline.Info{Started: info.Started}, Limit: defaultList,
	})
	if err != nil {
		return Run{}, err
	}
	at := slices.IndexFunc(records, func(r baseline.Record) bool { return r.ID == info.ID })
	if at < 0 {
		return Run{}, missing("there is no such run any more")
	}
	run := runOf(records[at], route)
	run.Readings = records[at].Summary.Readings
	return run, nil
}
