package exporter

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Page is what a text page of Prometheus holds.
type Page struct {
	Series []Series
	Types  map[string]string // by family, as the page says: counter, gauge, histogram, summary and others
	Bad    int               // lines that were left out
	Why    string            // what is wrong with the first of them
	More   int               // series past the bound, which are left out
	Cut    bool              // the page stops in the middle of a line, or before the end that OpenMetrics asks for
}

// Series is one line of a page.
type Series struct {
	Name   string
	Labels []Label // in the order of their names
	Value  float64
	At     time.Time // that the page gives; zero if it gives none
}

// Label is a name and a value beside a series.
type Label struct{ Name, Value string }

// Label returns the value of a label, or "" if there is none.
func (s *Series) Label(name string) string {
	for _, l := range s.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// String returns the series' name and labels, as Prometheus writes them.
func (s *Series) String() string {
	if len(s.Labels) == 0 {
		return s.Name
	}
	var b strings.Builder
	b.WriteString(s.Name)
	for i, l := range s.Labels {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(l.Name)
		b.WriteString(`="`)
		_, _ = escaper.WriteString(&b, l.Value) // a Builder never fails
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

var escaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// The bounds of a page. What is past them is left out and told.
const (
	maxSeries = 20_000
	maxLabels = 64 // of a series
)

// Parse reads a page: Prometheus' text format 0.0.4, and what OpenMetrics adds to it.
// https://prometheus.io/docs/instrumenting/exposition_formats/
//
// It keeps the series whose names are wanted. A bad line costs that line, and the page tells the first.
func Parse(text []byte, wanted func(name string) bool) *Page {
	p := &Page{Types: map[string]string{}}
	ended := false
	for number := 1; len(text) > 0 && !ended; number++ {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		text = rest
		if !whole {
			p.Cut = string(line) != "# EOF"
			break
		}
		line = bytes.Trim(line, " \t\r")
		switch {
		case len(line) == 0:
		case line[0] == '#':
			ended = p.comment(line)
		default:
			if err := p.series(line, wanted); err != nil {
				p.refuse(number, err)
			}
		}
	}
	return p
}

func (p *Page) refuse(number int, err error) {
	if p.Bad == 0 {
		p.Why = fmt.Sprintf("line %d: %v", number, err)
	}
	p.Bad++
}

// comment reads what a comment tells, and returns true at the end of a page of OpenMetrics.
func (p *Page) comment(line []byte) (ended bool) {
	fields := strings.Fields(string(line))
	if len(fields) == 4 && fields[0] == "#" && fields[1] == "TYPE" && len(p.Types) < maxSeries {
		p.Types[fields[2]] = fields[3]
	}
	return string(line) == "# EOF"
}

// series reads a line such as: name{label="value"} 1.5 1700000000000
func (p *Page) series(line []byte, wanted func(string) bool) error {
	c := &cursor{left: line}
	s := Series{Name: c.name()}
	if s.Name != "" && !wanted(s.Name) {
		return nil
	}
	c.blanks()
	if err := c.labels(&s); err != nil {
		return err
	}
	if s.Name == "" {
		return errors.New("it does not begin with a name")
	}
	if !wanted(s.Name) {
		return nil
	}
	if err := c.numbers(&s); err != nil {
		return err
	}
	if len(p.Series) == maxSeries {
		p.More++
		return nil
	}
	p.Series = append(p.Series, s)
	return nil
}

// cursor reads a line from left to right.
type cursor struct{ left []byte }

func (c *cursor) blanks() { c.left = bytes.TrimLeft(c.left, " \t") }

// take removes a byte if it is next.
func (c *cursor) take(b byte) bool {
	if len(c.left) == 0 || c.left[0] != b {
		return false
	}
	c.left = c.left[1:]
	return true
}

// name reads the name of a series or of a label. It is "" if none is next.
func (c *cursor) name() string {
	n := 0
	for n < len(c.left) && isName(c.left[n], n == 0) {
		n++
	}
	name := string(c.left[:n])
	c.left = c.left[n:]
	return name
}

func isName(b byte, first bool) bool {
	letter := 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '_' || b == ':'
	return letter || !first && '0' <= b && b <= '9'
}

// labels reads {name="value",…}. A quoted text without a value is the name of the series, as Prometheus 3 writes
// names with other letters.
func (c *cursor) labels(s *Series) error {
	if !c.take('{') {
		return nil
	}
	for {
		c.blanks()
		if c.take('}') {
			break
		}
		if err := c.label(s); err != nil {
			return err
		}
		c.blanks()
		if !c.take(',') && !bytes.HasPrefix(c.left, []byte("}")) {
			return errors.New("no comma and no } after a label")
		}
	}
	slices.SortFunc(s.Labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(s.Labels); i++ {
		if s.Labels[i].Name == s.Labels[i-1].Name {
			return fmt.Errorf("label %q twice", s.Labels[i].Name)
		}
	}
	return nil
}

func (c *cursor) label(s *Series) error {
	name, quoted := c.name(), false
	if name == "" {
		var err error
		if name, err = c.quoted(); err != nil {
			return err
		}
		quoted = true
	}
	c.blanks()
	if !c.take('=') {
		if quoted && s.Name == "" && name != "" {
			s.Name = name
			return nil
		}
		return fmt.Errorf("label %q has no value", name)
	}
	c.blanks()
	value, err := c.quoted()
	if err != nil {
		return err
	}
	if len(s.Labels) == maxLabels {
		return fmt.Errorf("more than %d labels", maxLabels)
	}
	s.Labels = append(s.Labels, Label{name, value})
	return nil
}

// quoted reads a text between quotation marks, with \\, \" and \n in it.
func (c *cursor) quoted() (string, error) {
	if !c.take('"') {
		return "", errors.New(`no " before the text of a label`)
	}
	var text []byte
	for i := 0; i < len(c.left); i++ {
		switch b := c.left[i]; b {
		case '"':
			c.left = c.left[i+1:]
			return strings.ToValidUTF8(string(text), "\uFFFD"), nil
		case '\\':
			i++
			if i == len(c.left) {
				break
			}
			escaped := strings.IndexByte(`n"\`, c.left[i])
			if escaped < 0 {
				return "", fmt.Errorf(`\%c stands for nothing`, c.left[i])
			}
			text = append(text, "\n\"\\"[escaped])
		default:
			text = append(text, b)
		}
	}
	return "", errors.New("the text of a label has no end")
}

// numbers reads the value, the time if there is one, and leaves out the example of OpenMetrics.
func (c *cursor) numbers(s *Series) error {
	text, _, _ := strings.Cut(string(c.left), "#")
	fields := strings.Fields(text)
	if len(fields) == 0 || len(fields) > 2 {
		return errors.New("no value, or more than a value and a time")
	}
	var err error
	if s.Value, err = number(fields[0]); err != nil {
		return err
	}
	if len(fields) == 1 {
		return nil
	}
	at, err := number(fields[1])
	if err != nil || math.IsNaN(at) || math.Abs(at) > 1e15 {
		return fmt.Errorf("%.40q is no time", fields[1])
	}
	s.At = instant(at)
	return nil
}

// instant reads a time in milliseconds, as Prometheus writes it, or in seconds, as OpenMetrics does. A number below
// 10^11 counts seconds: as milliseconds it would be of 1973.
func instant(at float64) time.Time {
	if math.Abs(at) < 1e11 {
		at *= 1000
	}
	return time.UnixMilli(int64(at))
}

// number reads a value, NaN and +Inf included. Hexadecimal numbers and underscores are Go's, and not Prometheus'.
func number(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || strings.ContainsAny(text, "pPxX_") {
		return 0, fmt.Errorf("%.40q is no number", text)
	}
	return v, nil
}
