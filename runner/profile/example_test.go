package profile_test

import (
	"fmt"
	"os"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

const shop = `
name: shop
target:
  url: http://127.0.0.1:8080
users:
  - name: reader
    wait: 100ms..500ms
    tasks:
      - http: GET /products?page=${int(1,20)}
        name: GET /products
`

// A valid profile has its defaults filled in.
func ExampleParse() {
	p, problems := profile.Parse("plimsoll.yaml", []byte(shop), profile.Surroundings{Env: os.LookupEnv, Read: os.ReadFile})
	if len(problems) > 0 {
		fmt.Println(problems)
		return
	}
	fmt.Println(p.Name, p.Load.Users, p.Load.RunTime, p.Routes())
	// Output: shop 1 1m0s [GET /products]
}

// All problems of a file are reported at once.
func ExampleParse_problems() {
	_, problems := profile.Parse("plimsoll.yaml", []byte("name: My Shop\nload: {user: 5}\n"), profile.Surroundings{})
	fmt.Println(problems)
	// Output:
	// plimsoll.yaml:1:1: target: missing; write what to load: target: {url: "http://127.0.0.1:8080"}
	// plimsoll.yaml:1:1: users: missing; write what users do, for example: users: [{name: reader, tasks: [{http: GET /}]}]
	// plimsoll.yaml:1:7: name: "My Shop" is not a valid name: use 1 to 64 of a to z, 0 to 9, dot, underscore and hyphen
	// plimsoll.yaml:2:8: load.user: unknown key; did you mean "users"?
}

// Flags replace values of a profile.
func ExampleProfile_Apply() {
	p, _ := profile.Parse("plimsoll.yaml", []byte(shop), profile.Surroundings{})
	users := 50
	err := p.Apply(profile.Change{Host: "http://staging.internal", Users: &users})
	fmt.Println(p.Target.URL, p.Load.Users, err)

	none := 0
	fmt.Println(p.Apply(profile.Change{Users: &none}))
	// Output:
	// http://staging.internal 50 <nil>
	// 0 users are out of range: expected 1 to 100000
}

func ExampleTemplate_Parts() {
	for _, part := range profile.Template("GET /items/${int(1,20)}?q=${data.words}").Parts() {
		fmt.Printf("%+v\n", part)
	}
	// Output:
	// {Literal:GET /items/ Variable:}
	// {Literal: Variable:int(1,20)}
	// {Literal:?q= Variable:}
	// {Literal: Variable:data.words}
}

func ExampleParseGenerator() {
	g, ok, err := profile.ParseGenerator("int(1,20)")
	fmt.Println(g.Kind, g.Integers, ok, err)

	_, ok, err = profile.ParseGenerator("int(20,1)")
	fmt.Println(ok, err)

	_, ok, err = profile.ParseGenerator("token")
	fmt.Println(ok, err)
	// Output:
	// int [1 20] true <nil>
	// true ${int(20,1)}: write the smaller number first
	// false <nil>
}

// The schema comes from the readers that Parse uses. The gate: section has one of its own.
func ExampleSchema() {
	schema := profile.Schema(&strict.Schema{Type: "object"})
	fmt.Println(schema.Required)
	for _, key := range schema.Properties {
		fmt.Printf("%s: %s\n", key.Name, key.Value.Description)
	}
	// Output:
	// [name target]
	// name: The series that baselines belong to.
	// target: The system to load.
	// api: Where the operations of the system are described, so that those without a step are told.
	// load: How hard to load, and how long.
	// limits: What a run must never pass.
	// data: Rows that requests are filled with, by name.
	// setup: Steps that are done once for the whole run, before the users start; all users see what they save.
	// users: What users do. Required unless target.locust says what they do.
	// teardown: Steps that are done once, after the last user; they see what setup saved.
	// gate: What counts as worse.
	// history: What becomes of what recorded runs show over time.
	// monitor: What is watched while the load lasts: by default the system that start has started and this machine, each second. none watches nothing.
}
