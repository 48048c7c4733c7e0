package script

// way is how a list of statements ends.
type way uint8

const (
	onward way = iota
	returned
	broken
	continued
	raised
)

// run follows statements.
func (m *Machine) run(s *scope, body []Node) (how way, result Value) {
	if m.JS { // functions are there before the statements
		for _, n := range body {
			switch f := n.(type) {
			case Function:
				m.statement(s, f)
			case Export:
				if inner, is := f.Of.(Function); is && inner.Name != "" {
					m.statement(s, inner)
				}
			}
		}
	}
	for i, n := range body {
		if choice, is := n.(If); is {
			m.spend(n.Place())
			done := false
			if how, result, done = m.conditional(s, choice, body[i+1:]); how != onward || done {
				return how, result
			}
			continue
		}
		if how, result = m.statement(s, n); how != onward {
			if (how == returned || how == raised) && m.asks(s, body[i+1:]) {
				m.Note(body[i+1].Place(), "this is not reached, and its requests are left out")
			}
			return how, result
		}
	}
	return onward, nil
}

// NotRead is the sentence about a statement that a parser passed over.
const NotRead = "this statement is not read: %s"

func (m *Machine) statement(s *scope, n Node) (how way, result Value) {
	m.spend(n.Place())
	switch n := n.(type) {
	case Unread:
		m.Note(n.At, NotRead, n.Why)
	case Block:
		if n.Scope {
			s = newScope(s, false)
		}
		return m.run(s, n.Body)
	case If:
		how, result, _ = m.conditional(s, n, nil)
		return how, result
	case captured:
		if v := m.eval(s, n.of); *n.into == nil {
			*n.into = v
		}
	case For:
		return m.loop(s, n)
	case While:
		return m.while(s, n)
	case Return:
		if n.Value == nil {
			return returned, nil
		}
		return returned, m.eval(s, n.Value)
	case Jump:
		if n.Word == "break" {
			return broken, nil
		}
		return continued, nil
	case Raise:
		m.thrown(s, n)
		return raised, nil
	case Outer:
		s.assignAway(n.Names)
	case With:
		return m.with(s, n)
	case Try:
		return m.try(s, n)
	case Function:
		f := &Closure{Of: n, env: s, This: s.this, Class: s.class}
		s.vars[n.Name] = f
		if len(n.Decorators) > 0 {
			m.decorated(s, f)
		}
	case Class:
		s.vars[n.Name] = m.class(s, n)
	case Import:
		m.importing(s, n)
	case Export:
		m.export(s, n)
	default:
		if u, is := m.eval(s, n).(*Unknown); is && u.Foreign != "" && invokes(n) {
			m.Note(n.Place(), "%s is not followed, and what it does is left out", u.Foreign)
		}
	}
	return onward, nil
}

// thrown lets an exception of a library tell what it does besides ending the task.
func (m *Machine) thrown(s *scope, n Raise) {
	of := n.Value
	if call, is := of.(Call); is {
		of = call.Of
	}
	if exception, is := plainly(m, s, of).(*Native); is && exception.Do != nil && !m.JS {
		m.Call(n.At, exception)
	}
}

// try follows what is tried, and what is done in any case. What is done after a failure is left out.
func (m *Machine) try(s *scope, n Try) (how way, result Value) {
	if how, result = m.run(s, n.Body); how == raised {
		how = onward
	}
	if m.asks(s, n.Caught) {
		m.Note(n.Caught[0].Place(), "the requests for the case that something fails are left out")
	}
	if last, value := m.run(s, n.Last); last != onward {
		return last, value
	}
	return how, result
}

// assignAway marks names as those of the scope around.
func (s *scope) assignAway(names []string) {
	if s.away == nil {
		s.away = map[string]bool{}
	}
	for _, name := range names {
		s.away[name] = true
	}
}

// decorated calls decorators of the user's own on a function outside of a class; those of libraries say nothing here.
func (m *Machine) decorated(s *scope, f *Closure) {
	for _, d := range f.Of.Decorators {
		if _, isCall := d.(Call); isCall {
			m.eval(s, d)
		}
		if a, is := d.(Attribute); is && a.Name == "add_listener" {
			m.Call(f.Of.At, m.eval(s, d), f)
		}
	}
}

func (m *Machine) with(s *scope, n With) (way, Value) {
	of := m.eval(s, n.Of)
	value := of
	if enter := m.ownMethod(n.At, of, "__enter__"); enter != nil {
		value = m.Call(n.At, enter)
	}
	if n.To != nil {
		m.assign(s, n.To, value, true)
	}
	how, result := m.run(s, n.Body)
	if exit := m.ownMethod(n.At, of, "__exit__"); exit != nil {
		m.Call(n.At, exit, nil, nil, nil)
	}
	return how, result
}

// ownMethod is a method of an object of the script's, or of a library; nil when it has none.
func (m *Machine) ownMethod(at At, of Value, name string) Value {
	switch of := of.(type) {
	case *Native:
		return of.Has[name]
	case *Object:
		if f, is := m.objectAttribute(at, of, name).(*Closure); is {
			return f
		}
	}
	return nil
}

