package script

import (
	"slices"
	"strings"
)

// conditional follows an if; rest has the statements after it. A known condition decides the branch. A test of an
// answer's status is followed as if the request succeeded. A condition on a random value, or on one in an answer, makes
// groups. A branch that only leaves is a guard: the step expects the opposite. done reports that rest was followed too.
func (m *Machine) conditional(s *scope, n If, rest []Node) (how way, result Value, done bool) {
	m.asked = ""
	v := m.eval(s, n.Test)
	if is, known := m.truth(v); known {
		how, result = m.settled(s, n, is, rest)
		return how, result, false
	}
	if tests := asTests(v); tests != nil {
		return m.tested(s, n, tests, rest)
	}
	how, result = m.unsure(s, n)
	return how, result, false
}

// settled follows an if whose condition is known. A value that only the environment or a check decides may differ when
// the script runs, so a note names the requests that were left out for it. If only one
// branch fails, it follows the other one: such a branch is for what is missing here.
func (m *Machine) settled(s *scope, n If, is bool, rest []Node) (way, Value) {
	taken, left := n.Then, n.Else
	if !is {
		taken, left = left, taken
	}
	if fails(taken) && !fails(left) { // it is no script that always fails
		taken, left = left, nil
		if !strings.HasSuffix(m.asked, noValue) {
			m.Note(n.At, "this would fail here, for what it asks is not there; the profile goes on as if it did not fail")
		}
	}
	switch {
	case m.asked != "" && m.asks(s, left):
		m.Note(n.At, "this depends on %s; the requests of the other case are left out", m.asked)
	case calls([]Node{n.Test}, "check") && m.asks(s, left):
		m.Note(n.At, "the requests of this branch are for answers that fail a check, and are left out")
	}
	asked := m.asked
	how, result := m.run(s, taken)
	if how != onward && asked != "" && m.asks(s, rest) {
		m.Note(n.At, "this depends on %s; what follows is for the other case, and its requests are left out", asked)
	}
	return how, result
}

// tested follows an if whose condition asks about an answer or a random value. If one branch is the way of success, it
// follows that one, and otherwise both, as groups.
func (m *Machine) tested(s *scope, n If, tests *Tests, rest []Node) (how way, result Value, done bool) {
	if tests.firstTime() {
		m.First = append(m.First, m.Record(func() { m.run(s, n.Then) })...)
		how, result = m.oneWay(s, If{At: n.At, Then: n.Else}, rest)
		return how, result, false
	}
	holds, known := m.onSuccess(s, n, tests)
	switch {
	case known && !holds:
		n.Then, n.Else = n.Else, n.Then
	case known:
	case tests.drawn() || tests.found():
		return m.bothWays(s, n, tests, rest)
	case m.asks(s, n.Then) || m.asks(s, n.Else):
		m.Note(n.At, "a profile cannot ask for this condition; its requests are always made")
	}
	how, result = m.oneWay(s, n, rest)
	return how, result, false
}

// onSuccess tells whether a condition holds for a successful answer, and adds what it expects of that answer. If both
// results are usual, that is not known.
func (m *Machine) onSuccess(s *scope, n If, tests *Tests) (holds, known bool) {
	success := tests.ofStatus() && tests.succeeds()
	failure := tests.ofStatus() && !success
	guards := func(branch []Node) bool { return leaves(branch) && !tests.chosen() && !m.asks(s, branch) }
	switch {
	case failure && accepts(n.Then):
		tests.allow()
		return false, true
	case fails(n.Then), failure && failing(n.Then), !success && guards(n.Then):
		m.Expect(n.At, tests.Not())
		return false, true
	case fails(n.Else), (success || accepts(n.Then)) && failing(n.Else), guards(n.Else):
		m.Expect(n.At, tests)
		m.acceptElse(s, n.Else)
		return true, true
	}
	return success, tests.ofStatus()
}

// acceptElse allows the other statuses that a chain of elif calls a success.
func (m *Machine) acceptElse(s *scope, otherwise []Node) {
	for len(otherwise) == 1 {
		n, is := otherwise[0].(If)
		if !is {
			return
		}
		if accepts(n.Then) && !failing(n.Then) {
			if tests := asTests(m.eval(s, n.Test)); tests != nil && tests.ofStatus() {
				tests.allow()
			}
		}
		otherwise = n.Else
	}
}

// oneWay follows the first branch of an if, and tells what is left out.
func (m *Machine) oneWay(s *scope, n If, rest []Node) (way, Value) {
	if m.asks(s, n.Else) {
		m.Note(n.At, "the requests of the other case of this condition are left out: the profile follows the way of success")
	}
	how, result := m.run(s, n.Then)
	if how != onward && m.asks(s, rest) {
		m.Note(n.At, "what follows this is for the other case; its requests are left out")
	}
	return how, result
}

// bothWays follows both branches of an if. A branch that only leaves has what follows the if as its other branch.
func (m *Machine) bothWays(s *scope, n If, tests *Tests, rest []Node) (how way, result Value, done bool) {
	if !tests.chosen() || !leaves(n.Then) || len(n.Else) > 0 {
		m.branches(s, n.At, tests, n.Then, n.Else)
		return onward, nil, false
	}
	if m.asks(s, n.Then) || m.asks(s, rest) {
		m.branches(s, n.At, tests, n.Then, rest)
		return onward, nil, true
	}
	if how, result = m.run(s, n.Then); result == nil { // a value, or none
		how = onward
	}
	return how, result, false
}

