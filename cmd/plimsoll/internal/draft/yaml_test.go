package draft_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// parse reads a profile in an environment in which TOKEN is set.
func parse(t testing.TB, text string) *profile.Profile {
	t.Helper()
	p, problems := profile.Parse("plimsoll.yaml", []byte(text), profile.Surroundings{
		Env:  func(name string) (string, bool) { return "secret", name == "TOKEN" },
		Read: os.ReadFile,
	})
	if err := problems.Err(); err != nil {
		t.Fatalf("the profile is refused: %v\n%s", err, text)
	}
	return p
}

// sends is a draft of one step that sends a value as JSON.
func sends(value any) *draft.Draft {
	return &draft.Draft{Name: "x", URL: "http://127.0.0.1:1", Users: []draft.User{{Name: "u", Tasks: []draft.Task{{
		Steps: []draft.Step{{Keys: draft.Map{{Key: "http", Value: "POST /"}, {Key: "json", Value: value}}}},
	}}}}}
}

// Every value that is put in comes out of the profile with its kind, its digits and its order.
func TestValuesComeBack(t *testing.T) {
	check := func(value any) {
		t.Helper()
		text := sends(value).YAML()
		body := parse(t, text).Users[0].Tasks[0].Steps[0].Call.Content.(*profile.HTTP).JSON.JSON()
		if want := asJSON(value); string(body) != want {
			t.Errorf("%#v comes back as\n%s, want\n%s\nfrom\n%s", value, body, want, text)
		}
	}
	texts := []string{
		"", " ", "a", "a ", " a", "null", "Null", "~", "true", "FALSE", "yes", "no", "on", "off", "y", "n", "12", "0x1F", "1e5", "1_000", "0b1", ".5", ".inf", ".nan", "-1", "+1", "1.", "12:30", "2026-01-02", "2026-01-02T00:00:00Z",
		"<<", "=", "-", "- a", "?", "? a", ":", "a:", "a: b", "a :b", "#", "a #b", "a#b", "!", "!!str", "&a", "*a", "|", ">", "%", "@", "`", "\"", "'", "\\", "{", "}", "[", "]", ",", "a,b", "{a}", "[a]", "a: {b", "---", "...", "--- a", "\ufeffa", "a\u0085b", "a\u2028b", "\x00", "\x1b", "\x7f", "\u00a0", "é", "日本", "😀", "\U000e0001", "\ufffe", "a\tb", "\t", "a\r\nb",
		"a\nb", "a\nb\n", "a\nb\n\n", "\na\nb", " a\nb", "a\n b\n", "a\n\nb", "a\n  \nb", "a \nb ", "#a\nb", "- a\n- b", "a: b\nc: d", "a\n---\nb", "\n", "\n\n", "query Top {\n  top { id }\n}\n",
		"${uuid}", "x ${int(1,2)} y", "50ms", "10s..20s", "20%", "1.2.3", "v1", "GET /pets/${int(1,2)}", "a?b=c&d", "a & b", "*", "**", "x=y", "C:\\dir", strings.Repeat("long ", 300), strings.Repeat("k", 2000),
	}
	for _, s := range texts {
		check(s)
		check([]any{s, s})
		check(draft.Map{{Key: s, Value: s}})
		check(draft.Map{{Key: "a", Value: draft.Map{{Key: s, Value: []any{s}}, {Key: "b" + s, Value: draft.Block{[]any{s, draft.Map{{Key: s, Value: s}}}}}}}})
	}
	for _, n := range []json.Number{"0", "-0", "19.90", "1e400", "9007199254740993", "123456789012345678901234567890", "1E-7"} {
		check(n)
	}
	for _, v := range []any{nil, true, false, 0, -7, int64(1) << 62, 1.5, 1e21, 0.25, draft.Map{}, []any{}, []any{[]any{[]any{}}, draft.Map{}}, draft.Block{draft.Map{}}, draft.Block{[]any{}}} {
		check(v)
		check([]any{v, draft.Block{v}})
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		check(random(r, texts, 0))
	}
}

