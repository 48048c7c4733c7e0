package script

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Answer is the answer to a step.
type Answer struct{ Of *Step }

// Kind says which part of an answer.
type Kind string

// The kinds.
const (
	OfStatus Kind = "status"
	OfJSON   Kind = "json"
	OfBody   Kind = "text"
	OfHeader Kind = "header"
	OfCookie Kind = "cookie"
	OfSize   Kind = "size"
	OfTime   Kind = "time" // in milliseconds
)

// Part is a part of an answer: what save can keep, or expect can ask for.
type Part struct {
	Of    *Step
	Kind  Kind
	Path  string // GJSON, or the name of a header or a cookie
	Match string // a regular expression on it
	Hint  string // a name for it

	length bool // it is the length of a list, or of a text
}

// at is a part of a part of JSON.
func (p *Part) at(step string) *Part {
	inner := *p
	if inner.Kind == OfBody && inner.Match == "" {
		inner.Kind = OfJSON
	}
	if inner.Path != "" {
		inner.Path += "."
	}
	inner.Path += step
	if step == "0" || strings.HasPrefix(step, "#(") {
		p.Of.goesThrough(p.Path)
	}
	return &inner
}

// wrong says why a profile cannot keep a part; empty if it can.
func (p *Part) wrong() string {
	if _, err := regexp.Compile(p.Match); err != nil {
		return "it uses what the regular expression " + strconv.Quote(p.Match) + " finds, which is none of RE2"
	}
	if (p.Kind == OfHeader || p.Kind == OfCookie) && !partName.MatchString(p.Path) {
		return "it uses a header or a cookie of an answer whose name is not known"
	}
	return ""
}