func (m *Machine) class(s *scope, n Class) *ClassOf {
	c := &ClassOf{Class: n, Fields: NewDict(), Marks: map[string][]Value{}, env: s}
	for _, base := range n.Bases {
		switch b := m.eval(s, base).(type) {
		case *ClassOf, *Native:
			c.Bases = append(c.Bases, b)
		}
	}
	inside := newScope(s, true)
	inside.class = c
	for _, member := range n.Body {
		switch member := member.(type) {
		case Function:
			var marks []Value
			for _, d := range member.Decorators {
				mark := m.eval(inside, d)
				if _, own := mark.(*Closure); own {
					m.Note(d.Place(), "this decorator is not followed, and what it adds is left out")
				}
				marks = append(marks, mark)
			}
			f := &Closure{Of: member, env: s, Class: c}
			inside.vars[member.Name] = f
			c.Fields.Set(member.Name, f)
			c.Marks[member.Name] = marks
		case Class:
			inner := m.class(inside, member)
			inside.vars[member.Name] = inner
			c.Fields.Set(member.Name, inner)
			for _, d := range member.Decorators {
				c.Marks[member.Name] = append(c.Marks[member.Name], m.eval(inside, d))
			}
		case Assign:
			m.statement(inside, member)
			if to, is := member.To.(Name); is {
				c.Fields.Set(to.ID, inside.vars[to.ID])
			}
		default:
			m.statement(inside, member)
			for name, v := range inside.vars {
				if _, there := c.Fields.Get(name); !there {
					c.Fields.Set(name, v)
				}
			}
		}
	}
	return c
}

// Field is an attribute of a class, or of what it inherits from.
func (c *ClassOf) Field(name string) (v Value, of *ClassOf, ok bool) {
	return c.field(name, 0)
}

func (c *ClassOf) field(name string, depth int) (Value, *ClassOf, bool) {
	if v, ok := c.Fields.Get(name); ok {
		return v, c, true
	}
	for _, b := range c.Bases {
		if base, is := b.(*ClassOf); is && depth < maxCalls {
			if v, of, ok := base.field(name, depth+1); ok {
				return v, of, true
			}
		}
	}
	return nil, nil, false
}

// Inherits reports whether a class is, or inherits from, one of a library with one of these names.
func (c *ClassOf) Inherits(names ...string) bool { return c.inherits(names, 0) }

func (c *ClassOf) inherits(names []string, depth int) bool {
	for _, b := range c.Bases {
		switch b := b.(type) {
		case *Native:
			for _, name := range names {
				if b.Name == name {
					return true
				}
			}
		case *ClassOf:
			if depth < maxCalls && b.inherits(names, depth+1) {
				return true
			}
		}
	}
	return false
}

func (m *Machine) importing(s *scope, n Import) {
	for _, name := range n.Names {
		if name.Name == "*" && name.As == "" {
			if all, ok := m.Host.Library(m, n.From, "*"); ok {
				if module, is := all.(*Native); is {
					for key, v := range module.Has {
						s.vars[key] = v
					}
				}
				continue
			}
			if module := m.imported(n.At, n.From); module != nil {
				for key, v := range module.vars {
					s.vars[key] = v
				}
			} else {
				m.Note(n.At, "the module %s is not read", n.From)
			}
			continue
		}
		if v, ok := m.Host.Library(m, n.From, name.Name); ok {
			s.vars[name.As] = v
			continue
		}
		module := m.imported(n.At, n.From)
		switch {
		case module == nil:
			s.vars[name.As] = &Unknown{At: n.At, Why: name.As + " of the module " + n.From, Foreign: "the module " + n.From}
			m.Note(n.At, "the module %s is not read", n.From)
		case name.Name == "" || name.Name == "*":
			whole := NewDict()
			for key, v := range module.vars {
				whole.Set(key, v)
			}
			s.vars[name.As] = whole
		default:
			v, there := module.vars[name.Name]
			if !there { // from package import module
				if inner := m.imported(n.At, n.From+"."+name.Name); inner != nil && !m.JS {
					whole := NewDict()
					for key, v := range inner.vars {
						whole.Set(key, v)
					}
					v = whole
				}
			}
			s.vars[name.As] = v
		}
	}
}

// defaultExport is the variable that holds what a module exports as default.
const defaultExport = "default"

func (m *Machine) export(s *scope, n Export) {
	if n.From != "" {
		m.importing(s, Import{At: n.At, From: n.From, Names: n.Names})
		return
	}
	for _, name := range n.Names {
		if v, ok := s.lookup(name.Name); ok {
			s.vars[name.As] = v
		}
	}
	if n.Of == nil {
		return
	}
	switch of := n.Of.(type) {
	case Function:
		if of.Name == "" {
			of.Name = defaultExport
		}
		m.statement(s, of)
		if n.Default {
			s.vars[defaultExport] = s.vars[of.Name]
		}
	case Class:
		m.statement(s, of)
		if n.Default {
			s.vars[defaultExport] = s.vars[of.Name]
		}
	default:
		if !n.Default {
			m.statement(s, of)
			return
		}
		s.vars[defaultExport] = m.eval(s, of)
	}
}
