package result

import (
	"errors"
	"fmt"
)

// MaxLegs is the most legs of a fleet that a result can name.
const MaxLegs = 64

// The sides of a leg.
const (
	BaseSide = "base"
	HeadSide = "head"
)

// Leg is one machine of a fleet: one of several that each measure a share of the pairs of one comparison. A result with a Leg
// is one side of what that machine measured, and is never whole: JoinLegs makes the two sides of all legs.
type Leg struct {
	Index int    `json:"index"`          // from 0
	Of    int    `json:"of"`             // how many legs the fleet has
	Side  string `json:"side,omitempty"` // BaseSide or HeadSide; empty in a joined result
	By    string `json:"by,omitempty"`   // the machine's name
	Pairs int    `json:"pairs"`          // its share: the pairs that must count

	// In a joined result only.
	Rounds int    `json:"rounds,omitempty"` // how many of the rounds are its own
	Starts int    `json:"starts,omitempty"` // how often it started each side
	Lost   string `json:"lost,omitempty"`   // why it has no rounds, in words; empty if it has some
}

// String names the leg for people, who count from 1.
func (l Leg) String() string {
	text := fmt.Sprintf("leg %d of %d", l.Index+1, l.Of)
	if l.By != "" {
		text += " (" + l.By + ")"
	}
	return text
}

// Problem is the reason why one side of a leg cannot be judged.
func (l Leg) Problem() Problem {
	return Problem{PartOnly, fmt.Sprintf("this is %v of a fleet: plimsoll gate --fleet-results judges all legs together", l)}
}

func (l *Leg) validate() error {
	if l == nil {
		return nil
	}
	if l.Of < 1 || l.Of > MaxLegs || l.Index < 0 || l.Index >= l.Of || l.Pairs < 0 || l.Pairs > maxRounds || l.Rounds < 0 || l.Rounds > maxRounds || l.Starts < 0 || l.Starts > maxStarts {
		return fmt.Errorf("impossible leg %d of %d with %d pairs, %d rounds and %d starts", l.Index+1, l.Of, l.Pairs, l.Rounds, l.Starts)
	}
	if l.Side != "" && l.Side != BaseSide && l.Side != HeadSide {
		return fmt.Errorf("a leg has no side %.40q", l.Side)
	}
	return errors.Join(plain("machine of a leg", l.By, maxText), plain("reason of a lost leg", l.Lost, maxURL))
}

// validateLegs checks that the legs of a joined result have its rounds.
func (r *Result) validateLegs() error {
	rounds := 0
	for i := range r.Legs {
		leg := &r.Legs[i]
		if err := leg.validate(); err != nil {
			return err
		}
		if leg.Index != i || leg.Of != len(r.Legs) || leg.Side != "" || leg.Lost != "" && leg.Rounds > 0 {
			return fmt.Errorf("its leg %d is listed as %+v", i+1, *leg)
		}
		rounds += leg.Rounds
	}
	if len(r.Legs) > 0 && (rounds != len(r.Rounds) || r.Leg != nil) {
		return fmt.Errorf("its legs have %d of its %d rounds", rounds, len(r.Rounds))
	}
	return r.Leg.validate()
}
