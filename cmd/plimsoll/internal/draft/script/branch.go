package script

import "slices"

// conditional follows if. What is known decides; a test of an answer's status is followed the way of success; what is
// drawn, or found in an answer, makes groups.
func (m *Machine) conditional(s *scope, n If) (way, Value) {
	v := m.eval(s, n.Test)
	if tests := asTests(v); tests != nil {
		v = tests
	}
	if is, known := m.truth(v); known {
		if is {
			return m.run(s, n.Then)
		}
		return m.run(s, n.Else)
	}
	tests, is := v.(*Tests)
	if !is {
		return m.unsure(s, n)
	}
	switch {
	case tests.firstTime():
		m.First = append(m.First, m.Record(func() { m.run(s, n.Then) })...)
		return m.run(s, n.Else)
	case fails(n.Then):
		m.Expect(n.At, tests.Not())
		return m.run(s, n.Else)
	case fails(n.Else):
		m.Expect(n.At, tests)
		return m.run(s, n.Then)
	case tests.ofStatus():
		if tests.succeeds() {
			return m.run(s, n.Then)
		}
		if accepts(n.Then) {
			tests.allow()
		}
		return m.run(s, n.Else)
	case tests.drawn() || tests.found():
		m.branches(s, n.At, tests, n.Then, n.Else)
		return onward, nil
	}
	return m.run(s, n.Then)
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

// unsure follows an if whose condition is unknown. It avoids a branch that reports a failure; otherwise it takes the first.
func (m *Machine) unsure(s *scope, n If) (way, Value) {
	if fails(n.Then) || complains(n.Then) && !complains(n.Else) {
		return m.run(s, n.Else)
	}
	if accepts(n.Then) { // that is the way of success
		return m.run(s, n.Then)
	}
	var how way
	var result Value
	steps := m.Record(func() { how, result = m.run(s, n.Then) })
	if len(steps) > 0 {
		m.Note(n.At, "whether this condition holds is not known; its requests are always made")
	}
	for _, step := range steps {
		m.Emit(step)
	}
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

// walk calls yield for a statement or expression of a body and those below, but not into functions.
func walk(body []Node, yield func(Node) bool) bool {
	return !slices.ContainsFunc(body, func(n Node) bool {
		if n == nil || !yield(n) {
			return n != nil
		}
		return !walk(children(n), yield)
	})
}

// children are the nodes right below, as far as a search for calls needs them.
func children(n Node) []Node {
	switch n := n.(type) {
	case Block:
		return n.Body
	case If:
		return append(slices.Clone(n.Then), n.Else...)
	case Call:
		return append([]Node{n.Of}, n.Args...)
	case Assign:
		return []Node{n.Value}
	case With:
		return append([]Node{n.Of}, n.Body...)
	case Try:
		return append(slices.Clone(n.Body), n.Last...)
	case For:
		return n.Body
	case While:
		return n.Body
	case Attribute:
		return []Node{n.Of}
	case Return:
		if n.Value != nil {
			return []Node{n.Value}
		}
	}
	return nil
}

// calls reports whether a body calls one of these, as a function or as a method.
func calls(body []Node, names ...string) bool {
	return !walk(body, func(n Node) bool {
		call, is := n.(Call)
		if !is {
			return true
		}
		switch of := call.Of.(type) {
		case Name:
			return !slices.Contains(names, of.ID)
		case Attribute:
			return !slices.Contains(names, of.Name)
		}
		return true
	})
}

// fails reports whether a branch says that the request, or the task, has failed.
func fails(body []Node) bool {
	if calls(body, "failure", "fail") {
		return true
	}
	return slices.ContainsFunc(body, func(n Node) bool {
		switch n := n.(type) {
		case Raise:
			return true
		case Block:
			return fails(n.Body)
		}
		return false
	})
}

// complains reports whether a branch prints an error.
func complains(body []Node) bool {
	return calls(body, "error", "warning", "warn", "exception", "critical", "interrupt", "abort", "exit")
}

// accepts reports whether a branch says that the request has succeeded.
func accepts(body []Node) bool { return calls(body, "success") }
