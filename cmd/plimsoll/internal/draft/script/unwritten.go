package script

import (
	"cmp"
	"fmt"
)

// unwritten says why a step cannot be written; empty if it can.
func (m *Machine) unwritten(s *Step) string {
	if s.Wait != "" || len(s.Steps) > 0 {
		return ""
	}
	if u, is := isUnknown(s.URL); is {
		return "its address holds " + u.reason()
	}
	if s.Protocol == "http" && !methodForm.MatchString(s.Method) {
		return "its method is not known"
	}
	for _, p := range s.needs() {
		if why := p.wrong(); why != "" {
			return why
		}
	}
	for _, v := range []Value{s.Body, s.Extra} {
		why := ""
		whole := collect(v, func(v Value) {
			switch v := v.(type) {
			case *Unknown:
				why = cmp.Or(why, "its body holds "+v.reason())
			case *Drawn:
				if v.coarse {
					why = cmp.Or(why, "its body holds a number computed from a drawn one")
				}
			case nil, bool, int64, float64, string, *Text, *Var, *Part, *List, *Dict, *Turn, *Row, *JSON, *File, *Base64, *Object, *Letters:
			default:
				why = cmp.Or(why, "its body holds "+named(v))
			}
		})
		if !whole {
			why = cmp.Or(why, "its body is too large, or holds itself")
		}
		if why != "" {
			return why
		}
	}
	return ""
}

func (u *Unknown) reason() string {
	if u.At.Line > 0 {
		return fmt.Sprintf("%s (line %d), which is known only when the script runs", u.Why, u.At.Line)
	}
	return u.Why + ", which is known only when the script runs"
}
