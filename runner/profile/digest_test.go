package profile_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

const minimal = "name: shop\ntarget: {url: http://127.0.0.1}\nusers: [{name: u, tasks: [{http: GET /}]}]\n"

// every has every key that counts for the digest, with values other than the defaults.
const every = `
name: shop
target:
  url: https://127.0.0.1:${port}
  socket: /tmp/shop.sock
  headers: {X-A: "1", X-B: "${env.API_TOKEN}"}
  timeout: 3s
  http: "1.1"
  redirects: 2
  cookies: false
  connections: shared 4
  tls: {server_name: shop, insecure: true}
  start: {build: make, command: "./shop ${port}", dir: sub, env: {A: b}, ready: {http: GET /up, within: 5s}, stop_within: 2s}
load: {users: 9, spawn_rate: 3, warm_up: 2s, run_time: 30s, rounds: 3, seed: 7, stop_within: 1s}
data:
  words: {list: [boots, tent], order: shuffle}
users:
  - name: reader
    weight: 3
    wait: 100ms..500ms
    on_start: [{http: POST /login, json: {user: "${user.id}"}, save: {token: token}}]
    tasks:
      - name: browse
        weight: 2
        tags: [fast]
        steps:
          - http: GET /items/${data.words}
            name: item
            headers: {Authorization: "${token}"}
            expect: {status: [200, 304], json: {"items.#": "> 0", name: "boots"}, within: 50ms}
            save: {id: items.0.id}
          - wait: 5ms
          - http: POST /cart
            body: ""
    on_stop: [{http: POST /logout}]
  - {name: writer, fixed: 1, wait: pace 1s, tasks: [{http: PUT /x}]}
`

// more has keys that were added later, with values other than the defaults.
const more = `
name: shop
target: {url: http://127.0.0.1}
data: {items: {file: items.csv, separator: ";"}, list: {list: [17, boots]}, paths: {list: [/a]}}
setup: [{http: POST /tenants, save: {tenant: id}}]
users:
  - name: reader
    on_start: [{http: POST /login, form: {user: ada, address: {city: Bonn}}}]
    renew: 10m
    tasks:
      - http: GET ${data.paths}
        expect: {headers: {X-A: exists}, cookies: {sid: exists}, text: Welcome, size: "> 10"}
        save: {a: {text: "x(.)"}, b: {header: Location, match: "[0-9]+"}, c: {cookie: sid}, d: {json: d, optional: true}}
      - http: POST /upload
        multipart: {title: boots, picture: {file: cat.png, name: c.png, type: image/png}}
        repeat: 2..3
        if: {tenant: exists}
      - http: PUT /raw
        body: {file: payload.bin}
      - steps: [{steps: [{http: GET /in}], if: {tenant: x}}]
teardown: [{http: DELETE /tenants}]
`

// open is a profile of the open model, with a shape.
const open = `
name: shop
target: {url: http://127.0.0.1}
load: {stages: [{rate: 5, for: 10s}, {rate: 20, for: 20s}], arrivals: poisson, max_in_flight: 50, warm_up: 5s}
users: [{name: u, tasks: [{http: GET /}]}]
`

func digest(t *testing.T, text string) string {
	t.Helper()
	p, problems := profile.Parse("p.yaml", []byte(text), from)
	if len(problems) > 0 {
		t.Fatalf("%v\n%s", problems, text)
	}
	return p.Digest()
}

// The digests of these profiles must never change: a change would orphan every baseline.
func TestDigestIsPinned(t *testing.T) {
	for text, want := range map[string]string{
		minimal: "92bb46573dad8b00957c3b9bcdda692e9149dd93a2a32c80fb6737faf3eda36f",
		every:   "438c850d167f2b5233be71de9fc3b10b8a75c69a77893205fdcfb5636035feec",
		open:    "dfbd7cb843a4af2ce5bfef9f3c935c55b331f88fb1a5ec927ccdf9d66cd00e00",
	} {
		if got := digest(t, text); got != want {
			t.Errorf("the digest is %s, and was %s, of%s", got, want, text)
		}
	}
}

