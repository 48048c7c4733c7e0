package plan_test

import (
	"fmt"
	"os"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// planned is the plan of a profile, as an example shows it.
func planned(text string) *plan.Plan {
	p, problems := profile.Parse("plimsoll.yaml", []byte(text), profile.Surroundings{})
	if len(problems) > 0 {
		panic(problems)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		panic(err)
	}
	return made
}

func ExampleMake() {
	p, problems := profile.Parse("plimsoll.yaml", []byte(`
name: shop
target: {url: "http://127.0.0.1:8080/v1"}
load: {users: 10, spawn_rate: 5, run_time: 60s}
users:
  - name: reader
    wait: 1s
    tasks: [{http: "GET /items/${int(1,20)}"}, {http: GET /, weight: 3}]
`), profile.Surroundings{})
	if err := problems.Err(); err != nil {
		fmt.Println(err)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(made.WarmUp, made.Rounds, made.RoundLength, len(made.Users))
	for _, call := range made.Calls {
		http := call.Content.(*plan.HTTP)
		path, fixed := http.Path.Static()
		fmt.Println(made.Routes[call.Route()].Name, http.Method, path, fixed)
	}
	// Output:
	// 1.8s 6 10s 10
	// GET /items/${int(1,20)} GET  false
	// GET / GET /v1/ true
}

func ExamplePlan_Words() {
	p := planned(`
name: shop
target: {url: "http://127.0.0.1:8080"}
load: {rate: 50/s, run_time: 60s}
users:
  - name: reader
    tasks: [{http: GET /items/1}, {http: GET /, weight: 3}]
`)
	if err := p.Words(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// shop loads http://127.0.0.1:8080.
	// Nothing is sent to hosts other than localhost, 127.0.0.0/8, ::1.
	// Tasks arrive at 50/s, constant, even if the system is slow: about 3000 in all. While 1000 are under way, another arrival is dropped, which is a failure.
	// 0s of warm-up, then 6 rounds of 10s, which are judged: 1m in all.
	// reader: 100.0 % of the tasks
	//    25.0 %  GET /items/1  (about 750 times)
	//    75.0 %  GET /  (about 2250 times)
}

// The same plan makes the same choices in every run.
func ExamplePlan_Chooser() {
	p := planned(`
name: shop
target: {url: "http://127.0.0.1:8080"}
users: [{name: reader, wait: 1s..3s, tasks: [{http: GET /a}, {http: GET /b}]}]
`)
	for range 2 {
		choices := p.Chooser(7) // of the user with that index
		for range 3 {
			fmt.Print(choices.Task(0).Name, " ")
		}
		due := choices.Wait(p.Behaviours[0].Wait, time.Minute)
		fmt.Println(due > 61*time.Second && due < 63*time.Second)
	}
	// Output:
	// GET /a GET /b GET /b true
	// GET /a GET /b GET /b true
}

func ExamplePlan_Arrivals() {
	p := planned(`
name: shop
target: {url: "http://127.0.0.1:8080"}
load: {stages: [{rate: 2, for: 2s}], rounds: 1}
users: [{name: reader, tasks: [{http: GET /}]}]
`)
	arrivals := p.Arrivals()
	for index, due, ok := arrivals.Next(); ok; index, due, ok = arrivals.Next() {
		fmt.Println(index, due.Round(time.Millisecond))
	}
	// Output:
	// 0 0s
	// 1 1.414s
}

// Two systems that are loaded by the same shifts get the same load.
func ExamplePlan_Shift() {
	p := planned(`
name: shop
target: {url: "http://127.0.0.1:8080"}
load: {users: 2, spawn_rate: 1, run_time: 60s, warm_up: 5s}
users: [{name: reader, tasks: [{http: GET /}]}]
`)
	fmt.Println(p.WarmUpShift())
	fmt.Println(p.Shift(1, 100*time.Millisecond, time.Second))
	// Output:
	// shop: 2 users, 5s warm-up, 0 rounds of 10s
	// shop: 2 users, 100ms warm-up, 1 round of 1s
}

func ExampleAllowed() {
	hosts := []string{"*.internal", "10.0.0.0/8"}
	for _, host := range []string{"shop.internal", "internal", "10.1.2.3", "example.com"} {
		fmt.Println(host, plan.Allowed(host, hosts))
	}
	// Output:
	// shop.internal true
	// internal false
	// 10.1.2.3 true
	// example.com false
}

func ExampleJoin() {
	saved := plan.Text{{Kind: plan.Saved, Slot: 0}}
	text := plan.Join(plan.Lit("/items"), plan.Lit("/"), saved)
	fmt.Println(len(text), text[0].Literal)
	_, fixed := text.Static()
	fmt.Println(fixed)
	// Output:
	// 2 /items/
	// false
}

func ExampleNewCondition() {
	fmt.Println(plan.NewCondition(profile.Condition{Path: "items.#", Op: profile.Greater, Operand: "0"}))
	fmt.Println(plan.NewCondition(profile.Condition{Path: "token", Op: profile.Exists}))
	// Output:
	// items.# > 0
	// token exists
}

// ping is the content of a call of a protocol that this version does not speak.
type ping struct{ text profile.Template }

func (p *ping) Protocol() string { return "ping" }
func (p *ping) Route() string    { return "ping " + string(p.text) }
func (p *ping) Canonical() any   { return p.text }

// A protocol is read by package profile and resolved by this one, both through values that are passed.
func ExampleProtocol() {
	words := profile.Protocol{Word: "ping", Example: "ping: hello", Read: func(r *profile.CallReader) profile.Words {
		content := &ping{}
		return profile.Words{
			Step:    []strict.Field{strict.Need("ping", "What is sent.", "write for example: ping: hello", r.Template(&content.text))},
			Content: func(*yaml.Node) profile.Content { return content },
		}
	}}
	resolves := plan.Protocol{Word: "ping", Content: func(r *plan.Resolver, c *profile.Call) any {
		return r.Text(c.Content.(*ping).text, plan.Plain)
	}}
	p, problems := profile.Parse("plimsoll.yaml", []byte(`
name: pong
target: {url: "http://127.0.0.1:8080"}
users: [{name: pinger, tasks: [{ping: "hello ${user.id}"}]}]
`), profile.Surroundings{Protocols: []profile.Protocol{words}})
	if err := problems.Err(); err != nil {
		fmt.Println(err)
	}
	made, err := plan.Make(p, plan.Values{Protocols: []plan.Protocol{resolves}})
	if err != nil {
		fmt.Println(err)
	}
	text := made.Calls[0].Content.(plan.Text)
	fmt.Println(made.Protocols, made.Routes[0].Name, len(text))
	// Output:
	// [ping] ping hello ${user.id} 2
}
