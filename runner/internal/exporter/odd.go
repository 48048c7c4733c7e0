package exporter

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// fault is a kind of what cannot be used of a page. Each has a source of its own in a sentence's Absent: so one of them does
// not take the place of another.
type fault struct{ source, one, many string }

var (
	notFinite = fault{"values", "1 series has no finite value", "%d series have no finite value"}
	tooLarge  = fault{"large values", "1 series has a value that is too large", "%d series have values that are too large"}
	negative  = fault{"negative values", "1 figure is negative, which cannot be", "%d figures are negative, which cannot be"}
	twice     = fault{"doubles", "1 series stands there more than once", "%d series stand there more than once"}
	unnamable = fault{"names", "1 name is longer than 400 bytes or holds control characters", "%d names are longer than 400 bytes or hold control characters"}
	tooMany   = fault{"parts", "1 label has more than 50 values, and the others are left out", "%d labels have more than 50 values, and the others are left out"}
)

// odd is what cannot be used of a page, by its fault: names, and what is told of each beside it.
type odd map[fault]map[string]string

func (o odd) note(f fault, name, told string) {
	if o[f] == nil {
		o[f] = map[string]string{}
	}
	o[f][name] = told
}

// tell adds a sentence for each fault, with the first names that have it.
func (o odd) tell(as string, r *reading) {
	const most = 3
	for f, found := range o {
		text := f.one
		if len(found) > 1 {
			text = fmt.Sprintf(f.many, len(found))
		}
		var first []string
		for _, name := range slices.Sorted(maps.Keys(found))[:min(len(found), most)] {
			first = append(first, short(name)+found[name])
		}
		text += ": " + strings.Join(first, ", ")
		if more := len(found) - most; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		r.tell(as+" "+f.source, text)
	}
}

// isValue tells a value.
func isValue(value float64) string { return fmt.Sprintf(" is %g", value) }

// short is the beginning of a name.
func short(name string) string {
	const most = 100
	if len(name) > most {
		return strings.ToValidUTF8(name[:most], "") + "…"
	}
	return name
}

// naturally compares names so that numbers come first, in the order of their values: 2 before 10.
func naturally(a, b string) int {
	number := func(name string) uint64 {
		n, err := strconv.ParseUint(name, 10, 32)
		if err != nil {
			return math.MaxUint64
		}
		return n
	}
	return cmp.Or(cmp.Compare(number(a), number(b)), strings.Compare(a, b))
}
