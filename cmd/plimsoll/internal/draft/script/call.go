package script

// Invocation is a call of a function of a library.
type Invocation struct {
	M     *Machine
	At    At
	Args  []Value
	Named *Dict
	Made  bool     // new f(x)
	Hints []string // names of the arguments, where they are variables
}

// Arg is an argument by its position or its name; nil when it is left out.
func (c *Invocation) Arg(i int, name string) Value {
	if v, ok := c.Named.Get(name); ok && name != "" {
		return v
	}
	if i >= 0 && i < len(c.Args) {
		return c.Args[i]
	}
	return nil
}

// Text is an argument that is a known text.
func (c *Invocation) Text(i int, name string) string {
	s, _ := c.M.StringOf(c.Arg(i, name))
	return s
}

func (m *Machine) call(s *scope, n Call) Value {
	var of Value
	if a, is := n.Of.(Attribute); is {
		if name, isName := a.Of.(Name); isName && name.ID == "super" && m.JS {
			of = m.super(s, a.Name)
		} else {
			of = m.Attribute(a.At, m.eval(s, a.Of), a.Name)
		}
	} else if name, is := n.Of.(Name); is && name.ID == "super" {
		if m.JS {
			of = m.super(s, "constructor")
		} else {
			return &superOf{s}
		}
	} else {
		of = m.eval(s, n.Of)
	}
	c := &Invocation{M: m, At: n.At, Named: NewDict(), Made: n.Made, Args: m.items(s, n.Args)}
	for _, a := range n.Args {
		c.Hints = append(c.Hints, hintOf(a))
	}
	for _, named := range n.Named {
		v := m.eval(s, named.Value)
		if named.Name != "" {
			c.Named.Set(named.Name, v)
			continue
		}
		if d, is := v.(*Dict); is {
			for _, key := range d.Keys {
				c.Named.Set(key, d.m[key])
			}
		}
	}
	return m.invoke(of, c)
}

// superOf is super() of Python: attributes come from the classes that a class inherits from.
type superOf struct{ in *scope }

// Super returns an object's attribute from the library, even if its own class overrides it.
type Super struct{ Of Value }

// super is a function of the classes that the class of a scope inherits from, for its object.
func (m *Machine) super(s *scope, name string) Value {
	if s.class == nil {
		return nil
	}
	for _, b := range s.class.Bases {
		if base, is := b.(*ClassOf); is {
			if v, of, ok := base.Field(name); ok {
				if f, is := v.(*Closure); is {
					return &Closure{Of: f.Of, env: f.env, This: s.this, Class: of}
				}
				return v
			}
		}
	}
	return &Native{Name: name, Do: func(*Invocation) Value { return nil }}
}

// Call calls a value with arguments.
func (m *Machine) Call(at At, of Value, args ...Value) Value {
	return m.invoke(of, &Invocation{M: m, At: at, Args: args, Named: NewDict()})
}

func (m *Machine) invoke(of Value, c *Invocation) Value {
	switch of := of.(type) {
	case *Native:
		if of.Do == nil {
			if m.given(of.Name, c) {
				return unknown(c.At, "the result of %s", of.Name)
			}
			return &Unknown{At: c.At, Why: "the result of " + of.Name, Foreign: of.Name}
		}
		return of.Do(c)
	case *Closure:
		return m.enter(of, c)
	case *ClassOf:
		return m.construct(of, c)
	case *Unknown:
		if m.given("this call", c) {
			return unknown(c.At, "the result of this call")
		}
		return of
	}
	m.given("this call", c)
	return unknown(c.At, "the result of this call")
}

// given follows functions that make requests and that are given to a function which is not known. It reports whether
// there are any.
func (m *Machine) given(to string, c *Invocation) (followed bool) {
	follow := func(v Value, args []Value) {
		if f, is := v.(*Closure); is && m.Asks(f) {
			m.Note(c.At, "what %s does is not known; the function that it is given is followed once", to)
			m.enter(f, &Invocation{M: m, At: c.At, Args: args, Named: NewDict()})
			followed = true
		}
	}
	for i, arg := range c.Args {
		follow(arg, c.Args[i+1:])
	}
	for _, key := range c.Named.keys() {
		follow(c.Named.m[key], nil)
	}
	return followed
}

// enter follows a function of the script.
func (m *Machine) enter(f *Closure, c *Invocation) Value {
	if m.calls++; m.calls > maxCalls {
		m.calls--
		return unknown(c.At, "the result of %s, which calls itself", f.Of.Name)
	}
	defer func() { m.calls-- }()
	s := newScope(f.env, true)
	s.this, s.class = f.This, f.Class
	args := c.Args
	if f.This != nil && f.Class != nil && !m.JS && !m.static(f) {
		args = append([]Value{f.This}, args...)
	}
	taken := map[string]bool{}
	for i, p := range f.Of.Params {
		name, _ := p.To.(Name)
		switch {
		case p.Named:
			rest := NewDict()
			for _, key := range c.Named.Keys {
				if !taken[key] {
					rest.Set(key, c.Named.m[key])
				}
			}
			m.assign(s, p.To, rest, true)
			continue
		case p.Rest:
			m.assign(s, p.To, &List{Items: append([]Value{}, args[min(i, len(args)):]...)}, true)
			continue
		}
		taken[name.ID] = true
		v, there := c.Named.Get(name.ID)
		if !there && i < len(args) {
			v, there = args[i], true
		}
		if (!there || v == nil && m.JS) && p.Default != nil {
			v = m.eval(s, p.Default)
		}
		m.assign(s, p.To, v, true)
	}
	how, result := m.run(s, f.Of.Body)
	if how != returned {
		return nil
	}
	return result
}

// static reports whether a method gets no self.
func (m *Machine) static(f *Closure) bool {
	for _, d := range f.Of.Decorators {
		if name, is := d.(Name); is && name.ID == "staticmethod" {
			return true
		}
	}
	return false
}

func (m *Machine) construct(of *ClassOf, c *Invocation) Value {
	object := &Object{Class: of, Fields: NewDict()}
	name := "__init__"
	if m.JS {
		name = "constructor"
	}
	if v, class, ok := of.Field(name); ok {
		if f, is := v.(*Closure); is {
			m.enter(&Closure{Of: f.Of, env: f.env, This: object, Class: class}, c)
		}
	} else if !m.JS { // a dataclass
		for i, field := range of.Fields.Keys {
			if v := c.Arg(i, field); v != nil {
				object.Fields.Set(field, v)
			}
		}
		for _, key := range c.Named.Keys {
			object.Fields.Set(key, c.Named.m[key])
		}
	}
	return object
}
