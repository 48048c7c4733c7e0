package script

// eval follows an expression.
func (m *Machine) eval(s *scope, n Node) Value {
	if n == nil {
		return nil
	}
	m.spend(n.Place())
	switch n := n.(type) {
	case Literal:
		return n.Value
	case Name:
		return m.name(s, n)
	case Join:
		var parts []Value
		for _, p := range n.Parts {
			parts = append(parts, m.eval(s, p))
		}
		return m.concat(parts...)
	case Sequence:
		return &List{Items: m.items(s, n.Items)}
	case Mapping:
		return m.mapping(s, n)
	case Attribute:
		return m.Attribute(n.At, m.eval(s, n.Of), n.Name)
	case Index:
		of, by := m.eval(s, n.Of), m.eval(s, n.By)
		m.hint = hintOf(n.Of)
		return m.index(n.At, of, by)
	case Slice:
		return m.slice(s, n)
	case Call:
		return m.call(s, n)
	case Binary:
		return m.binary(s, n)
	case Unary:
		return m.unary(s, n)
	case Choose:
		return m.choose(s, n)
	case Function:
		return &Closure{Of: n, env: s, This: s.this, Class: s.class}
	case Class:
		return m.class(s, n)
	case Each:
		return m.each(s, n)
	case Assign:
		return m.assigned(s, n)
	case Spread:
		return m.eval(s, n.Of)
	case Unread:
		return unknown(n.At, "%s", n.Why)
	}
	return unknown(n.Place(), "this expression")
}

func (m *Machine) name(s *scope, n Name) Value {
	if v, ok := s.lookup(n.ID); ok {
		return v
	}
	if n.ID == "this" && m.JS {
		return s.this
	}
	if v, ok := m.Host.Library(m, "", n.ID); ok {
		return v
	}
	if v, ok := builtin(m, n.ID); ok {
		return v
	}
	return unknown(n.At, "the value of %s", n.ID)
}

// items follows the items of a list.
func (m *Machine) items(s *scope, nodes []Node) (items []Value) {
	for _, n := range nodes {
		if spread, is := n.(Spread); is {
			switch of := m.eval(s, spread.Of).(type) {
			case *List:
				m.work += len(of.Items) / 10
				items = append(items, of.Items[:min(len(of.Items), max(0, maxTable-len(items)))]...)
			default:
				items = append(items, unknown(n.Place(), "the items of %s", named(of)))
			}
			continue
		}
		items = append(items, m.eval(s, n))
	}
	return items
}

func (m *Machine) mapping(s *scope, n Mapping) Value {
	d := NewDict()
	for i, value := range n.Values {
		if n.Keys[i] == nil {
			if of, is := m.eval(s, value).(*Dict); is {
				for _, key := range of.Keys {
					d.Set(key, of.m[key])
				}
			}
			continue
		}
		by := m.eval(s, n.Keys[i])
		key, ok := m.StringOf(m.text(by))
		name := ""
		switch by := by.(type) {
		case *Closure:
			name = by.Of.Name
		case *ClassOf:
			name = by.Name
		}
		if name != "" {
			if key, ok = name, true; d.Of == nil {
				d.Of = map[string]Value{}
			}
			d.Of[key] = by
		}
		if !ok {
			m.Note(n.At, "a key of this is not known and left out")
			continue
		}
		d.Set(key, m.eval(s, value))
	}
	return d
}

func (m *Machine) assigned(s *scope, n Assign) Value {
	v := m.eval(s, n.Value)
	if n.Op != "" {
		old := m.eval(s, n.To)
		if n.Op == "??" || n.Op == "or" || n.Op == "and" {
			if is, known := m.truth(old); known && is == (n.Op != "and") {
				return old
			}
		} else {
			v = m.operate(n.At, n.Op, old, v)
		}
	}
	m.assign(s, n.To, v, n.Local)
	return v
}