// chosen reports whether the conditions choose between two usual ways: by a random value, or by a value in an answer.
// Asking whether a value exists is no such choice: without it the script cannot go on.
func (t *Tests) chosen() bool {
	return t.drawn() || t.found() && !slices.ContainsFunc(t.All, func(one *Test) bool {
		return !slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, one.Op) || one.Of.(*Part).length || one.With == nil
	})
}

// firstTime reports whether the conditions hold only the first time that a user does a task.
func (t *Tests) firstTime() bool {
	if len(t.All) != 1 || t.All[0].Op != "==" {
		return false
	}
	v, is := t.All[0].Of.(*Var)
	n, ok := Integer(t.All[0].With)
	return is && v.Name == "seq" && ok && n == 0
}

// unsure follows an if whose condition is unknown, and says so if that matters. It avoids a branch that reports a
// failure, or that only leaves; otherwise it takes the first.
func (m *Machine) unsure(s *scope, n If) (way, Value) {
	then, otherwise := m.asks(s, n.Then), m.asks(s, n.Else)
	switch {
	case accepts(n.Then): // that is the way of success
		return m.run(s, n.Then)
	case fails(n.Then):
		m.Note(n.At, "this condition is not understood, and the check that it makes is left out")
		return m.run(s, n.Else)
	case complains(n.Then) && !complains(n.Else), leaves(n.Then) && !then:
		if otherwise || leaves(n.Then) {
			m.Note(n.At, "this condition is not understood; the profile goes on as if it did not hold")
		}
		return m.run(s, n.Else)
	}
	switch {
	case otherwise:
		m.Note(n.At, "whether this condition holds is not known; the profile takes it to hold, and the requests of the other case are left out")
	case then:
		m.Note(n.At, "whether this condition holds is not known; its requests are always made")
	case matters(n.Then) || matters(n.Else):
		m.Note(n.At, "whether this condition holds is not known; the profile takes it to hold")
	}
	how, result := m.run(s, n.Then)
	if how == returned && len(n.Else) == 0 { // leaving early is for what is unusual
		return onward, nil
	}
	return how, result
}

// branches follows both branches of an if into groups.
func (m *Machine) branches(s *scope, at At, tests *Tests, then, otherwise []Node) {
	m.group(at, tests, func() { m.run(s, then) })
	if len(otherwise) > 0 {
		m.group(at, tests.Not(), func() { m.run(s, otherwise) })
	}
}

// group follows do into a group of steps that is done if all tests hold.
func (m *Machine) group(at At, tests *Tests, do func()) {
	depth := len(m.guards)
	m.guards = append(m.guards, tests.All...)
	steps := m.Record(do)
	m.guards = m.guards[:depth]
	if len(steps) == 0 {
		return
	}
	if tests.Or && len(tests.All) > 1 {
		m.Note(at, "a condition that holds when one of several does has no words in a profile; its requests are always made")
		for _, step := range steps {
			m.Emit(step)
		}
		return
	}
	if len(steps) == 1 && len(steps[0].If) == 0 && steps[0].Repeat == "" {
		steps[0].If = tests.All
		m.Emit(steps[0])
		return
	}
	m.Emit(&Step{At: at, Steps: steps, If: tests.All})
}

// fails reports whether every way through a branch says that the request or the task has failed.
func fails(body []Node) bool {
	return slices.ContainsFunc(body, func(n Node) bool {
		switch n := n.(type) {
		case Raise:
			return !n.returns()
		case Block:
			return fails(n.Body)
		case With:
			return fails(n.Body)
		case Try:
			return fails(n.Body) || fails(n.Last)
		case If:
			return fails(n.Then) && fails(n.Else)
		case For, While, Function, Class:
			return false
		}
		return failing([]Node{n})
	})
}

// returns reports whether a statement raises an exception that the library treats as a return, not as a failure.
func (n Raise) returns() bool {
	of := n.Value
	if call, is := of.(Call); is {
		of = call.Of
	}
	switch of := of.(type) {
	case Name:
		return slices.Contains(returning, of.ID)
	case Attribute:
		return slices.Contains(returning, of.Name)
	}
	return false
}

// returning are the exceptions of Locust that end a task or its user without a failure.
var returning = []string{"RescheduleTask", "RescheduleTaskImmediately", "InterruptTaskSet", "StopUser"}

// failing reports whether any way through a branch says that the request or the task has failed.
func failing(body []Node) bool {
	return calls(body, "failure", "fail", "abort", "exit", "_exit", "quit")
}

// leaves reports whether statements end by leaving: the function, the round of a loop, or the task.
func leaves(body []Node) bool {
	if len(body) == 0 {
		return false
	}
	switch last := body[len(body)-1].(type) {
	case Return, Jump, Raise:
		return true
	case Block:
		return leaves(last.Body)
	case Call:
		return calls(body[len(body)-1:], "interrupt", "stop")
	}
	return false
}

// matters reports whether a branch does more than print.
func matters(body []Node) bool {
	return !walk(body, func(n Node) bool {
		switch n.(type) {
		case Assign, Return, Jump, Raise:
			return false
		}
		return true
	})
}

// complains reports whether a branch prints an error.
func complains(body []Node) bool {
	return calls(body, "error", "warning", "warn", "exception", "critical", "interrupt", "stop")
}

// accepts reports whether a branch says that the request has succeeded.
func accepts(body []Node) bool { return calls(body, "success") }
