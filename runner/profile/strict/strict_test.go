package strict_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// settings is what the examples read.
type settings struct {
	Workers int
	Every   time.Duration
}

func (s *settings) read(r *strict.Reader, n *yaml.Node) {
	r.Mapping(n,
		strict.Need("workers", "How many work at once.", "write for example: workers: 4", r.Int(&s.Workers, 1, 64)),
		strict.Key("every", "The time between two rounds.", r.Duration(&s.Every, time.Second)),
	)
}

// All problems of a file are reported at once.
func ExampleReader_Mapping() {
	s := settings{Every: time.Minute}
	r := strict.NewReader("settings.yaml")
	if root := r.Parse([]byte("evry: 5s\nevery: soon\n")); root != nil {
		s.read(r, root)
	}
	for _, problem := range r.Problems() {
		os.Stdout.WriteString(problem.String() + "\n")
	}
	// Output:
	// settings.yaml:1:1: evry: unknown key; did you mean "every"?
	// settings.yaml:1:1: workers: missing; write for example: workers: 4
	// settings.yaml:2:8: every: expected a duration such as 30s, 500ms or 1h20m, found "soon"
}

// The schema comes from the same readers.
func ExampleDescribe() {
	schema := strict.Describe(func(r *strict.Reader, root *yaml.Node) {
		s := settings{Every: time.Minute}
		s.read(r, root)
	})
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.Encode(schema.Properties[0].Value)
	// Output:
	// {
	//   "description": "How many work at once.",
	//   "type": "integer",
	//   "minimum": 1,
	//   "maximum": 64
	// }
}

// A reader that takes a node without a word about it is a mistake of ours, not a gap in the
// schema that nobody notices.
func TestDescribePanicsWhereNothingIsDescribed(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the key is missing from the schema, and Describe did not panic")
		}
	}()
	strict.Describe(func(r *strict.Reader, root *yaml.Node) {
		r.Mapping(root, strict.Key("silent", "Says nothing of itself.", func(*yaml.Node) {}))
	})
}

// Files that were written to do harm are refused in words, before they are walked.
func TestParseRefusesHostileFiles(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range "123456789" {
		at, before := string(rune('1'+i)), string(rune('0'+i))
		bomb += "a" + at + ": &a" + at + " [" + strings.Repeat("*a"+before+", ", 9) + "*a" + before + "]\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"alias bomb":  {bomb, "the file stands for more than 300000 values, counting every alias"},
		"long alias":  {"a: &a " + strings.Repeat("x", 1<<19) + "\nb: [" + strings.Repeat("*a, ", 1000) + "*a]\n", "the file stands for more than 300000 values, counting every alias"},
		"loop":        {"a: &a [*a]\n", "the anchor &a contains an alias of itself"},
		"deep flow":   {"a: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "the file is nested more than 100 levels deep"},
		"deeper flow": {"a: " + strings.Repeat("[", 200_000), "nested more than 100 levels deep"},
		"deep block":  {strings.Repeat("- ", 150) + "a\n", "the file is nested more than 100 levels deep"},
		"too long":    {strings.Repeat("# \n", 1<<19), "the file is larger than 1 MiB"},
		"tab":         {"a:\n\tb: 1\n", "hostile.yaml:2:1: YAML does not allow tabs for indentation; use spaces"},
		"empty":       {" \n# nothing\n", "the file is empty"},
		"two":         {"a: 1\n---\nb: 1\n", "the file contains several YAML documents; write one"},
	} {
		t.Run(name, func(t *testing.T) {
			r := strict.NewReader("hostile.yaml")
			root := r.Parse([]byte(c.text))
			if got := r.Problems().Error(); root != nil || !strings.Contains(got, c.want) {
				t.Errorf("got %.300q, want %q", got, c.want)
			}
		})
	}
}

// A file with very many mistakes does not become a flood.
func TestProblemsAreBounded(t *testing.T) {
	text := "a: " + strings.Repeat("long ", 1000) + "\n" + strings.Repeat("wrong: 1\n", 100_000)
	r := strict.NewReader("many.yaml")
	r.Mapping(r.Parse([]byte(text)), strict.Key("a", "A number.", r.Int(new(int), 0, 1)))
	problems := r.Problems()
	last := problems[len(problems)-1]
	if len(problems) != 101 || last.Text != "99901 more problems are not shown" {
		t.Errorf("%d problems, the last is %q", len(problems), last)
	}
	if len(problems.Error()) > 50_000 {
		t.Errorf("the problems have %d bytes", len(problems.Error()))
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"20": 20 * time.Second, "0": 0, "1.5": 1500 * time.Millisecond, "20s": 20 * time.Second,
		"1h20m": 80 * time.Minute, "500ms": 500 * time.Millisecond, ".5s": 500 * time.Millisecond, "2400h": 2400 * time.Hour,
	} {
		if got, err := strict.ParseDuration(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "soon", "-1s", "1h20", "2401h", "1e300", "1e400", "99999999999999999999h", "inf", "nan", "0x10", " 1s"} {
		if got, err := strict.ParseDuration(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

// A sentence about an unknown name has the one that was meant, or the names that there are, but no endless list.
func TestSuggest(t *testing.T) {
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf("field%d", i))
	}
	for written, c := range map[string]struct {
		known []string
		want  string
	}{
		"not_found": {[]string{"OK", "NOT_FOUND"}, `; did you mean "NOT_FOUND"?`},
		"x":         {[]string{"left", "right"}, "; choose one of: left, right"},
		"y":         {nil, ""},
		"ulr":       {[]string{"tls", "uri", "url"}, `; did you mean "url"?`},
		"z":         {many, "field29 and 970 more"},
	} {
		if got := strict.Suggest(written, c.known); !strings.HasSuffix(got, c.want) || len(got) > 400 {
			t.Errorf("%s: %s, want %s", written, got, c.want)
		}
	}
}
