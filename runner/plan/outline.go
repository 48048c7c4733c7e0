package plan

import (
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Outline is a gRPC call in the form that can be checked against its method before a run: variables have no values
// yet, and conditions are not compiled. It is nil for a call of another protocol. The profile may have problems
// elsewhere.
func Outline(c *profile.Call) *Call {
	g, ok := c.Content.(*profile.GRPC)
	if !ok || g.Method == "" { // the method has a problem of its own
		return nil
	}
	call := &Call{Save: outlinedSaves(c.Save), Content: &GRPC{
		Method: g.Method, Message: treeOf(g.Message, outlined), Expect: outlinedConditions(g.Expect), Place: g.Place,
	}}
	for _, m := range c.Messages {
		outline := Message{Wait: m.Wait, Sends: m.Sends, Awaits: m.Awaits, Save: outlinedSaves(m.Save)}
		if of, ok := m.Content.(*profile.GRPCMessage); ok {
			outline.Content = &GRPCMessage{
				Send: treeOf(of.Send, outlined), Reply: outlinedConditions(of.Reply), Expect: outlinedConditions(of.Expect), Place: of.Place,
			}
		}
		call.Messages = append(call.Messages, outline)
	}
	return call
}

// outlined is a text whose variables have no values.
func outlined(t profile.Template) (text Text) {
	for _, part := range t.Parts() {
		switch generator, isGenerator, _ := profile.ParseGenerator(part.Variable); {
		case part.Variable == "":
			text = append(text, Part{Literal: part.Literal})
		case isGenerator:
			text = append(text, Part{Kind: Generated, Generator: generator})
		default:
			text = append(text, Part{Kind: Saved})
		}
	}
	return Join(text)
}

func outlinedConditions(conditions []profile.Condition) (made []Condition) {
	for _, c := range conditions {
		made = append(made, Condition{Of: c.Of, Path: c.Path, Op: c.Op, Operand: c.Operand, Place: c.Place})
	}
	return made
}

func outlinedSaves(saves []profile.Save) (made []Save) {
	for _, s := range saves {
		made = append(made, Save{Of: s.Of, Path: s.Path, Place: s.Place})
	}
	return made
}