// Layout, explicit defaults, the gate and the limits do not change the load.
func TestDigestStays(t *testing.T) {
	for name, text := range map[string]string{
		"a comment":     "# a comment\n" + minimal,
		"a gate":        minimal + "gate: {degradation: 5%}\n",
		"limits":        minimal + "limits: {users: 3, rate: 9/s}\n",
		"another order": "users: [{tasks: [{http: GET /}], name: u}]\ntarget: {url: http://127.0.0.1}\nname: shop\n",
		"the defaults":  strings.Replace(minimal, "127.0.0.1", "127.0.0.1, timeout: 10s, http: auto, redirects: 0, cookies: true", 1) + "load: {users: 1, spawn_rate: 1, run_time: 1m, rounds: 6, seed: 1, stop_within: 10s}\n",
		"a weight of 1": strings.Replace(minimal, "name: u", "name: u, weight: 1", 1),
		"the same name": strings.Replace(minimal, "http: GET /", "http: GET /, name: GET /", 1),
		"anchors":       "x-a: &a {url: http://127.0.0.1}\n" + strings.Replace(minimal, "{url: http://127.0.0.1}", "*a", 1),
		"one time":      strings.Replace(minimal, "http: GET /", "http: GET /, repeat: 1", 1),
		"no setup":      minimal + "setup: []\nteardown: []\n",
		"a group":       strings.Replace(minimal, "http: GET /", "http: GET /, group: pages", 1),
		"an empty wait": strings.Replace(minimal, "name: u", "name: u, on_start: [], on_stop: []", 1),
	} {
		if digest(t, text) != digest(t, minimal) {
			t.Errorf("%s changes the digest", name)
		}
	}
}

// Each of these is another load.
func TestDigestChanges(t *testing.T) {
	changes(t, every, [][2]string{
		{"name: shop\n", "name: cart\n"}, {"https://", "http://"}, {"shop.sock", "cart.sock"}, {`X-A: "1"`, `X-A: "2"`}, {"env.API_TOKEN", "env.SHOP_PASSWORD"},
		{"timeout: 3s", "timeout: 4s"}, {`http: "1.1"`, `http: auto`}, {"redirects: 2", "redirects: 3"}, {"cookies: false", "cookies: true"},
		{"shared 4", "shared 5"}, {"server_name: shop", "server_name: cart"}, {", insecure: true", ""}, {"build: make", "build: make all"},
		{"./shop", "./cart"}, {"dir: sub", "dir: sup"}, {"{A: b}", "{A: c}"}, {"/up", "/down"}, {"within: 5s", "within: 6s"}, {"stop_within: 2s", "stop_within: 3s"},
		{"users: 9", "users: 8"}, {"spawn_rate: 3", "spawn_rate: 2"}, {"warm_up: 2s", "warm_up: 1s"}, {"run_time: 30s", "run_time: 60s"}, {"rounds: 3", "rounds: 5"},
		{"seed: 7", "seed: 8"}, {"stop_within: 1s", "stop_within: 4s"}, {"boots, tent", "boots, hat"}, {"shuffle", "random"}, {"name: reader", "name: visitor"},
		{"weight: 3", "weight: 4"}, {"100ms..500ms", "100ms..600ms"}, {"POST /login", "PUT /login"}, {"save: {token: token}", "save: {token: a.token}"},
		{"name: browse", "name: look"}, {"weight: 2", "weight: 5"}, {"[fast]", "[slow]"}, {"/items/${data.words}", "/item/${data.words}"}, {"name: item\n", "name: thing\n"},
		{"Authorization: \"", "Authorization: \"Bearer "}, {"[200, 304]", "[200]"}, {"> 0", "> 1"}, {"within: 50ms", "within: 60ms"}, {"id: items.0.id", "id: items.1.id"},
		{"wait: 5ms", "wait: 6ms"}, {"            body: \"\"\n", ""}, {"POST /logout", "GET /logout"}, {"fixed: 1", "fixed: 2"}, {"pace 1s", "pace 2s"},
	})
	changes(t, more, [][2]string{
		{"items.csv, separator: \";\"", "products.csv"}, {"[17,", "[\"17\","}, {"[17,", "[17.0,"}, {"POST /tenants", "PUT /tenants"}, {"tenant: id", "tenant: {json: id, optional: true}"}, {"user: ada", "user: bob"},
		{"address: {city", "address: {town"}, {"renew: 10m", "renew: 11m"}, {"    renew: 10m\n", ""}, {"${data.paths}", "/${data.paths}"},
		{"headers: {X-A: exists}", "headers: {X-B: exists}"}, {"headers: {X-A: exists}, cookies", "cookies: {X-A: exists}, headers"}, {"cookies: {sid: exists}", "cookies: {sid: x}"}, {"text: Welcome", "text: Hello"}, {"text: Welcome", "text: \"== Welcome\""},
		{"> 10", "> 11"}, {"x(.)", "y(.)"}, {"header: Location", "header: Link"}, {"[0-9]+", "[0-9]"}, {", match: \"[0-9]+\"", ""}, {"cookie: sid}", "cookie: x}"}, {", optional: true", ""},
		{"{json: d, optional: true}", "{header: d, optional: true}"}, {"title: boots", "title: tent"}, {"file: cat.png", "file: payload.bin"}, {"name: c.png", "name: d.png"}, {"image/png", "image/gif"}, {"2..3", "2..4"}, {"        repeat: 2..3\n", ""},
		{"        if: {tenant: exists}\n", ""}, {"tenant: exists", "tenant: y"}, {"body: {file: payload.bin}", "body: {file: cat.png}"}, {"body: {file: payload.bin}", "body: payload.bin"}, {"GET /in", "GET /out"}, {", if: {tenant: x}", ""},
		{"{steps: [{http: GET /in}], if: {tenant: x}}", "{http: GET /in, if: {tenant: x}}"}, {"teardown: [{http: DELETE /tenants}]", ""},
	})
}

