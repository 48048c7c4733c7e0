// Package script follows load scripts without running them.
//
// A program comes in as a tree (Module), which draft/python and draft/k6 make of Python and of JavaScript. A Machine
// follows it as if it ran once: it keeps values that are known, draws nothing, and turns calls of a library (Host)
// into Steps. What a request sends may hold variables of the profile: numbers and rows that a script draws, and
// parts of earlier answers, which become save. Where a condition asks about an answer, the machine follows the way
// of success. Where it asks about something drawn, or about a part of an answer, the steps become a group with if.
// A loop whose steps are the same each time becomes repeat.
//
// It sends nothing, opens files only through a function, and ends after a bounded number of statements. What it
// cannot follow becomes a Note with its line. Not safe for concurrent use.
package script

import (
	"fmt"
	"slices"
)

// Bounds of what is followed.
const (
	maxWork   = 300_000 // expressions and statements
	maxCalls  = 40      // functions in functions
	maxUnroll = 20      // times that a loop is written out
	maxSteps  = 2_000   // steps in all
)

// Host is the library that a script calls.
type Host interface {
	// Library returns a module of a library, or what one is called in it. It is not ok for a module of the user's.
	Library(m *Machine, module, name string) (v Value, ok bool)
	// Source returns the program of a module of the user's, and its path.
	Source(from, module string) (path string, body []Node, ok bool)
	// Attribute returns an attribute of a value that the language itself does not know.
	Attribute(m *Machine, at At, of Value, name string) (v Value, ok bool)
}

// Note is a sentence about a line of the script.
type Note struct {
	At
	Text string
}

// Machine follows a script.
type Machine struct {
	Host   Host
	JS     bool // JavaScript, and not Python
	Notes  []Note
	Tables []*Table
	First  []*Step // what is done only in the first iteration of a user

	out     *[]*Step
	draws   map[string]int // of the task that is followed: how often a list was drawn from
	work    int
	calls   int
	steps   int
	modules map[string]*scope
	globals *scope
	guards  []*Test // what holds where the machine is
	hint    string  // the name of the list that is indexed
	asked   string  // what the last condition asked for, a variable or a file, that is not here

	builtins map[string]func(c *Invocation) Value
	methods  map[string]func(s string, c *Invocation) Value
}

// New makes a machine for programs of one language.
func New(host Host, js bool) *Machine {
	return &Machine{Host: host, JS: js, modules: map[string]*scope{}, draws: map[string]int{}, builtins: builtins(), methods: textMethods()}
}

// scope holds variables.
type scope struct {
	vars     map[string]Value
	outer    *scope
	function bool // of a function or a module: where Python makes variables
	away     map[string]bool
	this     Value
	class    *ClassOf
	file     string
}

func (s *scope) lookup(name string) (Value, bool) {
	for ; s != nil; s = s.outer {
		if v, ok := s.vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

// set gives a variable a value: where it is, or here if it is local.
func (s *scope) set(name string, v Value, local bool) {
	if local {
		at := s
		for at.outer != nil && !at.function {
			if _, there := at.vars[name]; there {
				break
			}
			at = at.outer
		}
		if !at.away[name] {
			at.vars[name] = v
			return
		}
		s = at.outer
	}
	for at := s; at != nil; at = at.outer {
		if _, there := at.vars[name]; there || at.outer == nil {
			at.vars[name] = v
			return
		}
	}
}

func newScope(outer *scope, function bool) *scope {
	s := &scope{vars: map[string]Value{}, outer: outer, function: function}
	if outer != nil {
		s.this, s.class, s.file = outer.this, outer.class, outer.file
	}
	return s
}

// Note adds a sentence about a place, once.
func (m *Machine) Note(at At, format string, args ...any) {
	n := Note{at, fmt.Sprintf(format, args...)}
	if !slices.Contains(m.Notes, n) {
		m.Notes = append(m.Notes, n)
	}
}

// unknown is a value that is not known.
func unknown(at At, format string, args ...any) *Unknown {
	return &Unknown{At: at, Why: fmt.Sprintf(format, args...)}
}

// Module follows a program, and keeps its variables.
func (m *Machine) Module(path string, body []Node) {
	s := newScope(nil, true)
	s.file = path
	m.globals = s
	m.modules[path] = s
	m.follow(s, body)
}

// Global returns a variable of the program.
func (m *Machine) Global(name string) (Value, bool) { return m.globals.lookup(name) }

// Globals are the variables of the program and of the modules that it imports whole, in no order.
func (m *Machine) Globals() map[string]Value { return m.globals.vars }

// Record follows what do does, and returns its steps.
func (m *Machine) Record(do func()) []*Step {
	before := m.out
	var steps []*Step
	m.out = &steps
	do()
	m.out = before
	return steps
}

// Depend says what a condition depends on that is not here, such as: users.csv, which is not beside the script.
func (m *Machine) Depend(on string) { m.asked = on }

// noValue ends what a condition depends on if that is a variable of the environment.
const noValue = ", which has no value here"

// Forget takes the variables that a function sets outside of itself for unknown, because it runs when nobody can tell.
// Those that have a value already keep it.
func (m *Machine) Forget(v Value, why string) {
	f, is := v.(*Closure)
	if !is {
		return
	}
	walk(f.Of.Body, func(n Node) bool {
		if outer, is := n.(Outer); is {
			for _, name := range outer.Names {
				if v, there := f.env.lookup(name); there && v == nil {
					f.env.set(name, unknown(outer.At, "%s", why), false)
				}
			}
		}
		return true
	})
}

// Task begins a new task: it draws new rows.
func (m *Machine) Task() { m.draws = map[string]int{} }

// Emit adds a step. Outside of a Record it is lost, with a note.
func (m *Machine) Emit(s *Step) {
	if m.out == nil {
		m.Note(s.At, "a request outside of tasks, which is done when the script is read, is left out")
		return
	}
	if m.steps++; m.steps > maxSteps {
		m.Note(s.At, "the script has more than %d requests; the others are left out", maxSteps)
		return
	}
	*m.out = append(*m.out, s)
}

// stopped ends a script that does too much.
type stopped struct{}

// spend counts work, and ends the script when it is too much.
func (m *Machine) spend(at At) {
	if m.work++; m.work >= maxWork {
		m.Note(at, "the script does more than can be followed; the rest is left out")
		panic(stopped{})
	}
}

// Guarded runs do, and ends it when the script does too much.
func (m *Machine) Guarded(do func()) {
	defer func() {
		if r := recover(); r != nil {
			if _, is := r.(stopped); !is {
				panic(r)
			}
		}
	}()
	do()
}

// imported follows a module of the user's once, and returns its variables.
func (m *Machine) imported(at At, module string) *scope {
	path, body, ok := m.Host.Source(at.File, module)
	if !ok {
		return nil
	}
	if s := m.modules[path]; s != nil {
		return s
	}
	s := newScope(nil, true)
	s.file = path
	m.modules[path] = s
	m.follow(s, body)
	return s
}