var partName = regexp.MustCompile(`^[^\s;:=]+$`)

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_$ /:-]+$`)

// escaped is a key as GJSON wants it in a path.
func escapedKey(key string) string {
	if plainKey.MatchString(key) {
		return key
	}
	return regexp.MustCompile(`([.*?|#@\\!{}\[\]()=<>%"'])`).ReplaceAllString(key, `\$1`)
}

// Matching is a part by a regular expression.
func (p *Part) Matching(expression string) *Part {
	inner := *p
	inner.Match = expression
	return &inner
}

// Test is a condition on a part of an answer, or on a variable.
type Test struct {
	Of      Value  // *Part or *Var
	Op      string // ==, !=, <, <=, >, >=, exists, missing, filled, empty, contains, ~, in
	With    Value
	Accepts bool // it was an answer's ok
}

// Tests are conditions that hold together, or one at least.
type Tests struct {
	All  []*Test
	Or   bool
	Some bool // the script asks for more, which has no form here
}

var opposite = map[string]string{"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "exists": "missing", "missing": "exists", "filled": "empty", "empty": "filled", "contains": "lacks", "lacks": "contains", "~": "!~", "!~": "~", "in": "not in", "not in": "in"}

// Not is the opposite.
func (t *Tests) Not() *Tests {
	n := &Tests{Or: !t.Or, Some: t.Some}
	for _, one := range t.All {
		n.All = append(n.All, &Test{one.Of, opposite[one.Op], one.With, one.Accepts})
	}
	if len(n.All) == 1 {
		n.Or = false
	}
	return n
}

func (t *Tests) with(o *Tests, or bool) *Tests {
	alike := func(t *Tests) bool { return len(t.All) == 1 || t.Or == or }
	some := t.Some || o.Some
	if !alike(t) || !alike(o) { // a mixture: what is sure of it
		sure := t
		if !or && t.Or && len(t.All) > 1 {
			sure = o
		}
		return &Tests{All: sure.All, Or: sure.Or, Some: true}
	}
	return &Tests{All: append(slices.Clone(t.All), o.All...), Or: or, Some: some}
}

// asTests is a value as conditions; nil if it is none.
func asTests(v Value) *Tests {
	switch v := v.(type) {
	case *Tests:
		return v
	case *Part:
		return filled(v)
	case *List:
		if v.Of != nil {
			return filled(v.Of.count())
		}
	case *matched:
		return &Tests{All: []*Test{{Of: v.of, Op: "exists"}}}
	case *Answer:
		return v.OK()
	}
	return nil
}

// filled is the condition that a part of an answer counts as true: it is there, and neither empty nor 0.
func filled(p *Part) *Tests {
	switch {
	case p.length:
		return &Tests{All: []*Test{{Of: p, Op: ">", With: int64(0)}}}
	case p.Kind == OfJSON && p.Match == "":
		return &Tests{All: []*Test{{Of: p, Op: "filled"}}}
	}
	return &Tests{All: []*Test{{Of: p, Op: "exists"}}}
}

// OK is the condition that an answer has a status of success.
func (a *Answer) OK() *Tests {
	return &Tests{All: []*Test{{Of: a.Part(OfStatus, ""), Op: "<", With: int64(400)}}}
}

// Part is a part of the answer.
func (a *Answer) Part(kind Kind, path string) *Part { return &Part{Of: a.Of, Kind: kind, Path: path} }

// ofStatus reports whether all of it asks about the status of an answer.
func (t *Tests) ofStatus() bool {
	return !slices.ContainsFunc(t.All, func(one *Test) bool {
		part, is := one.Of.(*Part)
		return !is || part.Kind != OfStatus
	})
}

// drawn reports whether all of it asks about something drawn.
func (t *Tests) drawn() bool {
	return len(t.All) > 0 && !slices.ContainsFunc(t.All, func(one *Test) bool {
		_, is := one.Of.(*Var)
		return !is
	})
}

// found reports whether all of it asks about what can be kept of an answer.
func (t *Tests) found() bool {
	return len(t.All) > 0 && !slices.ContainsFunc(t.All, func(one *Test) bool {
		part, is := one.Of.(*Part)
		return !is || part.Kind != OfJSON && part.Kind != OfHeader && part.Kind != OfCookie && (part.Kind != OfBody || part.Match == "")
	})
}

// succeeds reports whether the conditions on a status hold for an answer of success. One that holds for all statuses but
// one of success does not: that one is the answer which the script wants.
func (t *Tests) succeeds() bool {
	good := []float64{200, 201, 202, 204}
	if part, is := t.All[0].Of.(*Part); is && part.Of.Protocol == "grpc" {
		good = []float64{0}
	}
	for _, one := range t.Not().All {
		if slices.ContainsFunc(one.statuses(), func(status int) bool { return slices.Contains(good, float64(status)) }) {
			return false
		}
	}
	return slices.ContainsFunc(good, func(status float64) bool {
		holds := func(one *Test) bool { return one.holds(status) }
		if t.Or {
			return slices.ContainsFunc(t.All, holds)
		}
		return !slices.ContainsFunc(t.All, func(one *Test) bool { return !holds(one) })
	})
}

func (t *Test) holds(status float64) bool {
	if t.Op == "exists" || t.Op == "missing" { // if (res.status), and ok
		return t.Op == "exists"
	}
	with, ok := number(t.With)
	if l, is := t.With.(*List); is {
		has := slices.ContainsFunc(l.Items, func(v Value) bool { f, ok := number(v); return ok && f == status })
		return has == (t.Op == "in")
	}
	if !ok {
		return false
	}
	switch t.Op {
	case "==":
		return status == with
	case "!=":
		return status != with
	case "<":
		return status < with
	case "<=":
		return status <= with
	case ">":
		return status > with
	case ">=":
		return status >= with
	}
	return false
}

// allow makes statuses that are tested expected ones.
func (t *Tests) allow() {
	for _, one := range t.All {
		part := one.Of.(*Part)
		for _, status := range one.statuses() {
			if len(part.Of.Status) == 0 {
				part.Of.Status = []int{200}
			}
			if !slices.Contains(part.Of.Status, status) {
				part.Of.Status = append(part.Of.Status, status)
			}
		}
	}
}

// statuses are the statuses that a test names.
func (t *Test) statuses() (all []int) {
	values := []Value{t.With}
	if l, is := t.With.(*List); is {
		values = l.Items
	}
	least, most := 100, 599
	if part, is := t.Of.(*Part); is && part.Of.Protocol == "grpc" {
		least, most = 0, len(codes)-1
	}
	for _, v := range values {
		if n, ok := Integer(v); ok && n >= least && n <= most && (t.Op == "==" || t.Op == "in") {
			all = append(all, n)
		}
	}
	return all
}
