package plan

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Condition is a condition on a part of a JSON answer.
type Condition struct {
	Path    string // GJSON
	Op      profile.Op
	Operand string
	Number  float64 // the operand, if Numeric
	Numeric bool
	Text    bool           // only a JSON string can be equal to it
	Pattern *regexp.Regexp // of profile.Matches
}

// NewCondition resolves a condition that the profile has checked.
func NewCondition(c profile.Condition) Condition {
	made := Condition{Path: c.Path, Op: c.Op, Operand: c.Operand, Text: c.Text}
	if c.Op == profile.Matches {
		made.Pattern = regexp.MustCompile(c.Operand)
	}
	if !c.Text {
		number, err := strconv.ParseFloat(c.Operand, 64)
		made.Number, made.Numeric = number, err == nil
	}
	return made
}

// String is the condition for people.
func (c Condition) String() string {
	if c.Op == profile.Exists {
		return c.Path + " exists"
	}
	return fmt.Sprintf("%s %s %s", c.Path, c.Op, c.Operand)
}