// changes expects that each change gives a digest of its own.
func changes(t *testing.T, every string, all [][2]string) {
	t.Helper()
	seen := map[string]string{digest(t, every): "unchanged"}
	for _, change := range all {
		text := strings.Replace(every, change[0], change[1], 1)
		if text == every {
			t.Fatalf("there is no %q", change[0])
		}
		got := digest(t, text)
		if other, there := seen[got]; there {
			t.Errorf("%q instead of %q has the digest of %s", change[1], change[0], other)
		}
		seen[got] = change[1]
	}
}

// A name that no result can contain is refused before the load.
func TestRoutesCanBeCounted(t *testing.T) {
	for _, name := range []string{`"a\x00b"`, `"a\tb"`, `"` + strings.Repeat("a", 1001) + `"`} {
		text := strings.Replace(minimal, "http: GET /", "http: GET /, name: "+name, 1)
		if _, problems := profile.Parse("p.yaml", []byte(text), from); len(problems) != 1 || !strings.Contains(problems[0].Text, "cannot be counted") {
			t.Errorf("%.20s: %v", name, problems)
		}
	}
}

// If you add a field to the profile, decide here whether it counts for the digest, and in digest.go how.
func TestDigestKnowsEveryField(t *testing.T) {
	const counted = `
		Profile: Name Target Load Data Setup Users Teardown; not Limits API Gate History sendsPort ports uses Monitor
		Target: URL Socket Headers Timeout HTTP Redirects Cookies Connections TLS Start GRPC Locust; not GraphQL
		TLS: CA Cert ServerName Insecure; not Key
		Header: Name Value
		Start: Build Command Dir Env Ready StopWithin
		Ready: Kind Path Log Health Within
		Load: Users SpawnRate Rate Arrivals MaxInFlight Stages WarmUp RunTime Rounds Seed StopWithin
		Stage: Users Rate For
		Table: Name Order Columns Sum; not Rows
		Behaviour: Name Weight Fixed Wait OnStart Renew OnStop Tasks
		Wait: Kind Min Max Period
		Task: Name Weight Tags Steps
		Step: Call Wait Steps Repeat If
		Call: Routes Save Within Content Messages; not Line Group
		Save: Name Of Path Match Optional; not Place
		Message: Route Wait Sends Repeat Awaits Count For Within Save Content
		Repeat: Min Max
		HTTP: Method Path Headers Sends Body JSON Fields File Status Expect
		GRPCTarget: URL MaxMessage Compress; not Proto Protoset Import Described
		Locust: Sum Classes Args Tags ExcludeTags; not File Command
		GRPC: Method Message Metadata Codes Expect; not Place
		GRPCMessage: Send Reply Expect; not Place
		Tree: Kind Text Keys Items; not Place Named
		GraphQL: Operation Path Headers Variables Files Persisted Status Errors Expect
		GraphQLFile: At File
		FormField: Name Value File
		File: Name Type Content
		Condition: Of Path Op Operand Text; not Place`
	types := map[string]reflect.Type{}
	for _, value := range []any{
		profile.Profile{}, profile.Target{}, profile.TLS{}, profile.Header{}, profile.Start{}, profile.Ready{}, profile.Load{}, profile.Stage{}, profile.Table{},
		profile.Behaviour{}, profile.Wait{}, profile.Task{}, profile.Step{}, profile.Call{}, profile.Save{}, profile.Message{}, profile.Condition{},
		profile.Repeat{}, profile.HTTP{}, profile.Tree{}, profile.GRPC{}, profile.GRPCMessage{}, profile.GRPCTarget{}, profile.Locust{}, profile.GraphQL{}, profile.GraphQLFile{}, profile.FormField{}, profile.File{},
	} {
		types[reflect.TypeOf(value).Name()] = reflect.TypeOf(value)
	}
	for line := range strings.Lines(strings.TrimSpace(counted)) {
		name, fields, _ := strings.Cut(strings.TrimSpace(line), ":")
		known := map[string]bool{}
		for _, field := range strings.Fields(strings.ReplaceAll(fields, "; not", "")) {
			known[field] = true
		}
		for i := range types[name].NumField() {
			if field := types[name].Field(i).Name; !known[field] {
				t.Errorf("does %s.%s count for the digest?", name, field)
			}
		}
		if len(known) != types[name].NumField() {
			t.Errorf("%s has %d fields, %d are known here", name, types[name].NumField(), len(known))
		}
	}
}
