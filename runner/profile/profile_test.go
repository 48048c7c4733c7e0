package profile_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const corpus = "../../testdata/profiles"

// from is what the profiles of the corpus refer to.
var from = profile.Surroundings{
	Env: func(name string) (string, bool) {
		value, ok := map[string]string{"API_TOKEN": "s3cret", "TARGET_URL": "http://127.0.0.1:8080", "SHOP_PASSWORD": "pa\"ss"}[name]
		return value, ok
	},
	Read: func(path string) ([]byte, error) { return os.ReadFile(filepath.Join(corpus, "files", path)) },
}

func TestCorpusOK(t *testing.T) {
	files, err := filepath.Glob(corpus + "/ok/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no profiles in %s/ok: %v", corpus, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if _, problems := profile.Parse(file, data, from); len(problems) > 0 {
				t.Errorf("problems in a good profile:\n%v", problems)
			}
		})
	}
}

// Beside each bad profile is a file with its problems.
func TestCorpusErr(t *testing.T) {
	files, err := filepath.Glob(corpus + "/err/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no profiles in %s/err: %v", corpus, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, problems := profile.Parse(filepath.Base(file), data, from)
			got := problems.Error() + "\n"
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("problems of %s:\n%s\nwant:\n%s", file, got, want)
			}
		})
	}
}

func TestParseFillsDefaults(t *testing.T) {
	p, problems := profile.Parse("p.yaml", []byte(`
name: shop
target: {url: http://127.0.0.1:8080/}
users: [{name: reader, tasks: [{http: GET /items/42}]}]
`), from)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := profile.Load{
		Users: 1, SpawnRate: 1, Arrivals: profile.Constant, MaxInFlight: 1000,
		RunTime: time.Minute, Rounds: 6, Seed: 1, StopWithin: 10 * time.Second,
	}
	if !reflect.DeepEqual(p.Load, want) {
		t.Errorf("load %+v, want %+v", p.Load, want)
	}
	if p.Target.URL != "http://127.0.0.1:8080" || p.Target.Timeout != 10*time.Second {
		t.Errorf("target %+v", p.Target)
	}
	if line := p.Line("GET /items/42"); line != 4 || p.Line("GET /") != 0 {
		t.Errorf("the route stands in line %d, and another in %d", line, p.Line("GET /"))
	}
	task := p.Users[0].Tasks[0]
	if task.Name != "GET /items/42" || task.Weight != 1 || task.Steps[0].Call.Route() != "GET /items/42" {
		t.Errorf("task %+v", task)
	}
}

func TestParseWaits(t *testing.T) {
	for text, want := range map[string]profile.Wait{
		"1s":             {Kind: profile.WaitBetween, Min: time.Second, Max: time.Second},
		"2":              {Kind: profile.WaitBetween, Min: 2 * time.Second, Max: 2 * time.Second},
		"100ms..500ms":   {Kind: profile.WaitBetween, Min: 100 * time.Millisecond, Max: 500 * time.Millisecond},
		"pace 1s":        {Kind: profile.WaitPace, Period: time.Second},
		"throughput 5/s": {Kind: profile.WaitPace, Period: 200 * time.Millisecond},
	} {
		p, problems := profile.Parse("p.yaml", []byte(`
name: shop
target: {url: http://127.0.0.1}
users: [{name: reader, wait: `+text+`, tasks: [{http: GET /}]}]
`), from)
		if len(problems) > 0 || p.Users[0].Wait != want {
			t.Errorf("wait %q: got %+v, %v; want %+v", text, p.Users[0].Wait, problems, want)
		}
	}
}

// No input makes the parser panic. A profile without a problem is complete.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"/ok/*.yaml", "/err/*.yaml"} {
		files, err := filepath.Glob(corpus + pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	for _, text := range hostile() {
		if len(text) < 50_000 {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, problems := profile.Parse("p.yaml", data, from)
		if len(problems) > 0 {
			return
		}
		if p.Name == "" || p.Target.URL == "" || (len(p.Users) == 0) == (p.Target.Locust == nil) || p.Load.Users < 1 || p.Load.RunTime <= 0 {
			t.Errorf("taken as good, but incomplete: %+v\n%q", p, data)
		}
		for _, u := range p.Users {
			for _, task := range u.Tasks {
				if !whole(task.Steps) {
					t.Errorf("a step is not one of call, wait and group: %q", data)
				}
			}
		}
	})
}

// whole reports whether each step is exactly one of a call, a wait and a group.
func whole(steps []profile.Step) bool {
	for _, s := range steps {
		kinds := 0
		for _, is := range []bool{s.Call != nil, s.Wait != nil, len(s.Steps) > 0} {
			if is {
				kinds++
			}
		}
		if kinds != 1 || !whole(s.Steps) {
			return false
		}
	}
	return true
}

// The nearest group counts, and holds all calls of its route. A stream is in it as a whole.
func TestGroups(t *testing.T) {
	p, problems := profile.Parse("p.yaml", []byte(`
name: shop
target: {url: http://127.0.0.1}
users:
  - name: u
    on_start: [{http: POST /login, group: Accounts}]
    tasks:
      - name: search
        group: Vector Search
        steps:
          - {http: GET /b}
          - {steps: [{http: GET /c}, {http: GET /d, group: Deep}], group: Nested}
          - {http: GET /a}
      - {http: GET /a}
      - {websocket: /live, group: Live, messages: [{receive: 1}]}
      - {http: GET /none}
`), from)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := map[string][]string{
		"Accounts": {"POST /login"}, "Vector Search": {"GET /a", "GET /b"}, "Nested": {"GET /c"}, "Deep": {"GET /d"}, "Live": {"WS /live"},
	}
	if got := p.Groups(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
