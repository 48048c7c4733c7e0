package message

import (
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Answered compiles an answer of the method.
func (m *Method) Answered(t plan.Tree) (*Template, strict.Problems) {
	c := &compiler{types: m.types}
	nodes := c.whole(t, m.of.Output())
	return &Template{join(nodes)}, c.problems
}
