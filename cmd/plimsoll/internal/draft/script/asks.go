package script

// asks reports whether statements would make a request, as far as that can be told without following them: they call a
// function of a library that makes one, or a function of the script that does.
func (m *Machine) asks(s *scope, body []Node) bool {
	a := asker{m: m, seen: map[*Node]bool{}}
	before := len(m.Notes)
	found := a.any(s, body, 0)
	m.Notes = m.Notes[:before]
	return found
}

// Asks reports whether calling a value makes a request.
func (m *Machine) Asks(v Value) bool {
	before := len(m.Notes)
	found := (&asker{m: m, seen: map[*Node]bool{}}).value(v, 0)
	m.Notes = m.Notes[:before]
	return found
}

// asker looks for requests.
type asker struct {
	m    *Machine
	seen map[*Node]bool // bodies of functions, by their first statements
}

func (a *asker) any(s *scope, body []Node, depth int) (found bool) {
	return !walk(body, func(n Node) bool {
		a.m.spend(n.Place())
		call, is := n.(Call)
		if !is {
			return true
		}
		for _, arg := range call.Args {
			if f, is := arg.(Function); is && a.function(s, f, depth) {
				return false
			}
			if f, is := plainly(a.m, s, arg).(*Closure); is && a.value(f, depth) { // given to spawn, say
				return false
			}
		}
		return !a.value(plainly(a.m, s, call.Of), depth)
	})
}

// value reports whether calling a value makes a request.
func (a *asker) value(v Value, depth int) bool {
	switch v := v.(type) {
	case *Native:
		return v.Asks
	case *Closure:
		env := newScope(v.env, true)
		env.this, env.class = v.This, v.Class
		if len(v.Of.Params) > 0 && v.This != nil && !a.m.JS {
			if name, is := v.Of.Params[0].To.(Name); is {
				env.vars[name.ID] = v.This
			}
		}
		return a.function(env, v.Of, depth)
	}
	return false
}

func (a *asker) function(s *scope, f Function, depth int) bool {
	if len(f.Body) == 0 || depth > maxCalls || a.seen[&f.Body[0]] {
		return false
	}
	a.seen[&f.Body[0]] = true
	return a.any(s, f.Body, depth+1)
}

// plainly is the value of a name, or of attributes of one; nil for any other expression, which may do something.
func plainly(m *Machine, s *scope, n Node) Value {
	switch n := n.(type) {
	case Name:
		return m.name(s, n)
	case Attribute:
		of := plainly(m, s, n.Of)
		if _, is := of.(*Object); !is && of == nil {
			return nil
		}
		if o, is := of.(*Object); is { // a property would be followed
			if v, ok := o.Fields.Get(n.Name); ok {
				return v
			}
			if v, class, ok := o.Class.Field(n.Name); ok {
				f, is := v.(*Closure)
				if !is {
					return v
				}
				return &Closure{Of: f.Of, env: f.env, This: o, Class: class}
			}
		}
		return m.Attribute(n.At, of, n.Name)
	}
	return nil
}

// captured is an expression whose first value is kept.
type captured struct {
	At
	of   Node
	into *Value
}
