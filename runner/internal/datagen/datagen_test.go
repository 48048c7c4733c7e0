package datagen_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// makePlan is a plan of one request to a path, with a body.
func makePlan(t testing.TB, load, data, path, body string) (*plan.Plan, *plan.HTTP) {
	t.Helper()
	p, problems := profile.Parse("p.yaml", []byte(fmt.Sprintf(`
name: p
target: {url: "http://127.0.0.1"}
load: %s
data: %s
users: [{name: u, tasks: [{http: 'GET %s', json: %s}]}]`, load, data, path, body)), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	return made, made.Calls[0].Content.(*plan.HTTP)
}

func TestGenerators(t *testing.T) {
	for text, pattern := range map[string]string{
		`"${uuid}"`:          `^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$`,
		`"${int(3,5)}"`:      `^[345]$`,
		`"${int(-9,-9)}"`:    `^-9$`,
		`"n ${int(3,5)}"`:    `^"n [345]"$`,
		`{"${int(3,5)}": 1}`: `^\{"[345]":1\}$`,
		`["${int(1,9)}", "${seq}", "${user.id}"]`: `^\[[1-9],1,4\]$`,
		`"${float(2,3)}"`:                         `^2(\.[0-9]+)?$`,
		`"${floats(3)}"`:                          `^\[-?[0-9.e-]+,-?[0-9.e-]+,-?[0-9.e-]+\]$`,
		`"${word}"`:                               `^"[^"]+"$`,
		`"${sentence(3)}"`:                        `^"[A-Z][^"]* [^"]+ [^"]+\."$`,
		`"${name}"`:                               `^"[^"]+ [^"]+"$`,
		`"${email}"`:                              `^"[a-z.-]+\.[0-9a-z]+@example\.com"$`,
		`"${now}"`:                                `^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"$`,
	} {
		p, q := makePlan(t, "{users: 10}", "{}", "/", text)
		got := string(datagen.New(p).User(4, 0).Append(nil, q.Body))
		if !regexp.MustCompile(pattern).MatchString(got) || !json.Valid([]byte(got)) {
			t.Errorf("%s makes %s, want %s", text, got, pattern)
		}
	}
}

// Values from outside cannot break out of their place.
func TestEscapes(t *testing.T) {
	const nasty = "a b/ü\"\\\n&?#%\x00\t\r."
	quoted, err := json.Marshal([]string{nasty})
	if err != nil {
		t.Fatal(err)
	}
	p, q := makePlan(t, "{users: 1}", "{x: {list: "+string(quoted)+"}}", "/${data.x}", `"${data.x}"`)
	u := datagen.New(p).User(0, 0)
	path := string(u.Append(nil, q.Path))
	if back, err := url.PathUnescape(strings.TrimPrefix(path, "/")); err != nil || back != nasty || strings.ContainsAny(path[1:], " /?#\"") {
		t.Errorf("the path is %q", path)
	}
	var back string
	if err := json.Unmarshal(u.Append(nil, q.Body), &back); err != nil || back != nasty {
		t.Errorf("the body is %s: %v", u.Append(nil, q.Body), err)
	}
	header := u.Append(nil, plan.Text{{Kind: plan.Column, Escape: plan.HeaderValue}})
	if want := strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(nasty); string(header) != want {
		t.Errorf("the header is %q, want %q", header, want)
	}
}

// Users take the rows in turn, for any numbers of users and rows. No row is drawn twice before all are
// used, and each draw of a user gives another row.
func TestRows(t *testing.T) {
	for _, order := range []string{"sequential", "shuffle"} {
		for users := 1; users <= 12; users++ {
			for rows := 1; rows <= 12; rows++ {
				var list []string
				for i := range rows {
					list = append(list, fmt.Sprintf("r%d", i))
				}
				p, q := makePlan(t, fmt.Sprintf("{users: %d}", users), fmt.Sprintf("{x: {list: [%s], order: %s}}", strings.Join(list, ", "), order), "/${data.x}", `"${data.x}"`)
				source := datagen.New(p)
				var all []*datagen.User
				for i := range users {
					all = append(all, source.User(i, 0))
				}
				seen, met := map[string]int{}, map[*datagen.User]map[string]bool{}
				for drawn := range 3 * rows * users {
					u := all[drawn%users]
					u.NextTask()
					row := strings.TrimPrefix(string(u.Append(nil, q.Path)), "/")
					if body := string(u.Append(nil, q.Body)); body != `"`+row+`"` {
						t.Fatalf("two rows in one task: %s and %s", row, body)
					}
					if met[u] == nil {
						met[u] = map[string]bool{}
					}
					if met[u][row] = true; drawn/users == rows-1 && len(met[u]) < rows-1 {
						t.Fatalf("%s, %d users, %d rows: a user met only %v in %d draws", order, users, rows, met[u], rows)
					}
					seen[row]++
					if least, most := len(seen), drawn/rows+1; least < min(drawn+1, rows) || seen[row] > most {
						t.Fatalf("%s, %d users, %d rows: after %d draws %v", order, users, rows, drawn+1, seen)
					}
				}
			}
		}
	}
}

// A user alone takes a sequential table from its beginning, again and again.
func TestSequential(t *testing.T) {
	p, q := makePlan(t, "{users: 1}", "{x: {list: [a, b, c]}}", "/${data.x}", `""`)
	u := datagen.New(p).User(0, 0)
	var got []string
	for range 7 {
		u.NextTask()
		got = append(got, string(u.Append(nil, q.Path)))
	}
	if want := []string{"/a", "/b", "/c", "/a", "/b", "/c", "/a"}; !slices.Equal(got, want) {
		t.Errorf("drew %v, want %v", got, want)
	}
}

// Equal plans give equal values; other users and other seeds others.
func TestSeeds(t *testing.T) {
	values := func(seed, user int) string {
		p, q := makePlan(t, fmt.Sprintf("{users: 9, seed: %d}", seed), "{}", "/", `"${uuid} ${word} ${int(0,1000000)}"`)
		u := datagen.New(p).User(user, 0)
		return string(u.Append(u.Append(nil, q.Body), q.Body))
	}
	first, again := values(1, 1), values(1, 1)
	if first != again || first == values(1, 2) || first == values(2, 1) {
		t.Errorf("seeds: %s, %s, %s, %s", first, again, values(1, 2), values(2, 1))
	}
}

func TestSavedValues(t *testing.T) {
	p, _ := makePlan(t, "{users: 1}", "{}", "/", `""`)
	p.Lasting = 2
	u := datagen.New(p).User(0, 3)
	for slot, text := range []string{"", "first", "of a task"} {
		u.Save(slot, profile.Value{Kind: profile.TextValue, Text: text})
	}
	u.Save(1, profile.Value{Kind: profile.TextValue, Text: "2"})
	show := func() string {
		return string(u.Append(nil, plan.Text{{Kind: plan.Saved, Slot: 1}, {Literal: "."}, {Kind: plan.Saved}, {Literal: "."}, {Kind: plan.Saved, Slot: 2}}))
	}
	if got := show(); got != "2..of a task" {
		t.Errorf("saved %q", got)
	}
	if u.Reset(5); show() != "2.." {
		t.Errorf("another arrival sees %q", show())
	}
	u.Save(2, profile.Value{Kind: profile.TextValue, Text: "again"})
	if u.NextTask(); show() != "2.." || u.Saved(2) != (profile.Value{}) {
		t.Errorf("another task sees %q", show())
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("a b\"\\\n")
	f.Fuzz(func(t *testing.T, value string) {
		p, _ := makePlan(t, "{users: 1}", "{}", "/", `""`)
		u := datagen.New(p).User(0, 1)
		u.Save(0, profile.Value{Kind: profile.TextValue, Text: value})
		got := string(u.Append(nil, plan.Text{{Kind: plan.Saved, Escape: plan.URL}}))
		if back, err := url.PathUnescape(got); err != nil || back != value || strings.ContainsAny(got, " \r\n/?#") {
			t.Errorf("%q becomes %q in a URL", value, got)
		}
		text := `"` + string(u.Append(nil, plan.Text{{Kind: plan.Saved, Escape: plan.JSON}})) + `"`
		var back string
		if err := json.Unmarshal([]byte(text), &back); err != nil || back != strings.ToValidUTF8(value, "\ufffd") && back != value {
			if strings.ToValidUTF8(value, "") == value { // JSON has no form for invalid UTF-8
				t.Errorf("%q becomes %s in JSON: %v", value, text, err)
			}
		}
		for _, c := range u.Append(nil, plan.Text{{Kind: plan.Saved, Escape: plan.HeaderValue}}) {
			if c < 0x20 && c != '\t' {
				t.Errorf("%q keeps a control character in a header", value)
			}
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	p, q := makePlan(b, "{users: 1}", "{x: {list: [a, b, c]}}", "/products/${data.x}", `{sku: "SKU-${int(1,1000)}", note: "${sentence(8)}", ref: "${uuid}", name: "${name}"}`)
	u := datagen.New(p).User(0, 0)
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		u.NextTask()
		buffer = u.Append(u.Append(buffer[:0], q.Path), q.Body)
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	p, q := makePlan(t, "{users: 1}", "{x: {list: [a, b, c]}}", "/products/${data.x}", `{sku: "SKU-${int(1,1000)}", note: "${sentence(8)}", ref: "${uuid}", mail: "${email}", v: "${floats(9)}", at: "${now}"}`)
	u := datagen.New(p).User(0, 0)
	buffer := make([]byte, 0, 1<<16)
	if n := testing.AllocsPerRun(100, func() { u.NextTask(); buffer = u.Append(u.Append(buffer[:0], q.Path), q.Body) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Every generator that the profile knows makes something.
func TestAllGenerators(t *testing.T) {
	for _, name := range profile.Generators() {
		for _, arguments := range []string{"", "(2)", "(2,3)"} {
			g, _, err := profile.ParseGenerator(name + arguments)
			if err != nil {
				continue // it takes another number of arguments
			}
			p, _ := makePlan(t, "{users: 10}", "{}", "/", "{}")
			text := plan.Text{{Kind: plan.Generated, Generator: g}}
			if got := datagen.New(p).User(4, 0).Append(nil, text); len(got) == 0 {
				t.Errorf("${%s%s} makes nothing", name, arguments)
			}
			break
		}
	}
}
