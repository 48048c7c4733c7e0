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

// SeriesList is the answer of /api/series: the series among the newest 1,000 runs that fit, the one with the newest run first.
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

// RunList is the answer of /api/runs: runs that fit, the newest first.
type RunList struct {
	Runs []Run  `json:"runs"`
	Next string `json:"next,omitempty"` // the value of after for the next page; empty at the end
}

// Run is a run with its figures: the answer of /api/run/ID, and a part of that of /api/runs.
type Run struct {
	baseline.Info
	Rounds   int                       `json:"rounds"`
	CIRun    string                    `json:"ci_run,omitempty"`
	Figures  map[string]result.Figures `json:"figures"` // by route, "*" for all
	Spread   map[string]result.Spread  `json:"spread,omitempty"`
	Cost     result.RequestCost        `json:"cost,omitzero"`
	Readings map[string]float64        `json:"readings,omitempty"` // only of a single run
}

// runOf is a record as an answer. With a route it has the figures of that one alone.
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

// runs lists runs. If few of many are of an environment, a page has fewer than its limit, and Next goes on nevertheless.
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

// run finds one run. Its summary is read through the indexes of its series: the first runs at its instant, by their IDs.
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
