package script

// follow follows the program of a module. In JavaScript what it puts into module.exports is there as if exported.
func (m *Machine) follow(s *scope, body []Node) {
	if !m.JS {
		m.run(s, body)
		return
	}
	exports := NewDict()
	module := NewDict("exports", exports)
	s.vars["module"], s.vars["exports"] = module, exports
	m.run(s, body)
	switch of := module.m["exports"].(type) {
	case *Dict:
		for _, key := range of.Keys {
			if _, there := s.vars[key]; !there || key == defaultExport {
				s.vars[key] = of.m[key]
			}
		}
	case *Closure, *ClassOf:
		s.vars[defaultExport] = of
	}
}

// Require is a module as CommonJS has it: what it puts into module.exports, or its variables.
func (m *Machine) Require(at At, name string) Value {
	if v, ok := m.Host.Library(m, name, ""); ok {
		return v
	}
	s := m.imported(at, name)
	if s == nil {
		m.Note(at, "the module %s is not read", name)
		return &Unknown{At: at, Why: "the module " + name, Foreign: "the module " + name}
	}
	if module, is := s.vars["module"].(*Dict); is {
		if of, is := module.m["exports"].(*Dict); !is || len(of.Keys) > 0 {
			return module.m["exports"]
		}
	}
	whole := NewDict()
	for key, v := range s.vars {
		whole.Set(key, v)
	}
	return whole
}
