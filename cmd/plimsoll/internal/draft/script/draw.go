package script

import (
	"fmt"
	"math"
	"strconv"
)

// Table is rows that a script draws from.
type Table struct {
	Name   string
	Rows   []Value // of a list; *Dict otherwise
	Order  string  // random or sequential
	Script At
	whole  bool // rows are mappings
	key    string
}

// maxTable bounds the rows of a table.
const maxTable = 100_000

// column is a column of the row that a task has.
func (t *Table) column(name string) *Var { return &Var{Name: "data." + t.Name + "." + name} }

// row is the row that a task has: a variable for a list, a Row otherwise.
func (t *Table) row() Value {
	if t.whole {
		return &Row{t}
	}
	return &Var{Name: "data." + t.Name}
}

// dict is the row as a mapping.
func (r *Row) dict() *Dict {
	d := NewDict()
	for _, column := range r.Table.Columns() {
		d.Set(column, r.Table.column(column))
	}
	return d
}

// Columns are the columns of a table of mappings.
func (t *Table) Columns() (names []string) {
	seen := map[string]bool{}
	for _, row := range t.Rows {
		d, is := row.(*Dict)
		if !is {
			return nil
		}
		for _, key := range d.Keys {
			if !seen[key] {
				seen[key] = true
				names = append(names, key)
			}
		}
	}
	return names
}

// Draw returns a row of a list, drawn in an order. Two draws in one task are two tables, since a task has one row
// of each.
func (m *Machine) Draw(at At, v Value, order, hint string) Value {
	switch v := v.(type) {
	case *Part:
		return v.at("0")
	case *Table:
		return m.drawn(at, v.Rows, order, v.Name)
	case *Dict:
		var keys []Value
		for _, key := range v.Keys {
			keys = append(keys, key)
		}
		return m.drawn(at, keys, order, hint)
	case string:
		var letters []Value
		for _, r := range v {
			letters = append(letters, string(r))
		}
		return m.drawn(at, letters, order, hint)
	case *List:
		return m.drawn(at, v.Items, order, hint)
	case *Unknown:
		return v
	}
	return unknown(at, "a choice from %s", named(v))
}

func (m *Machine) drawn(at At, rows []Value, order, hint string) Value {
	switch {
	case len(rows) == 0:
		return unknown(at, "a choice from a list that is empty when the script begins")
	case len(rows) == 1:
		return rows[0]
	case len(rows) > maxTable:
		m.Note(at, "the list has %d rows; the first %d are taken", len(rows), maxTable)
		rows = rows[:maxTable]
	}
	whole := false
	rows = m.asDicts(rows)
	for i, row := range rows {
		_, isDict := row.(*Dict)
		if i == 0 {
			whole = isDict
		}
		switch row.(type) {
		case string, int64, float64, bool:
			if !whole {
				continue
			}
		case *Dict:
			if _, is := isUnknown(row); whole && !is && m.plain(row) {
				continue
			}
		}
		if i > 0 && !isDict {
			m.Note(at, "the values of this list are not all known; the profile takes the first")
		}
		return rows[0]
	}
	key := order + print(&List{Items: rows})
	if m.draws == nil {
		m.draws = map[string]int{}
	}
	m.draws[key]++
	key += strconv.Itoa(m.draws[key])
	for _, t := range m.Tables {
		if t.key == key {
			return t.row()
		}
	}
	t := &Table{Name: m.tableName(hint), Rows: rows, Order: order, Script: at, whole: whole, key: key}
	m.Tables = append(m.Tables, t)
	return t.row()
}

// asDicts gives rows that are lists of plain values columns with names.
func (m *Machine) asDicts(rows []Value) []Value {
	made := make([]Value, len(rows))
	for i, row := range rows {
		l, is := row.(*List)
		if !is || len(l.Items) == 0 || len(l.Items) > 26 || !m.plain(l) {
			return rows
		}
		d := NewDict()
		for j, cell := range l.Items {
			d.Set(string(rune('a'+j)), cell)
		}
		made[i] = d
	}
	return made
}

// tableName is a free name for a table.
func (m *Machine) tableName(hint string) string {
	name := plainName(hint)
	if name == "" {
		name = "values"
	}
	taken := func(name string) bool {
		for _, t := range m.Tables {
			if t.Name == name {
				return true
			}
		}
		return false
	}
	if !taken(name) {
		return name
	}
	for i := 2; ; i++ {
		if next := fmt.Sprintf("%s_%d", name, i); !taken(next) {
			return next
		}
	}
}

// hundred is the number of sides of the dice that stand for probabilities.
const hundred = 100

// drawnTest turns a comparison of a random number with a known one into a test of a table of numbers. A task draws one
// row, so both branches of a choice see the same number. It returns nil for any other comparison.
func (m *Machine) drawnTest(op string, x, y Value) *Test {
	d, is := x.(*Drawn)
	if right, isToo := y.(*Drawn); isToo {
		if is { // both are drawn
			return nil
		}
		turned := map[string]string{"<": ">", ">": "<", "<=": ">=", ">=": "<="}
		if o, ok := turned[op]; ok {
			op = o
		}
		return m.drawnTest(op, right, x)
	}
	if turn, is := x.(*Turn); is {
		if _, known := m.comparable(y); known && turn.Var.Name == "seq" {
			return &Test{Of: turn.Var, Op: op, With: y}
		}
		return nil
	}
	if v, is := x.(*Var); is && v.Value == nil {
		if _, known := m.comparable(y); known {
			return &Test{Of: v, Op: op, With: y}
		}
		return nil
	}
	f, ok := number(y)
	if !is || !ok || d.Max <= d.Min || d.coarse {
		return nil
	}
	if d.Integer && d.Max-d.Min < hundred {
		return &Test{Of: m.dice(d, int(d.Min), int(d.Max)), Op: op, With: y}
	}
	if op == "==" || op == "!=" {
		return nil
	}
	share := math.Round(min(1, max(0, (f-d.Min)/(d.Max-d.Min))) * hundred)
	if op == "<" || op == "<=" {
		return &Test{Of: m.dice(d, 1, hundred), Op: "<=", With: int64(share)}
	}
	return &Test{Of: m.dice(d, 1, hundred), Op: ">", With: int64(share)}
}

// dice is a table of whole numbers.
func (m *Machine) dice(d *Drawn, least, most int) *Var {
	var rows []Value
	for n := least; n <= most; n++ {
		rows = append(rows, int64(n))
	}
	if d.dice == nil {
		d.dice, _ = m.drawn(At{}, rows, "random", "dice").(*Var)
	}
	if d.dice == nil {
		return &Var{Name: d.variable().Name}
	}
	return d.dice
}
