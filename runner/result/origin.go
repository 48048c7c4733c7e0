package result

import "errors"

// Origin says which other program measured a result; it is zero for a run of this one. It is outside the ID: the
// profile's digest and the version of the generator keep such results apart from runs of this program, which count
// time from when a request was due. Others count it from when they sent it.
type Origin struct {
	Tool string `json:"tool,omitempty"` // such as k6
	// Summed says that the program told sums, not single requests. The result then has one round, which is the whole
	// load, and no histograms. A quantile that the program did not tell is 0.
	Summed bool `json:"summed,omitempty"`
	// Driven says that this program started the other one as a profile says, and counted its requests itself.
	Driven bool `json:"driven,omitempty"`
}

// Imported reports whether another program measured a result on its own, without a profile of this one.
func (o Origin) Imported() bool { return o.Tool != "" && !o.Driven }

func (o Origin) validate() error {
	switch {
	case o.Summed && o.Tool == "":
		return errors.New("it is made of sums, and does not say whose")
	case o.Driven && (o.Summed || o.Tool == ""):
		return errors.New("another program made its load, and it does not say which, or has only sums")
	}
	return plain("tool that measured it", o.Tool, maxText)
}

// validateSummed checks the tallies of a result that is made of sums.
func (r *Result) validateSummed() error {
	if len(r.Rounds) > 1 || len(r.Rounds) == 1 && r.Rounds[0].Tally != nil || r.WarmUp != nil {
		return errors.New("it is made of sums, and has several rounds, or tallies of them")
	}
	return r.Tally.ValidateCounts()
}
