package script

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Step is a request, a wait, or a group of steps.
type Step struct {
	At
	Protocol string // http, grpc or websocket
	Method   string
	URL      Value // as the script has it: with the scheme, or only a path
	Name     string
	Headers  *Dict
	Sends    string // json, form, multipart, body, message, messages; empty for none
	Body     Value
	Extra    *Dict // further keys of the step, in order
	Status   []int
	Expected []Expected
	Within   string
	Saves    []*Save

	Wait   string
	Steps  []*Step
	Repeat string
	If     []*Test
	Off    string // why it cannot be written

	lists map[string]bool // parts of the answer, by their paths, that are lists
	same  *Step           // the step that stands for this one, which was left out
}

// Expected is a condition on an answer.
type Expected struct {
	Kind Kind
	Path string
	Want Value
}

// Save keeps a part of an answer as a variable.
type Save struct {
	Name     string
	Part     *Part
	Optional bool
}

// real is the step that stands for this one.
func (s *Step) real() *Step {
	for s.same != nil {
		s = s.same
	}
	return s
}

// expected adds a condition once.
func (s *Step) expected(k Kind, path string, want Value) bool {
	e := Expected{k, path, want}
	if !slices.Contains(s.Expected, e) {
		s.Expected = append(s.Expected, e)
	}
	return true
}

func timesText(least, most int) string {
	least, most = min(max(least, 0), 10_000), min(most, 10_000)
	if least == most {
		return strconv.Itoa(most)
	}
	return fmt.Sprintf("%d..%d", least, most)
}

// sameSteps reports whether two lists of steps send the same.
func sameSteps(a, b []*Step) bool {
	return slices.EqualFunc(a, b, func(x, y *Step) bool { return x.print() == y.print() })
}

// alias makes the steps of a round that is left out stand for those of the first round.
func alias(kept, left []*Step) {
	for i := range left {
		left[i].same = kept[i]
		alias(kept[i].Steps, left[i].Steps)
	}
}

// print is all of a step that matters, as a text.
func (s *Step) print() string {
	var b strings.Builder
	fmt.Fprint(&b, s.Protocol, s.Method, print(s.URL), s.Name, print(s.Headers), s.Sends, print(s.Body), print(s.Extra), s.Wait, s.Repeat, s.Off)
	for _, t := range s.If {
		fmt.Fprint(&b, print(t.Of), t.Op, print(t.With))
	}
	for _, inner := range s.Steps {
		b.WriteString(inner.print())
	}
	return b.String()
}

// print is a value as a text that tells it from others.
func print(v Value) string {
	if tooLarge(v) {
		return "too large"
	}
	return printed(v)
}

func printed(v Value) string {
	switch v := v.(type) {
	case *Text:
		var b strings.Builder
		for _, p := range v.Parts {
			b.WriteString(printed(p))
		}
		return b.String()
	case *Var:
		return "${" + v.Name + "}"
	case *Part:
		return fmt.Sprint("part", v.Kind, v.Path, v.Match)
	case *Drawn:
		return v.variable().Name
	case *Turn:
		return printed(v.Var)
	case *Dict:
		if v == nil {
			return ""
		}
		var b strings.Builder
		for _, key := range v.Keys {
			fmt.Fprintf(&b, "%q:%s,", key, printed(v.m[key]))
		}
		return "{" + b.String() + "}"
	case *List:
		var b strings.Builder
		for _, item := range v.Items {
			b.WriteString(printed(item) + ",")
		}
		return "[" + b.String() + "]"
	case *JSON:
		return "json" + printed(v.Of)
	case *Base64:
		return "base64" + printed(v.Of)
	case *Row:
		return "row " + v.Table.Name
	case *File:
		return "file " + v.Path
	case *Unknown:
		return "unknown " + v.Why
	case string:
		return strconv.Quote(v)
	case nil, bool, int64, float64:
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%T", v)
}