// assign gives a target a value, and takes it apart for several targets.
func (m *Machine) assign(s *scope, to Node, v Value, local bool) {
	switch to := to.(type) {
	case Name:
		if local && m.JS {
			s.vars[to.ID] = v
			return
		}
		s.set(to.ID, v, local)
	case Attribute:
		of := m.eval(s, to.Of)
		switch of.(type) {
		case *Part, *Row:
			m.Note(to.At, changed)
		}
		m.setAttribute(of, to.Name, v)
	case Index:
		of, by := m.eval(s, to.Of), m.eval(s, to.By)
		switch of := of.(type) {
		case *Dict:
			if key, ok := m.StringOf(m.text(by)); ok {
				of.Set(key, v)
			}
		case *Part, *Row:
			m.Note(to.At, changed)
		case *Native:
			if key, ok := m.StringOf(by); ok && of.Set != nil {
				of.Set(key, v)
			}
		case *List:
			if i, ok := Integer(by); ok && i >= 0 && i < len(of.Items) {
				of.Items[i] = v
			} else if ok && i == len(of.Items) && m.JS {
				of.Items = append(of.Items, v)
			}
		}
	case Sequence:
		for i, item := range to.Items {
			if rest, is := item.(Spread); is {
				m.assign(s, rest.Of, m.rest(v, i), local)
				continue
			}
			m.assign(s, item, m.index(to.At, v, int64(i)), local)
		}
	case Mapping:
		for i, target := range to.Values {
			if to.Keys[i] == nil {
				m.assign(s, target.(Spread).Of, v, local)
				continue
			}
			key, _ := m.eval(s, to.Keys[i]).(string)
			m.assign(s, target, m.Attribute(to.At, v, key), local)
		}
	case Assign: // a default
		if v == nil {
			v = m.eval(s, to.Value)
		}
		m.assign(s, to.To, v, local)
	}
}

func (m *Machine) rest(v Value, from int) Value {
	if l, is := v.(*List); is && from <= len(l.Items) {
		return &List{Items: l.Items[from:]}
	}
	return &List{}
}

func (m *Machine) setAttribute(of Value, name string, v Value) {
	switch of := of.(type) {
	case *Object:
		of.Fields.Set(name, v)
	case *ClassOf:
		of.Fields.Set(name, v)
	case *Dict:
		of.Set(name, v)
	case *Native:
		if of.Has == nil {
			of.Has = map[string]Value{}
		}
		of.Has[name] = v
	}
}

// choose follows a choice of two values. One that makes a request is followed as if.
func (m *Machine) choose(s *scope, n Choose) Value {
	then, otherwise := []Node{n.Then}, []Node{n.Else}
	if m.asks(s, then) || m.asks(s, otherwise) {
		return m.chooseRequest(s, If{At: n.At, Test: n.Test, Then: then, Else: otherwise})
	}
	test := m.eval(s, n.Test)
	if tests := asTests(test); tests != nil {
		test = tests
	}
	if is, known := m.truth(test); known {
		if is {
			return m.eval(s, n.Then)
		}
		return m.eval(s, n.Else)
	}
	if tests, is := test.(*Tests); is && tests.ofStatus() && !tests.succeeds() {
		return m.eval(s, n.Else)
	}
	return m.eval(s, n.Then)
}

// chooseRequest follows an expression that makes requests under a condition, and returns the value of the first case.
func (m *Machine) chooseRequest(s *scope, n If) (v Value) {
	capture := func(body []Node) []Node {
		if len(body) == 0 {
			return nil
		}
		return []Node{captured{At: body[0].Place(), of: body[0], into: &v}}
	}
	n.Then, n.Else = capture(n.Then), capture(n.Else)
	m.conditional(s, n, nil)
	return v
}

// each follows a comprehension.
func (m *Machine) each(s *scope, n Each) Value {
	inside := newScope(s, false)
	made, dict := &List{}, NewDict()
	add := func(v Value) {
		m.assign(inside, n.To, v, true)
		if n.Test != nil {
			if is, known := m.truth(m.eval(inside, n.Test)); known && !is {
				return
			}
		}
		value := m.eval(inside, n.What)
		if n.Key != nil {
			if key, ok := m.StringOf(m.text(m.eval(inside, n.Key))); ok {
				dict.Set(key, value)
			}
			return
		}
		made.Items = append(made.Items, value)
	}
	inside.function = true
	switch of := m.eval(s, n.Of).(type) {
	case *List:
		made.Of = of.Of
		for _, item := range of.Items {
			add(item)
		}
	case *Dict:
		for _, key := range of.Keys {
			add(key)
		}
	case *Times:
		if of.Min != of.Max {
			m.Note(n.At, "the script draws how many there are, from %d to %d; the profile has %d", of.Min, of.Max, max(1, of.Min))
		}
		for i := range max(1, of.Min) {
			add(int64(i))
		}
	case *Part:
		m.assign(inside, n.To, of.at("0"), true)
		if n.Key != nil {
			return unknown(n.At, "a mapping made of an answer")
		}
		if n.Test != nil {
			m.Note(n.At, "which items of the answer this takes is not known; the profile takes the first")
		}
		return &List{Items: []Value{m.eval(inside, n.What)}, Of: of}
	case *Table:
		return of
	default:
		return unknown(n.At, "a list made of %s", named(of))
	}
	if n.Key != nil {
		return dict
	}
	return made
}
