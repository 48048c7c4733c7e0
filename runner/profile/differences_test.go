package profile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

func TestDifferences(t *testing.T) {
	read := func(text string) *profile.Profile {
		t.Helper()
		p, problems := profile.Parse("p.yaml", []byte(text), from)
		if len(problems) > 0 {
			t.Fatalf("%v\n%s", problems, text)
		}
		return p
	}
	check := func(base string, replace []string, want string) {
		t.Helper()
		text := strings.NewReplacer(replace...).Replace(base)
		if text == base {
			t.Fatalf("%q changes nothing", replace)
		}
		var got []string
		for _, d := range profile.Differences(read(base), read(text)) {
			if d.Before == d.Now {
				t.Errorf("%v: before and now are equal", d)
			}
			got = append(got, fmt.Sprintf("%s %s: %s -> %s", d.What, d.Name, d.Before, d.Now))
		}
		if joined := strings.Join(got, " | "); joined != want {
			t.Errorf("%q:\n%s\nwant\n%s", replace, joined, want)
		}
	}
	check(minimal, []string{"GET /", "GET /b"}, "route GET /: requested ->  | route GET /b:  -> requested")
	check(every, []string{"    weight: 3\n", "    weight: 4\n"}, "weight reader: 3 -> 4")
	check(every, []string{"fixed: 1", "weight: 1"}, "weight writer:  -> 1 | fixed writer: 1 -> ")
	check(every, []string{"users: 9", "users: 8"}, "users : 9 -> 8")
	check(every, []string{"run_time: 30s", "run_time: 60s"}, "run_time : 30s -> 1m")
	check(every, []string{"[200, 304]", "[200]"}, "expect item: status [200 304], items.# > 0, name == boots, within 50ms -> status [200], items.# > 0, name == boots, within 50ms")
	check(every, []string{"boots, tent", "boots, hat"}, "data words: 2 rows, shuffle #bee4c2ad -> 2 rows, shuffle #0f351b40")
	check(every, []string{"wait: 5ms", "wait: 6ms"}, "steps reader, browse: item, wait 5ms, POST /cart -> item, wait 6ms, POST /cart")
	check(every, []string{`X-A: "1"`, `X-A: "secret"`}, "headers : X-A, X-B #450ee38a -> X-A, X-B #e8c47a21")
	check(every, []string{"build: make", "build: make all", "# every", ""}, "")
	check(open, []string{"rate: 20", "rate: 30"}, "stages : to 5/s in 10s, to 20/s in 20s -> to 5/s in 10s, to 30/s in 20s")
	check(minimal, []string{"name: u", "name: u, on_start: [{http: GET /login}], renew: 1m"}, "route GET /login:  -> requested | on_start u: none -> GET /login | renew u: 0s -> 1m")
	check(topOfShop, []string{"errors: none", "errors: any, json: {data.top.0.id: exists}, status: 200"}, "expect query Top: none -> status [200], errors any, data.top.0.id exists")
	check(topOfShop, []string{"n: 3", "n: 4"}, `request query Top: query Top($n: Int!, $w: Where) { top(n: $n, where: $w) { id } } {"n":3,"w":{"ids":["${data.products.… -> query Top($n: Int!, $w: Where) { top(n: $n, where: $w) { id } } {"n":4,"w":{"ids":["${data.products.…`)
	const chat = "name: p\ntarget: {url: \"http://127.0.0.1\"}\nusers: [{name: u, tasks: [{websocket: /a, messages: [{send: x, repeat: 2}, {wait: 1s}, {receive: 3}, {receive: {for: 1s}}, {receive: end}]}]}]\n"
	check(chat, []string{"receive: 3", "receive: 4"}, "messages WS /a: send 2 times, wait 1s, receive 3, receive for 1s, receive all -> send 2 times, wait 1s, receive 4, receive for 1s, receive all")
	check(chat, []string{"/a, messages", "/a, subprotocol: x, messages"}, "request WS /a: /a -> /a x")
	check(chat, []string{"send: x, repeat: 2", "send: y"}, "messages WS /a: send 2 times, wait 1s, receive 3, receive for 1s, receive all -> send, wait 1s, receive 3, receive for 1s, receive all")
	const two = "name: p\ntarget: {url: \"http://127.0.0.1\"}\nload: {users: 2, run_time: 9s}\ndata: {t: {file: items.csv, separator: \";\"}}\nusers:\n  - name: u\n    tasks:\n" +
		"      - {http: GET /a, save: {x: {json: id}}}\n      - {http: POST /b, body: x}\n      - {http: POST /b, body: y}\n"
	const b = "      - {http: POST /b, body: x}\n      - {http: POST /b, body: y}\n"
	check(two, []string{b, "      - {http: POST /b, body: y}\n      - {http: POST /b, body: x}\n"}, "")
	check(two, []string{b, b + "      - {http: POST /b, body: y}\n"}, "weight u, POST /b: 1; 1 -> 1; 1; 1")
	check(two, []string{"json: id", "json: items.0.id"}, "save GET /a: x from id -> x from items.0.id")
	check(two, []string{"json: id", "json: id, optional: true"}, "save GET /a: x from id -> x from id if it is there")
	check(two, []string{"users: 2, run_time: 9s", "stages: [{rate: 9, for: 9s}, {rate: 0, for: 1s}]"}, "users : 2 ->  | spawn_rate : 1/s ->  | stages :  -> to 9/s in 9s, to 0/s in 1s | run_time : 9s ->  | wait u: none ->  | arrivals :  -> constant | max_in_flight :  -> 1000")
}
