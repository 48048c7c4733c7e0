package graphql

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// correctValues is gqlparser's rule about values, with the bounds of numbers as the specification has them
// (sections 3.5.1 and 3.5.2). The rule itself takes an Int of up to 64 bits, and refuses whole numbers past 64 bits
// also for a Float, an ID or a scalar of the service.
func correctValues(events *core.Events, fail core.AddErrFunc) {
	events.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Definition == nil || v.Definition.Kind != ast.Scalar || v.Kind != ast.IntValue && v.Kind != ast.FloatValue {
			return
		}
		is := v.Definition.Name
		if wrong := outside(v, is); wrong != "" {
			fail(core.Message("%s", wrong), core.At(v.Position))
		} else if is == "String" || is == "Boolean" || v.Kind == ast.FloatValue && (is == "Int" || is == "ID") {
			return // the rule says what is wrong
		}
		v.Raw = "0" // the rule takes that
	})
	rules.ValuesOfCorrectTypeRule.RuleFunc(events, fail)
}

// outside says that a number is past the bounds of a type; empty if it is not.
func outside(v *ast.Value, of string) string {
	switch {
	case of == "Int" && v.Kind == ast.IntValue:
		if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil {
			return v.Raw + " is no Int, which has 32 bits"
		}
	case of == "Float":
		if _, err := strconv.ParseFloat(v.Raw, 64); err != nil {
			return v.Raw + " is no Float, which has 64 bits"
		}
	}
	return ""
}
