package exporter_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/exporter"
)

func everything(string) bool { return true }

func TestParse(t *testing.T) {
	for line, want := range map[string]string{
		"a 1":                         "a 1",
		"a\t 1.5e3 ":                  "a 1500",
		"a 1\r":                       "a 1",
		"a +Inf":                      "a +Inf",
		"a -Inf":                      "a -Inf",
		"a NaN":                       "a NaN",
		"a 1e999":                     "a +Inf",
		"a{} 1":                       "a 1",
		"a {} 1":                      "a 1",
		"a{b=\"c\",} 1":               `a{b="c"} 1`,
		`a{ z = "1" , b="2" } 1`:      `a{b="2",z="1"} 1`,
		`a{b="x\\y\"z\nw"} 1`:         `a{b="x\\y\"z\nw"} 1`,
		`a{b="} 1 #"} 2`:              `a{b="} 1 #"} 2`,
		`a{b="ümlaut"} 2`:             `a{b="ümlaut"} 2`,
		"a 1 1700000000000":           "a 1 @1700000000",
		"a 1 1700000000.5":            "a 1 @1700000000",
		`a_total 1 # {trace="x"} 0.5`: "a_total 1",
		`{"a.b", c="d"} 1`:            `a.b{c="d"} 1`,
		`:a:b 1`:                      ":a:b 1",
		"":                            "",
		"# HELP a b":                  "",
		"# a 1":                       "",

		"a":                     "bad: line 1: no value, or more than a value and a time",
		"a 1 2 3":               "bad: line 1: no value, or more than a value and a time",
		"a one":                 `bad: line 1: "one" is no number`,
		"a 0x1p4":               `bad: line 1: "0x1p4" is no number`,
		"a 1_000":               `bad: line 1: "1_000" is no number`,
		"a 1 soon":              `bad: line 1: "soon" is no time`,
		"a 1 NaN":               `bad: line 1: "NaN" is no time`,
		"1a 1":                  "bad: line 1: it does not begin with a name",
		`a{b} 1`:                `bad: line 1: label "b" has no value`,
		`a{b=c} 1`:              `bad: line 1: no " before the text of a label`,
		`a{b="c} 1`:             "bad: line 1: the text of a label has no end",
		`a{b="c\`:               "bad: line 1: the text of a label has no end",
		`a{b="\t"} 1`:           `bad: line 1: \t stands for nothing`,
		`a{b="c" d="e"} 1`:      "bad: line 1: no comma and no } after a label",
		`a{b="c",b="d"} 1`:      `bad: line 1: label "b" twice`,
		`{b="c"} 1`:             "bad: line 1: it does not begin with a name",
		`a{"b"} 1`:              `bad: line 1: label "b" has no value`,
		"<html>":                "bad: line 1: it does not begin with a name",
		"\x00\xff":              "bad: line 1: it does not begin with a name",
		"a{" + many(65) + "} 1": "bad: line 1: more than 64 labels",
	} {
		if got := describe(exporter.Parse([]byte(line+"\n"), everything)); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

func many(labels int) string {
	var b strings.Builder
	for i := range labels {
		fmt.Fprintf(&b, `l%d="",`, i)
	}
	return b.String()
}

// describe tells a page of one line.
func describe(p *exporter.Page) string {
	if p.Bad > 0 {
		return "bad: " + p.Why
	}
	var lines []string
	for _, s := range p.Series {
		line := fmt.Sprintf("%s %v", s.String(), s.Value)
		if !s.At.IsZero() {
			line += fmt.Sprintf(" @%d", s.At.Unix())
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestEndOfPage(t *testing.T) {
	for text, cut := range map[string]bool{
		"": false, "a 1\n": false, "a 1": true, "a 1\n# EOF": false, "a 1\n# EOF\n": false, "a 1\n# EO": true, "# EOF\na 1": false,
	} {
		if p := exporter.Parse([]byte(text), everything); p.Cut != cut {
			t.Errorf("%q: cut %v, want %v", text, p.Cut, cut)
		}
	}
}

func TestBounds(t *testing.T) {
	p := exporter.Parse([]byte(strings.Repeat("a 1\n", 20_005)), everything)
	if len(p.Series) != 20_000 || p.More != 5 || p.Bad != 0 {
		t.Errorf("%d series, %d more, %d bad lines, %s", len(p.Series), p.More, p.Bad, p.Why)
	}
}

// FuzzParse checks that whatever is read can be written and read again.
func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("testdata/*.prom")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("a{b=\"\\\\\\n\",} NaN 1\r\n{\"x y\"} 1 # {} 1\n# EOF\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p := exporter.Parse(text, everything)
		for i := range p.Series {
			s := &p.Series[i]
			if !plain(s) {
				continue
			}
			again := exporter.Parse([]byte(s.String()+" 1\n"), everything)
			if len(again.Series) != 1 || again.Series[0].String() != s.String() {
				t.Fatalf("%q became %+v (%s)", s, again.Series, again.Why)
			}
		}
	})
}

var plainName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)

// plain says whether all names of a series are such as Prometheus 2 knows.
func plain(s *exporter.Series) bool {
	for _, l := range s.Labels {
		if !plainName.MatchString(l.Name) {
			return false
		}
	}
	return plainName.MatchString(s.Name)
}