// random is a value of up to five levels.
func random(r *rand.Rand, texts []string, depth int) any {
	word := func() string {
		if r.IntN(3) > 0 {
			return texts[r.IntN(len(texts))]
		}
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteRune([]rune(" \t\n:#-?,[]{}&*!|>'\"%@`\\a0.~=<é\u2029\x01")[r.IntN(32)])
		}
		return b.String()
	}
	kind := r.IntN(6)
	if depth > 4 {
		kind = r.IntN(3)
	}
	switch kind {
	case 0, 1:
		return word()
	case 2:
		return []any{nil, true, 3, json.Number("1.50")}[r.IntN(4)]
	case 3:
		list := []any{}
		for range r.IntN(4) {
			list = append(list, random(r, texts, depth+1))
		}
		return list
	case 4:
		return draft.Block{random(r, texts, depth+1)}
	}
	m := draft.Map{}
	for i := range r.IntN(5) {
		m = append(m, draft.Entry{Key: fmt.Sprint(i, word()), Value: random(r, texts, depth+1)})
	}
	return m
}

// asJSON is a value as the profile sends it.
func asJSON(value any) string {
	switch v := value.(type) {
	case draft.Map:
		var parts []string
		for _, e := range v {
			parts = append(parts, asJSON(e.Key)+":"+asJSON(e.Value))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = asJSON(item)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case draft.Block:
		return asJSON(v.Value)
	case json.Number:
		return v.String()
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		panic(err)
	}
	return strings.TrimSpace(b.String())
}

// The text of a Literal is sent as it is.
func TestLiteral(t *testing.T) {
	for _, text := range []string{"", "$", "$$", "${", "${x}", "$${x}", "$$${x", "a$", "{}", "$a{", "€{"} {
		for _, c := range []struct {
			template string
			want     []profile.Part
		}{
			{draft.Literal(text), []profile.Part{{Literal: text}}},
			{draft.LiteralBefore(text) + "${uuid}", []profile.Part{{Literal: text}, {Variable: "uuid"}}},
		} {
			want := c.want
			if text == "" {
				want = want[1:]
			}
			if got := profile.Template(c.template).Parts(); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Errorf("the literal of %q is %q, which reads as %q", text, c.template, got)
			}
		}
	}
}

// A step that is off becomes a comment, whatever it holds. The rest is still a profile.
func TestOff(t *testing.T) {
	call := func(path, off string) draft.Step {
		return draft.Step{Keys: draft.Map{{Key: "http", Value: "GET " + path}, {Key: "body", Value: "a\nb: ${data.ids}\n"}}, Off: off, Above: "about\n" + path}
	}
	d := &draft.Draft{
		Name: "x", URL: "http://127.0.0.1:1/", Path: "/v1",
		Headers: draft.Map{{Key: "Authorization", Value: "Bearer ${env.TOKEN}"}},
		Data: []draft.Table{
			{Name: "ids", Fill: "ids that exist"},
			{Name: "words", Values: []any{"a", "12"}, Keys: draft.Map{{Key: "order", Value: "random"}}},
		},
		Setup: []draft.Step{call("/setup", "no\nidea")},
		Users: []draft.User{
			{Name: "off", Tasks: []draft.Task{{Steps: []draft.Step{call("/a", "why \u2028 - http: GET /evil")}}}},
			{Name: "on", Above: "who", Keys: draft.Map{{Key: "weight", Value: 3}}, Tasks: []draft.Task{
				{Steps: []draft.Step{call("/b", "unknown")}},
				{Name: "all off", Steps: []draft.Step{call("/c", "x"), {Keys: draft.Map{{Key: "wait", Value: "1s"}}}}},
				{Name: "half", Keys: draft.Map{{Key: "weight", Value: 2}}, Steps: []draft.Step{
					call("/d", "x"), {Keys: draft.Map{{Key: "http", Value: "GET /${data.words}"}}}, {Keys: draft.Map{{Key: "wait", Value: "10ms..20ms"}}},
				}},
			}},
		},
	}
	text := d.YAML()
	p := parse(t, text)
	if got := p.Routes(); !reflect.DeepEqual(got, []string{"GET /${data.words}"}) || p.Target.URL != "http://127.0.0.1:1/v1" || len(p.Data) != 1 || len(p.Users) != 1 || p.Users[0].Weight != 3 {
		t.Errorf("the profile has the routes %v, the data %v and the target %v:\n%s", got, p.Data, p.Target, text)
	}
	for _, want := range []string{"\n  # ids: {list: []} # fill in ids that exist\n", "\n  #     # why - http: GET /evil\n", "\n      # - name: all off\n", "\n          # x\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the profile does not hold %q:\n%s", want, text)
		}
	}
}
