package plan

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Check is a condition on a part of a JSON answer.
type Check struct {
	Path    string // GJSON
	Op      profile.Op
	Operand string
	Number  float64 // the operand when it is one
	Numeric bool
	Text    bool           // only a text is equal to it
	Pattern *regexp.Regexp // of profile.Matches
}

// NewCheck resolves a condition that the profile has found good.
func NewCheck(c profile.Condition) Check {
	check := Check{Path: c.Path, Op: c.Op, Operand: c.Operand, Text: c.Text}
	if c.Op == profile.Matches {
		check.Pattern = regexp.MustCompile(c.Operand)
	}
	if !c.Text {
		number, err := strconv.ParseFloat(c.Operand, 64)
		check.Number, check.Numeric = number, err == nil
	}
	return check
}

// String is the condition as a person would say it.
func (c Check) String() string {
	if c.Op == profile.Exists {
		return c.Path + " exists"
	}
	return fmt.Sprintf("%s %s %s", c.Path, c.Op, c.Operand)
}
