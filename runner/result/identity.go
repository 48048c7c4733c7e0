package result

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// ID names the run: 64 hexadecimal digits, a hash of identityV1 alone. A result, its compact form and a copy
// of its file have the same ID. Computing it takes well under a millisecond; a Summary or a record of a
// store has it already.
func (r *Result) ID() string {
	var c canon
	r.identityV1(&c)
	sum := sha256.Sum256(c.bytes)
	return hex.EncodeToString(sum[:])
}

// identityV1 writes the fields that identify a run, in an order that never changes. A new field of Result
// changes no ID unless it is added here. Left out on purpose:
//
//   - Branch, which only says where a run is filed.
//   - Tallies. Their histograms are rounded in a Compact Result, and compressed by a library.
//   - Readings, Watch, Timeline, Groups, Part, Shards, Leg, Legs, Load, Generator, the planned routes, and the kernel and the load of the
//     machine: they only accompany the figures.
//   - The texts of Problems: sentences may be rewritten.
func (r *Result) identityV1(c *canon) {
	c.text("plimsoll run 1")
	for _, text := range []string{r.Series, r.Repository, r.Commit, r.ProfileDigest, r.Target, r.Tool, r.CIRun, r.PairSeed} {
		c.text(text)
	}
	c.bool(r.Dirty)
	c.number(int64(r.Users))
	c.instant(r.Started)
	c.instant(r.Finished)
	e := r.Environment
	for _, text := range []string{e.OS, e.Arch, e.CPUModel, e.Runner, e.ToolMajor, e.Proxy} {
		c.text(text)
	}
	c.number(int64(e.CPUCores))
	c.number(int64(e.MemoryGiB))
	c.number(int64(r.Starts))
	c.number(int64(r.PlannedRounds))
	c.number(int64(len(r.Problems)))
	for _, p := range r.Problems {
		c.text(string(p.Kind))
	}
	c.number(int64(len(r.Control)))
	for _, f := range r.Control {
		c.figures(f)
	}
	c.number(int64(len(r.Rounds)))
	for i := range r.Rounds {
		c.round(&r.Rounds[i])
	}
	if e.CPULimit > 0 || e.MemoryLimit > 0 { // last, and only if set: runs without a limit keep their IDs
		c.text("limits")
		c.float(e.CPULimit)
		c.number(e.MemoryLimit)
	}
	c.costs(r.Rounds)
}

// canon collects values as bytes. Different values never give the same bytes: a text follows its length, a
// list follows its number of elements, and a number takes 8 bytes.
type canon struct{ bytes []byte }

func (c *canon) text(s string) {
	c.number(int64(len(s)))
	c.bytes = append(c.bytes, s...)
}

func (c *canon) number(n int64) { c.bytes = binary.BigEndian.AppendUint64(c.bytes, uint64(n)) }

func (c *canon) float(f float64) { c.number(int64(math.Float64bits(f))) }

func (c *canon) bool(b bool) {
	var n int64
	if b {
		n = 1
	}
	c.number(n)
}

// instant does not depend on the time zone.
func (c *canon) instant(t time.Time) {
	c.number(t.Unix())
	c.number(int64(t.Nanosecond()))
}

func (c *canon) figures(f Figures) {
	for _, n := range []int64{f.Requests, f.Failures, int64(f.P50), int64(f.P95), int64(f.P99)} {
		c.number(n)
	}
	c.float(f.Throughput)
}

func (c *canon) round(r *Round) {
	c.number(int64(r.Start))
	c.number(int64(r.Length))
	c.bool(r.Second)
	c.number(int64(r.Lag))
	c.float(r.Steal)
	c.float(r.CPUShare)
	c.figures(r.Total)
	c.number(int64(len(r.Figures)))
	for _, route := range slices.Sorted(maps.Keys(r.Figures)) {
		c.text(route)
		c.figures(r.Figures[route])
	}
}

// costs writes the costs of rounds, if any has one: runs without a cost keep their IDs.
func (c *canon) costs(rounds []Round) {
	if !slices.ContainsFunc(rounds, func(r Round) bool { return r.Cost != nil }) {
		return
	}
	c.text("costs")
	for i := range rounds {
		c.number(int64(rounds[i].Process))
		cost := rounds[i].Cost
		c.bool(cost != nil)
		if cost == nil {
			continue
		}
		for _, n := range []int64{cost.Requests, int64(cost.CPU), int64(cost.Idle), cost.Cycles, cost.Instructions} {
			c.number(n)
		}
		c.bool(cost.Unsettled)
	}
}

// isID reports whether a text has the form of an ID.
func isID(text string) bool {
	digits, err := hex.DecodeString(text)
	return err == nil && len(digits) == sha256.Size && text == hex.EncodeToString(digits)
}

// shortID is the number of digits that tell the runs of one series apart.
const shortID = 12

// ShortID is the beginning of ID, enough to tell the runs of one series apart.
func (r *Result) ShortID() string { return r.ID()[:shortID] }

// String names the run in a sentence.
func (r *Result) String() string {
	return fmt.Sprintf("%s of %s", r.ShortID(), r.Started.UTC().Format(time.RFC3339))
}
