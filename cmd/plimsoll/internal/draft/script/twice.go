package script

import (
	"fmt"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// A script may draw a value once and use it several times. A variable of a profile is drawn anew wherever it stands,
// but a task has one row of each table. So such a value becomes a table of numbers, or of made-up values; one that
// a user keeps from on_start on becomes its number.

// most rows of a table that stands for a value.
const (
	maxNumbers = 10_000
	madeUp     = 1_000
)

// use is where a generated value is used.
type use struct {
	times int
	lists map[*list]bool
	first *Step
}

// drawnTwice finds the values that are used several times.
func (m *Machine) drawnTwice(pl *planner) {
	uses := map[*Var]*use{}
	var order []*Var
	see := func(l *list, s *Step, v *Var) {
		generator, isGenerator, err := profile.ParseGenerator(v.Name)
		if !isGenerator || err != nil || generator.Kind == profile.UserID || generator.Kind == profile.Seq {
			return
		}
		if uses[v] == nil {
			uses[v] = &use{lists: map[*list]bool{}, first: s}
			order = append(order, v)
		}
		uses[v].times++
		uses[v].lists[l] = true
	}
	for _, l := range pl.lists {
		each(l.steps, func(s *Step) {
			if s.Off != "" {
				return
			}
			for _, v := range []Value{s.URL, s.Headers, s.Body, s.Extra} {
				collect(v, func(v Value) {
					switch v := v.(type) {
					case *Var:
						see(l, s, v)
					case *Drawn:
						see(l, s, v.variable())
					}
				})
			}
		})
	}
	for _, v := range order {
		if uses[v].times > 1 {
			m.keep(v, uses[v])
		}
	}
}

// keep makes a value that is used several times one that stays the same.
func (m *Machine) keep(v *Var, u *use) {
	g, _, _ := profile.ParseGenerator(v.Name)
	if len(u.lists) > 1 {
		m.Note(u.first.At, "the script uses one value of ${%s} in several tasks; the profile uses the number of the user", v.Name)
		v.Name = "user.id"
		return
	}
	t := &Table{Order: "random", whole: true, Script: u.first.At}
	least, most := g.Integers[0], g.Integers[1]
	switch {
	case g.Kind == profile.Int && most-least < maxNumbers:
		t.Name = m.tableName("number")
		for n := least; n <= most; n++ {
			t.Rows = append(t.Rows, NewDict("value", n))
		}
	default:
		t.Name, t.Order = m.tableName("made_up"), "sequential"
		for i := range madeUp {
			t.Rows = append(t.Rows, NewDict("value", made(g, i)))
		}
		m.Note(u.first.At, "the script uses one value of ${%s} several times; the profile takes it from %s.jsonl, with %d values made up", v.Name, t.Name, madeUp)
	}
	m.Tables = append(m.Tables, t)
	v.Name = "data." + t.Name + ".value"
}

// made is a made-up value of a generator.
func made(g profile.Generator, i int) Value {
	switch g.Kind {
	case profile.UUID:
		return fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(i)*2654435761, i)
	case profile.Int:
		span := uint64(g.Integers[1]-g.Integers[0]) + 1
		return g.Integers[0] + int64(uint64(i)*2654435761%max(span, 1))
	case profile.Float:
		return g.Floats[0] + (g.Floats[1]-g.Floats[0])*float64(i)/madeUp
	case profile.Email:
		return fmt.Sprintf("user%d@example.com", i+1)
	case profile.FullName:
		return fmt.Sprintf("Ada Number%d", i+1)
	case profile.Now:
		return fmt.Sprintf("2026-01-01T00:%02d:%02dZ", i/60%60, i%60)
	case profile.Sentence:
		return strings.Repeat(fmt.Sprintf("word%d ", i+1), g.Count-1) + "end"
	}
	return fmt.Sprintf("word%d", i+1)
}
