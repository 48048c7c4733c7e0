package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The scenarios of HTTP/2, gRPC, GraphQL and WebSocket compare what a call costs the generator, in CPU time: the
// servers' libraries are slower than most generators: requests per second would measure the server.
//
// The CPU time is that of the generator's process (user and system). A run of one second goes before each run, and
// the difference of their CPU times is divided by the difference of the calls that the server counted: what a tool
// needs for its start does not count.

// protocolUsers send at the same time, over a connection each or over sharedConnections.
const (
	protocolUsers     = 50
	sharedConnections = 4
)

// costCall is the figure of these scenarios.
const costCall = "CPU µs a call"

var (
	perUser = fmt.Sprintf("%d connections", protocolUsers)
	shared  = fmt.Sprintf("%d connections", sharedConnections)
)

// candidate is one tool in one connection mode.
type candidate struct {
	tool  string
	mode  string
	doing func(job) invocation
}

// name is its name in the table and in the goals.
func (c candidate) name() string { return c.tool + ", " + c.mode }

// costScenario compares candidates on one server.
type costScenario struct {
	target     *server
	url        string // that the tools get
	candidates []candidate
	yardstick  string // the name of a candidate
	goals      []costGoal
}

// costGoal is how many times the cost of one candidate another one must cost at least.
type costGoal struct {
	own, other string
	limit      float64
}

// compareCosts measures the candidates whose tools were found.
func (b *bench) compareCosts(ctx context.Context, s costScenario) (r report, err error) {
	var entries []entry
	for _, c := range s.candidates {
		i := slices.IndexFunc(b.tools, func(t tool) bool { return t.name == c.tool })
		program, found := b.programs[c.tool]
		if i < 0 || !found {
			continue
		}
		t, j := b.tools[i], job{program, s.url, protocolUsers, b.seconds + 1}
		entries = append(entries, entry{
			tool: c.name(), target: s.target, bound: j.bound(), whats: []string{costCall},
			make:    func() invocation { return c.doing(j) },
			startUp: func() invocation { return c.doing(job{program, s.url, protocolUsers, 1}) },
			read: func(m measured) ([]float64, error) {
				_, err := t.rate(m.output)
				if err == nil && m.served < 1 {
					err = errors.New("the longer run made no more calls than the short one")
				}
				return []float64{m.cpuPerRequest()}, err
			},
		})
	}
	rounds, err := b.compare(ctx, entries)
	r.Yardstick = s.yardstick
	r.Figures = figures(rounds, entries, &key{s.yardstick, costCall})
	for _, g := range s.goals {
		r.Goals = append(r.Goals, goal{
			Text: fmt.Sprintf("cost of %s / cost of %s", g.other, g.own), Limit: g.limit,
			Got: ratio(rounds, key{g.other, costCall}, key{g.own, costCall}),
		})
	}
	return r, err
}

// runHTTP2 loads the nginx without TLS, with prior knowledge.
func runHTTP2(ctx context.Context, b *bench) (report, error) {
	if b.site.http2 == "" {
		return report{}, errors.New("this nginx has no HTTP/2: it was built without http_v2_module")
	}
	get := func(extra string) func(job) invocation {
		return func(j job) invocation {
			return plimsoll(j.program, targeted(fmt.Sprintf("{url: %q, http: 2%s}", j.url, extra), j, getTask))
		}
	}
	return b.compareCosts(ctx, costScenario{
		target: b.site, url: b.site.http2, yardstick: "h2load, " + perUser,
		candidates: []candidate{
			{"plimsoll", perUser, get("")},
			{"plimsoll", shared, get(sharing)},
			{"h2load", perUser, func(j job) invocation { return h2load(j, protocolUsers, path) }},
			{"h2load", shared, func(j job) invocation { return h2load(j, sharedConnections, path) }},
		},
		goals: []costGoal{
			{"plimsoll, " + perUser, "h2load, " + perUser, 0.85},
			{"plimsoll, " + shared, "h2load, " + shared, 0.85},
		},
	})
}

// sharing is the key of target for connections that users share.
var sharing = fmt.Sprintf(", connections: shared %d", sharedConnections)

// targeted is a closed load of one task on a target given as YAML.
func targeted(target string, j job, task string) string {
	return fmt.Sprintf(`name: peerbench
target: %s
load: {users: %d, spawn_rate: 1000, warm_up: 0s, run_time: %ds, rounds: 1}
users:
  - name: user
    tasks:
      - %s
`, target, j.connections, j.seconds, task)
}

// h2load sends with as many streams at a time as there are users.
func h2load(j job, connections int, path string, extra ...string) invocation {
	args := []string{j.program, "-c" + strconv.Itoa(connections), "-m" + strconv.Itoa(max(1, j.connections/connections)), "-D" + strconv.Itoa(j.seconds)}
	return invocation{args: append(append(args, extra...), j.url+path)}
}

