package script

// Times is a number of times, drawn between Min and Max.
type Times struct{ Min, Max int }

// loop follows for.
func (m *Machine) loop(s *scope, n For) (way, Value) {
	of := m.eval(s, n.Of)
	inside := s
	if m.JS {
		inside = newScope(s, false)
	}
	once := func(v Value) (way, Value) {
		m.assign(inside, n.To, v, true)
		return m.run(inside, n.Body)
	}
	switch of := of.(type) {
	case *List:
		if of.Of != nil && len(of.Items) > 0 {
			return m.once(n.At, firstItem, func() (way, Value) { return once(of.Items[0]) })
		}
		return m.repeated(n.At, len(of.Items), func(i int) (way, Value) {
			if n.Keys {
				return once(int64(i))
			}
			return once(of.Items[i])
		})
	case *Dict:
		return m.repeated(n.At, len(of.Keys), func(i int) (way, Value) { return once(of.Keys[i]) })
	case *Times:
		steps := m.Record(func() { once(int64(0)) })
		m.repeat(n.At, steps, of.Min, of.Max)
		return onward, nil
	case *Part:
		return m.once(n.At, firstItem, func() (way, Value) { return once(of.at("0")) })
	case *Table:
		return m.once(n.At, "this goes through all rows; the profile takes one row for each task", func() (way, Value) { return once(of.row()) })
	}
	return m.once(n.At, notCounted, func() (way, Value) { return once(unknown(n.At, "the value that the loop goes through")) })
}

const firstItem = "this goes through what an answer holds; the profile takes its first item"

const notCounted = "how often this loop goes round is not known; the profile does it once"

// once follows one round of a loop. If it makes a request, a note says so. What it returns is for a case that may not come.
func (m *Machine) once(at At, note string, round func() (way, Value)) (how way, result Value) {
	steps := m.Record(func() { how, result = round() })
	if len(steps) > 0 {
		m.Note(at, "%s", note)
	}
	for _, s := range steps {
		m.Emit(s)
	}
	if how == raised {
		how = onward
	}
	return afterLoop(how), result
}

func afterLoop(how way) way {
	if how == broken || how == continued {
		return onward
	}
	return how
}

// while follows while.
func (m *Machine) while(s *scope, n While) (way, Value) {
	asked := 0
	holds := func() (is, known bool) {
		asked++
		return m.truth(m.eval(s, n.Test))
	}
	if is, known := holds(); !known || is && endless(n.Test) {
		return m.once(n.At, notCounted, func() (way, Value) { return m.run(s, n.Body) })
	} else if !is {
		return onward, nil
	}
	return m.repeated(n.At, maxRounds, func(i int) (way, Value) {
		if i > 0 {
			if is, known := holds(); !is || !known {
				return broken, nil
			}
		}
		how, result := m.run(s, n.Body)
		if how == onward || how == continued {
			m.run(s, n.After)
		}
		return how, result
	})
}

// maxRounds bounds loops that are followed.
const maxRounds = 10_000

func endless(test Node) bool {
	l, is := test.(Literal)
	if !is {
		return false
	}
	_, isText := l.Value.(string)
	return !isText
}

// repeated follows n rounds of a loop. When their steps are the same, they become one group with repeat.
func (m *Machine) repeated(at At, n int, once func(i int) (way, Value)) (how way, result Value) {
	var rounds [][]*Step
	count, same := 0, true
	for i := range n {
		steps := m.Record(func() { how, result = once(i) })
		if len(steps) == 0 && how == broken {
			how = onward
			break
		}
		rounds = append(rounds, steps)
		count++
		if i > 0 && !sameSteps(rounds[0], steps) {
			same = false
		}
		if how == broken || how == returned || how == raised {
			break
		}
		if same && len(steps) > 0 && i+1 == maxUnroll && n < maxRounds { // the others are taken to be the same
			count = n
			break
		}
		if !same && len(rounds) >= maxUnroll && i+1 < n {
			m.Note(at, "the loop goes round %d times, each time with other requests; the first %d are written", n, maxUnroll)
			break
		}
	}
	if same && count > 1 {
		for _, steps := range rounds[1:] {
			alias(rounds[0], steps)
		}
		m.repeat(at, rounds[0], count, count)
		return afterLoop(how), result
	}
	for _, steps := range rounds {
		for _, step := range steps {
			m.Emit(step)
		}
	}
	return afterLoop(how), result
}

// repeat emits steps that are done several times.
func (m *Machine) repeat(at At, steps []*Step, least, most int) {
	switch {
	case len(steps) == 0 || most < 1:
		return
	case most == 1 && least == 1:
		for _, step := range steps {
			m.Emit(step)
		}
		return
	case len(steps) == 1 && steps[0].Repeat == "" && len(steps[0].If) == 0:
		steps[0].Repeat = timesText(least, most)
		m.Emit(steps[0])
		return
	}
	m.Emit(&Step{At: at, Steps: steps, Repeat: timesText(least, most)})
}
