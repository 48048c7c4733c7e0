package plan_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func env(name string) (string, bool) {
	value, ok := map[string]string{"API_TOKEN": "s3cret", "TARGET_URL": "http://127.0.0.1:8080", "SHOP_PASSWORD": "pa\"ss", "LINES": "a\r\nb", "PIN": "471", "CITY": "K\u00f6ln", "FOUR": "4711", "EMPTY": ""}[name]
	return value, ok
}

// makeFrom is the plan of a whole profile.
func makeFrom(t testing.TB, text string, shard plan.Shard) (*plan.Plan, error) {
	t.Helper()
	p, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{
		Env: env,
		Read: func(path string) ([]byte, error) {
			return os.ReadFile(filepath.Join("../../testdata/profiles/files", path))
		},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return plan.Make(p, plan.Values{Port: 4711, Env: env, Shard: shard})
}

// makePlan is the plan of a profile without its name and target.
func makePlan(t testing.TB, yaml string) *plan.Plan {
	t.Helper()
	p, err := makeFrom(t, "name: p\ntarget: {url: \"http://127.0.0.1/base/\"}\n"+yaml, plan.Shard{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The plans of all good profiles of the corpus, in words.
func TestWords(t *testing.T) {
	files, err := filepath.Glob("../../testdata/profiles/ok/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no profiles: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := makeFrom(t, string(text), plan.Shard{})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var b strings.Builder
		if err := p.Words(&b); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n%v\n", p)
		golden := filepath.Join("testdata", strings.TrimSuffix(filepath.Base(file), ".yaml")+".txt")
		if *update {
			if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("%s:\n%s\nwant:\n%s", file, b.String(), want)
		}
	}
}

// show is a Text as a person would write it.
func show(t plan.Text) string {
	var b strings.Builder
	for _, p := range t {
		if p.Kind == plan.Literal {
			b.WriteString(p.Literal)
		} else {
			fmt.Fprintf(&b, "<%d%s/%d>", p.Kind, p.Generator.Kind, p.Escape)
		}
	}
	return b.String()
}

func TestCompile(t *testing.T) {
	p := makePlan(t, `
data: {products: {file: products.csv}}
users:
  - name: u
    tasks:
      - http: POST /cart/${data.products.sku}?key=${env.API_TOKEN}
        headers: {X-A: "${env.API_TOKEN}-${uuid}", content-type: text/x}
        json: {a: "${env.SHOP_PASSWORD}", n: "${int(1,2)}", list: ["${floats(3)}"], "${seq}": "x ${seq}", s: "${data.products.name}"}
        save: {b: x, a: y}`)
	c := p.Behaviours[0].Tasks[0].Steps[0].Call
	q := c.Content.(*plan.HTTP)
	if got, want := show(q.Path), fmt.Sprintf("/base/cart/<%d/%d>?key=s3cret", plan.Column, plan.URL); got != want {
		t.Errorf("path %s, want %s", got, want)
	}
	want := fmt.Sprintf(`{"a":"pa\"ss","n":<%[1]dint/%[3]d>,"list":[<%[1]dfloats/%[3]d>],"<%[1]dseq/%[2]d>":"x <%[1]dseq/%[2]d>","s":<%[4]d/%[5]d>}`,
		plan.Generated, plan.JSON, plan.Plain, plan.Column, plan.JSONWhole)
	if got := show(q.Body); got != want {
		t.Errorf("body %s\nwant %s", got, want)
	}
	if len(q.Headers) != 2 || show(q.Headers[0].Value) != fmt.Sprintf("s3cret-<%duuid/%d>", plan.Generated, plan.HeaderValue) {
		t.Errorf("headers %+v", q.Headers)
	}
	if p.Behaviours[0].Slots != 2 || c.Save[0].Slot != 1 || c.Save[1].Slot != 0 {
		t.Errorf("saves %+v", c.Save)
	}
	if p.Routes[c.Route()].Name != "POST /cart/${data.products.sku}?key=${env.API_TOKEN}" {
		t.Errorf("the route shows a secret: %v", p.Routes[c.Route()])
	}
}

// Letters past ASCII are encoded in the same way in target.url, in the profile and in the environment.
// Names of routes stay as written.
func TestPathIsEscaped(t *testing.T) {
	p, err := makeFrom(t, "name: p\ntarget: {url: \"http://h/\u00fc/\"}\nusers: [{name: u, tasks: [{http: \"GET /caf\u00e9/${env.CITY}/%C3%A9?q=\u00fc|100%\"}]}]", plan.Shard{})
	if err != nil {
		t.Fatal(err)
	}
	got := show(p.Calls[0].Content.(*plan.HTTP).Path)
	if want := "/%C3%BC/caf%C3%A9/K%C3%B6ln/%C3%A9?q=%C3%BC%7C100%25"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := p.Routes[0].Name, "GET /caf\u00e9/${env.CITY}/%C3%A9?q=\u00fc|100%"; got != want {
		t.Errorf("the route %s, want %s", got, want)
	}
}

func TestMakeRefuses(t *testing.T) {
	for text, sentence := range map[string]string{
		"name: p\ntarget: {url: \"http://${env.LINES}\"}\nusers: [{name: u, tasks: [{http: GET /}]}]":                      "target.url is not a valid URL",
		"name: p\ntarget: {url: \"http://h\", headers: {A: \"${env.LINES}\"}}\nusers: [{name: u, tasks: [{http: GET /}]}]": "${env.LINES} contains a line break",
	} {
		if _, err := makeFrom(t, text, plan.Shard{}); err == nil || !strings.Contains(err.Error(), sentence) || strings.Contains(err.Error(), "pa\"ss") {
			t.Errorf("%s: %v, want %q", text, err, sentence)
		}
	}
}

// Values of the environment are secrets, even if only a request uses them. A value that is too short to
// mask is refused if the profile starts a system.
func TestSecrets(t *testing.T) {
	const text = "name: p\ntarget: {url: \"http://h\", headers: {A: \"${env.FOUR}${env.API_TOKEN}${env.FOUR}${env.EMPTY}%s\"}%s}\nusers: [{name: u, tasks: [{http: GET /}]}]"
	const start = ", start: {command: srv}"
	p, err := makeFrom(t, fmt.Sprintf(text, "", start), plan.Shard{})
	if want := []plan.Secret{{Name: "FOUR", Value: "4711"}, {Name: "API_TOKEN", Value: "s3cret"}}; err != nil || !slices.Equal(p.Start.Secrets, want) {
		t.Errorf("secrets %v, %v; want %v", p.Start, err, want)
	}
	if _, err := makeFrom(t, fmt.Sprintf(text, "${env.PIN}", ""), plan.Shard{}); err != nil {
		t.Errorf("nothing is started: %v", err)
	}
	_, err = makeFrom(t, fmt.Sprintf(text, "${env.PIN}", start), plan.Shard{})
	if err == nil || !strings.HasPrefix(err.Error(), "p.yaml:2:40: target.headers.A: ${env.PIN} is only 3 bytes, too short to mask") || strings.Contains(err.Error(), "471") {
		t.Errorf("a value of 3 bytes: %v", err)
	}
}

func TestAllowed(t *testing.T) {
	for _, c := range []struct {
		host     string
		patterns []string
		want     bool
	}{
		{"127.0.0.1", nil, false},
		{"127.0.0.1", []string{"127.0.0.1"}, true},
		{"127.0.0.2", []string{"127.0.0.1"}, false},
		{"127.0.0.1", []string{"*.0.0.1"}, false},
		{"[::1]", []string{"0:0:0:0:0:0:0:1"}, true},
		{"::1", []string{"[::1]"}, true},
		{"::ffff:127.0.0.1", []string{"127.0.0.1"}, true},
		{"a.shop.internal", []string{"*.shop.internal"}, true},
		{"a.b.shop.internal", []string{"*.shop.internal"}, true},
		{"A.Shop.Internal.", []string{"*.shop.INTERNAL"}, true},
		{"shop.internal", []string{"*.shop.internal"}, false},
		{".shop.internal", []string{"*.shop.internal"}, false},
		{"evilshop.internal", []string{"*.shop.internal"}, false},
		{"shop.internal.evil", []string{"shop.internal"}, false},
		{"shop.internal", []string{"*internal"}, false},
		{"shop.internal", []string{"other", "Shop.internal"}, true},
		{"anything", []string{"*"}, true},
		{"xn--bcher-kva.test", []string{"Bücher.test"}, true},
		{"a.MÜLLER.test", []string{"*.xn--mller-kva.test"}, true},
		{"", []string{"a"}, false},
		{"127.9.9.9", []string{"127.0.0.0/8"}, true},
		{"127.evil.com", []string{"127.0.0.0/8"}, false},
		{"10.0.0.1", []string{"127.0.0.0/8", "10.0.1.0/24"}, false},
		{"fe80::1%lo", []string{"fe80::1"}, true},
		{"fe80::1%lo", []string{"fe80::/10"}, true},
		{"fe80::1%lo", []string{"fe80::1%lo"}, true},
		{"fe80::1%lo", []string{"fe80::1%eth0"}, false},
		{"fe80::1", []string{"fe80::1%lo"}, false},
	} {
		if got := plan.Allowed(c.host, c.patterns); got != c.want {
			t.Errorf("Allowed(%q, %q) = %v, want %v", c.host, c.patterns, got, c.want)
		}
	}
}

// Weights come out as asked: Pearson's χ² over many draws stays below its 99.99 % quantile,
// for users, behaviours of arrivals, and tasks.
func TestWeightsComeOutAsAsked(t *testing.T) {
	p := makePlan(t, `
load: {rate: 100/s, run_time: 100s}
users:
  - {name: a, weight: 5, tasks: [{http: GET /1, weight: 1}, {http: GET /2, weight: 2}, {http: GET /3, weight: 7}]}
  - {name: b, weight: 3, tasks: [{http: GET /1}]}
  - {name: c, weight: 2, tasks: [{http: GET /1}]}`)
	const draws = 20_000
	behaviours, tasks := make([]float64, 3), map[string]float64{}
	for i := range draws {
		c := p.Chooser(i) // a fresh one each time, like arrivals: the first draws must be random
		behaviours[c.Behaviour()]++
		tasks[c.Task(0).Name]++
	}
	chi := func(counts, weights []float64) (sum float64) {
		total := 0.0
		for _, w := range weights {
			total += w
		}
		for i := range counts {
			want := draws * weights[i] / total
			sum += (counts[i] - want) * (counts[i] - want) / want
		}
		return sum
	}
	const limit = 18.42 // χ² with 2 degrees of freedom, 99.99 %: -2·ln(0.0001)
	if got := chi(behaviours, []float64{5, 3, 2}); got > limit {
		t.Errorf("behaviours %v: χ² is %.1f", behaviours, got)
	}
	if got := chi([]float64{tasks["GET /1"], tasks["GET /2"], tasks["GET /3"]}, []float64{1, 2, 7}); got > limit {
		t.Errorf("tasks %v: χ² is %.1f", tasks, got)
	}
	if got := chi(behaviours, []float64{5, 2, 3}); got < limit {
		t.Error("the test detects nothing: swapped weights pass it")
	}
}

// Fixed users start first. Then the shares are as near to the weights as whole users allow, at every moment
// of the ramp.
func TestUsersAreDealt(t *testing.T) {
	p := makePlan(t, `
load: {users: 52, spawn_rate: 10, run_time: 60s}
users:
  - {name: a, weight: 3, tasks: [{http: GET /}]}
  - {name: b, fixed: 2, tasks: [{http: GET /}]}
  - {name: c, weight: 2, tasks: [{http: GET /}]}`)
	counts := [3]int{}
	for i, u := range p.Users {
		counts[u.Behaviour]++
		if i < 2 {
			continue
		}
		if share := float64(counts[0]) - 0.6*float64(i-1); math.Abs(share) > 1 || counts[1] != 2 {
			t.Errorf("after %d users: %v", i+1, counts)
		}
	}
	if last := p.Users[51].Spans[0]; last.From != 5100*time.Millisecond || p.WarmUp != last.From || last.To != p.Length() {
		t.Errorf("the last is at work %v, the warm-up is %v", last, p.WarmUp)
	}
}

func TestStageSpans(t *testing.T) {
	p := makePlan(t, `
load: {stages: [{users: 4, for: 4s}, {users: 4, for: 2s}, {users: 1, for: 3s}, {users: 2, for: 1s}], rounds: 1}
users: [{name: a, tasks: [{http: GET /}]}]`)
	s := time.Second
	want := [][]plan.Span{{{0, 10 * s}}, {{1 * s, 9 * s}, {9 * s, 10 * s}}, {{2 * s, 8 * s}}, {{3 * s, 7 * s}}}
	for i, u := range p.Users {
		if !slices.Equal(u.Spans, want[i]) {
			t.Errorf("user %d: %v, want %v", i, u.Spans, want[i])
		}
	}
}

// Any number of shards together have exactly the users and arrivals of the whole.
func TestShardsPartitionThePlan(t *testing.T) {
	const users = "\nusers: [{name: a, weight: 2, tasks: [{http: GET /}]}, {name: b, tasks: [{http: GET /}]}]"
	loads := []string{
		"{users: 70, spawn_rate: 10}", "{rate: 33/s, run_time: 10s}", "{rate: 33/s, arrivals: poisson, run_time: 10s}",
		"{stages: [{users: 64, for: 10s}, {users: 5, for: 10s}]}", "{stages: [{rate: 20, for: 10s}, {rate: 0, for: 5s}], arrivals: poisson}",
	}
	of := func(t testing.TB, load string, shard plan.Shard) (all []string) {
		p, err := makeFrom(t, "name: p\ntarget: {url: \"http://127.0.0.1\"}\nload: "+load+users, shard)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range p.Users {
			all = append(all, fmt.Sprint(u))
		}
		if p.Open != nil {
			for a := p.Arrivals(); ; {
				i, due, ok := a.Next()
				if !ok {
					break
				}
				all = append(all, fmt.Sprint(i, due))
			}
		}
		return all
	}
	rapid.Check(t, func(rt *rapid.T) {
		load, n := rapid.SampledFrom(loads).Draw(rt, "load"), rapid.IntRange(1, 64).Draw(rt, "shards")
		var parts []string
		for i := range n {
			parts = append(parts, of(t, load, plan.Shard{I: i, N: n})...)
		}
		whole := of(t, load, plan.Shard{})
		slices.Sort(parts)
		slices.Sort(whole)
		if !slices.Equal(parts, whole) || len(whole) < 20 {
			rt.Fatalf("%s: %d shards have %d users or arrivals, the whole has %d", load, n, len(parts), len(whole))
		}
	})
}

// Arrivals follow their rate. Poisson arrivals have the variance of a Poisson process.
func TestArrivals(t *testing.T) {
	count := func(p *plan.Plan, from, to time.Duration) (n int) {
		last := time.Duration(-1)
		for a := p.Arrivals(); ; {
			_, due, ok := a.Next()
			if !ok {
				return n
			}
			if due < last || due >= p.Length() {
				t.Fatalf("an arrival at %v follows one at %v, of %v", due, last, p.Length())
			}
			if last = due; due >= from && due < to {
				n++
			}
		}
	}
	const user = "\nusers: [{name: a, tasks: [{http: GET /}]}]"
	s := time.Second
	constant := makePlan(t, "load: {rate: 100/s, warm_up: 5s, run_time: 10s}"+user)
	if got := count(constant, 0, 15*s); got != 1500 {
		t.Errorf("%d constant arrivals, want 1500", got)
	}
	ramp := makePlan(t, "load: {stages: [{rate: 100, for: 10s}, {rate: 100, for: 10s}, {rate: 0, for: 10s}], rounds: 1}"+user)
	for _, c := range []struct {
		from, to time.Duration
		want     float64
	}{{0, 5 * s, 125}, {5 * s, 10 * s, 375}, {10 * s, 20 * s, 1000}, {20 * s, 25 * s, 375}, {25 * s, 30 * s, 125}} {
		if got := count(ramp, c.from, c.to); math.Abs(float64(got)-c.want) > 1 {
			t.Errorf("%d arrivals from %v to %v, want %v", got, c.from, c.to, c.want)
		}
	}
	sum, squares := 0.0, 0.0
	const seeds = 200
	for seed := range seeds {
		n := float64(count(makePlan(t, fmt.Sprintf("load: {rate: 10/s, arrivals: poisson, seed: %d, run_time: 10s}", seed)+user), 0, 10*s))
		sum, squares = sum+n, squares+n*n
	}
	mean := sum / seeds
	variance := squares/seeds - mean*mean
	if math.Abs(mean-100) > 3 || variance < 70 || variance > 135 { // sd of the mean 0.7, of the variance 10
		t.Errorf("Poisson arrivals in 10 s: mean %.1f, variance %.1f, want 100 and 100", mean, variance)
	}
}