// runGRPC compares unary calls.
func runGRPC(ctx context.Context, b *bench) (r report, err error) {
	s, rpc, err := b.startEcho(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	say := func(extra, task string) func(job) invocation {
		return func(j job) invocation { return plimsollGRPC(j, extra, task) }
	}
	bytes := func(connections int) func(job) invocation {
		return func(j job) invocation {
			v := h2load(j, connections, "/peerbench.Echo/Say", "-d", "message", "-H", "content-type: application/grpc", "-H", "te: trailers")
			v.files = map[string]string{"message": string(framed(echoBytes()))}
			return v
		}
	}
	variables := shared + ", 3 variables, a check, a save"
	return b.compareCosts(ctx, costScenario{
		target: s, url: "http://" + rpc, yardstick: "h2load, " + perUser,
		candidates: []candidate{
			{"plimsoll", perUser, say("", sayTask)},
			{"plimsoll", shared, say(sharing, sayTask)},
			{"plimsoll", variables, say(sharing, variedTask)},
			{"h2load", perUser, bytes(protocolUsers)},
			{"h2load", shared, bytes(sharedConnections)},
			{"ghz", perUser, func(j job) invocation { return ghz(j, protocolUsers, "Say") }},
			{"ghz", shared, func(j job) invocation { return ghz(j, sharedConnections, "Say") }},
			{"k6", perUser, func(j job) invocation { return k6Protocol(j, k6GRPC) }},
		},
		goals: []costGoal{
			{"plimsoll, " + shared, "ghz, " + shared, 12},
			{"plimsoll, " + perUser, "ghz, " + perUser, 5},
			{"plimsoll, " + perUser, "k6, " + perUser, 6},
			{"plimsoll, " + shared, "h2load, " + shared, 1},
			{"plimsoll, " + perUser, "h2load, " + perUser, 0.85},
			{"plimsoll, " + variables, "plimsoll, " + shared, 0.8},
		},
	})
}

// The tasks of gRPC.
const (
	sayTask    = `{grpc: peerbench.Echo/Say, message: ` + echoMessage + `}`
	variedTask = `{grpc: peerbench.Echo/Say, message: {text: "warm ${word} for the hills by the sea after rain", number: "${int(1,1000000000)}", word: "${word}", count: 7}, ` +
		`expect: {json: {count: "== 7"}}, save: {got: word}}`
	manyTask = `{grpc: peerbench.Echo/Many, message: ` + echoMessage + `, messages: [{receive: end}]}`
)

func plimsollGRPC(j job, extra, task string) invocation {
	v := plimsoll(j.program, targeted(fmt.Sprintf("{url: %q, grpc: {proto: [echo.proto]}%s}", j.url, extra), j, task))
	v.files["echo.proto"] = echoProto
	return v
}

func ghz(j job, connections int, method string) invocation {
	return invocation{
		files: map[string]string{"echo.proto": echoProto},
		args: []string{j.program, "--insecure", "--proto", "echo.proto", "--call", "peerbench.Echo/" + method, "-d", echoMessage, "-O", "summary", "--cpus", "1",
			"-c", strconv.Itoa(j.connections), "--connections", strconv.Itoa(connections), "-z", j.span(), "--duration-stop", "wait", strings.TrimPrefix(j.url, "http://")},
	}
}

// runStream compares the messages of server streams, 100 to a stream.
func runStream(ctx context.Context, b *bench) (r report, err error) {
	s, rpc, err := b.startEcho(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return b.compareCosts(ctx, costScenario{
		target: s, url: "http://" + rpc, yardstick: "grpc-go, " + shared,
		candidates: []candidate{
			{"plimsoll", shared, func(j job) invocation { return plimsollGRPC(j, sharing, manyTask) }},
			{"plimsoll", perUser, func(j job) invocation { return plimsollGRPC(j, "", manyTask) }},
			{"grpc-go", shared, func(j job) invocation { return embedded(j, "grpc-go", sharedConnections) }},
			{"grpc-go", perUser, func(j job) invocation { return embedded(j, "grpc-go", protocolUsers) }},
			{"ghz", shared, func(j job) invocation { return ghz(j, sharedConnections, "Many") }},
		},
		goals: []costGoal{
			{"plimsoll, " + shared, "grpc-go, " + shared, 3},
			{"plimsoll, " + shared, "ghz, " + shared, 15},
		},
	})
}

// embedded runs a peer that is a library.
func embedded(j job, name string, connections int) invocation {
	return invocation{args: []string{j.program, peerCommand, name, strings.TrimPrefix(j.url, "http://"), strconv.Itoa(connections), strconv.Itoa(j.connections), strconv.Itoa(j.seconds)}}
}

// socketMessage is the message that is echoed over a WebSocket: 100 bytes.
const socketMessage = "warm waterproof boots for the hills by the sea after rain in winter, made to last with care, packed!"

// socketTask opens a WebSocket for each 1,000 messages.
const socketTask = `{websocket: /echo, messages: [{send: "` + socketMessage + `", repeat: 1000}]}`

// runWebSocket compares round trips over a WebSocket for each user.
func runWebSocket(ctx context.Context, b *bench) (r report, err error) {
	s, _, err := b.startEcho(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return b.compareCosts(ctx, costScenario{
		target: s, url: s.url, yardstick: "gorilla, " + perUser,
		candidates: []candidate{
			{"plimsoll", perUser, func(j job) invocation {
				return plimsoll(j.program, targeted(fmt.Sprintf("{url: %q}", j.url), j, socketTask))
			}},
			{"gorilla", perUser, func(j job) invocation { return embedded(j, "gorilla", protocolUsers) }},
			{"k6", perUser, func(j job) invocation { return k6Protocol(j, k6Socket) }},
		},
		goals: []costGoal{
			{"plimsoll, " + perUser, "gorilla, " + perUser, 1},
			{"plimsoll, " + perUser, "k6, " + perUser, 3},
		},
	})
}

// graphqlTask is a query with two variables, whose errors are checked, and which saves one value.
const graphqlTask = `{graphql: "query Item($id: ID!, $n: Int!) { item(id: $id, n: $n) { id stock } }", variables: {id: "SKU-${int(1,1000)}", n: "${int(1,9)}"}, save: {stock: data.item.stock}}`

// wrkPost makes wrk send the same body each time.
const wrkPost = `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"query":"query Item($id: ID!, $n: Int!) { item(id: $id, n: $n) { id stock } }","variables":{"id":"SKU-42","n":7}}'
`

// runGraphQL compares POSTs of a query with wrk's plain GET and POST.
func runGraphQL(ctx context.Context, b *bench) (report, error) {
	const query, get, post = "POST", "GET", "POST of the same body each time"
	return b.compareCosts(ctx, costScenario{
		target: b.site, url: b.site.url, yardstick: "wrk, " + get,
		candidates: []candidate{
			{"plimsoll", query, func(j job) invocation {
				return plimsoll(j.program, targeted(fmt.Sprintf("{url: %q}", j.url), j, graphqlTask))
			}},
			{"wrk", get, func(j job) invocation {
				return invocation{args: []string{j.program, "-t1", "-c" + strconv.Itoa(j.connections), "-d" + j.span(), j.url + path}}
			}},
			{"wrk", post, func(j job) invocation {
				return invocation{files: map[string]string{"post.lua": wrkPost},
					args: []string{j.program, "-t1", "-c" + strconv.Itoa(j.connections), "-d" + j.span(), "-s", "post.lua", j.url + "/graphql"}}
			}},
		},
		goals: []costGoal{{"plimsoll, " + query, "wrk, " + get, 0.6}},
	})
}

// The k6 scripts of gRPC and WebSocket. Their arguments are: users, seconds, address.
const (
	k6GRPC = `import grpc from 'k6/net/grpc';
import { check } from 'k6';
export const options = { vus: %[1]d, duration: '%[2]ds' };
const client = new grpc.Client();
client.load(['.'], 'echo.proto');
export default function () {
  if (__ITER == 0) { client.connect('%[3]s', { plaintext: true }); }
  const got = client.invoke('peerbench.Echo/Say', ` + echoMessage + `);
  check(got, { 'the code is OK': (a) => a && a.status === grpc.StatusOK });
}
`
	k6Socket = `import ws from 'k6/ws';
import { check } from 'k6';
export const options = { vus: %[1]d, iterations: %[1]d, maxDuration: '1m' };
const message = '` + socketMessage + `';
export default function () {
  const opened = ws.connect('ws://%[3]s/echo', null, function (socket) {
    socket.on('open', () => socket.send(message));
    socket.on('message', () => socket.send(message));
    socket.setTimeout(() => socket.close(), %[2]d * 1000);
  });
  check(opened, { 'it opens': (a) => a && a.status === 101 });
}
`
	k6Summary = `export function handleSummary(data) {
  const { passes, fails } = data.metrics.checks.values;
  return { stdout: JSON.stringify({ rate: passes / (data.state.testRunDurationMs / 1000), requests: passes + fails, failures: fails }) };
}
`
)

func k6Protocol(j job, script string) invocation {
	return invocation{
		files: map[string]string{"script.js": fmt.Sprintf(script, j.connections, j.seconds, strings.TrimPrefix(j.url, "http://")) + k6Summary, "echo.proto": echoProto},
		args:  []string{j.program, "run", "--quiet", "--no-usage-report", "--no-color", "script.js"},
	}
}
