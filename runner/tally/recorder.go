package tally

import "github.com/plimsoll-ci/plimsoll/runner/hist"

// Recorder counts the samples of known routes, fast enough for the hot path: only a new text of
// an error allocates. Drain turns what it holds into a Tally. Not safe for concurrent use.
type Recorder struct {
	names  []Name
	routes []recorded
}

type recorded struct {
	outcomes          [Dropped + 1]int64
	bytes             int64
	resent            int64
	unfinished        int64
	carried           int64
	some              bool // anything was counted
	response, service hist.Recorder
	errors            errorTexts
}

// NewRecorder counts for the routes of the given names.
func NewRecorder(names []Name) *Recorder {
	return &Recorder{names: names, routes: make([]recorded, len(names))}
}

// Add counts one sample for the i-th route, as Tally.Add does for s.Route, which is not read.
func (r *Recorder) Add(i int, s Sample) {
	route := &r.routes[i]
	route.some = true
	route.bytes += s.BytesReceived
	route.resent += s.Resent
	if s.timed() {
		route.response.Record(s.Response())
		route.service.Record(s.Service())
	}
	if s.Unfinished {
		route.unfinished++
		return
	}
	route.outcomes[s.Class]++
	if s.Class != OK {
		route.errors.add(s.Error, s.seen())
	}
}

// Carry adds to the Carried of the i-th route, in parts of Whole.
func (r *Recorder) Carry(i int, parts int64) {
	r.routes[i].some = true
	r.routes[i].carried += parts
}

// Drain returns the counts, and leaves r empty.
func (r *Recorder) Drain() *Tally {
	t := &Tally{}
	for i := range r.routes {
		counted := &r.routes[i]
		if !counted.some {
			continue
		}
		route := t.route(r.names[i].Route)
		route.Part = r.names[i].Part
		for class, n := range counted.outcomes {
			if n > 0 {
				route.Outcomes[Class(class)] = n
			}
		}
		route.BytesReceived, route.Errors = counted.bytes, counted.errors.seen
		route.Resent, route.Unfinished, route.Carried = counted.resent, counted.unfinished, counted.carried
		counted.response.Drain(&route.Response)
		counted.service.Drain(&route.Service)
		counted.outcomes, counted.bytes, counted.errors = [Dropped + 1]int64{}, 0, errorTexts{}
		counted.resent, counted.unfinished, counted.carried, counted.some = 0, 0, 0, false
	}
	return t
}
