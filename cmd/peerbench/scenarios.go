package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// scenario is one comparison of the generators.
type scenario struct {
	name, about string
	run         func(context.Context, *bench) (report, error)
	long        bool // runs only if asked for by name
}

var scenarios = []scenario{
	{"get", "keep-alive GET, 183 bytes of JSON back, as fast as one core can", runGet, false},
	{"post", "POST of a templated body, one value saved, one checked; beside it wrk's plain GET", runPost, false},
	{"http2", "GET over HTTP/2 without TLS, 50 users: CPU time of the generator for a request", runHTTP2, false},
	{"http3", "GET over HTTP/3, 50 users, beside HTTP/2 over TLS: CPU time of the generator for a request", runHTTP3, false},
	{"grpc", "unary call of gRPC, 50 users: CPU time of the generator for a call", runGRPC, false},
	{"stream", "server stream of gRPC, 100 messages each, 50 users: CPU time of the generator for a message", runStream, false},
	{"graphql", "POST of a GraphQL query with two variables, errors checked, one value saved, 50 users with a connection each; beside it wrk's plain GET and POST: CPU time for a request", runGraphQL, false},
	{"websocket", "echo of 100 bytes over a WebSocket for each of 50 users: CPU time of the generator for a round trip", runWebSocket, false},
	{"memory", "resident memory for each idle user whose connection is open", runMemory, false},
	{"open", "open model, 10,000 arrivals/s for 10 s: how late the sends are", runOpen, false},
	{"freeze", "a server that freezes 200 ms in every 2 s: response times against the truth", runFreeze, false},
	{"soak", "2,000 users for long: whether the memory of the generator grows", runSoak, true},
}

func scenarioNames() (names []string) {
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

const (
	getRate  = "GET requests/s"
	postRate = "POST requests/s"
)

// rateEntry adds an entry that measures a tool at full speed, unless the tool was not found or cannot do
// it (doing is nil).
func (b *bench) rateEntry(entries []entry, t tool, doing func(job) invocation, what string) []entry {
	program, found := b.programs[t.name]
	if !found || doing == nil {
		return entries
	}
	j := job{program, b.site.url, b.connections, b.seconds}
	return append(entries, entry{
		tool: t.name, target: b.site, bound: j.bound(), whats: []string{what},
		make: func() invocation { return doing(j) },
		read: func(m measured) ([]float64, error) {
			rate, err := t.rate(m.output)
			return []float64{rate}, err
		},
	})
}

func runGet(ctx context.Context, b *bench) (r report, err error) {
	var entries []entry
	for _, t := range b.tools {
		entries = b.rateEntry(entries, t, t.get, getRate)
	}
	rounds, err := b.compare(ctx, entries)
	wrk := key{"wrk", getRate}
	r.Figures = figures(rounds, entries, &wrk)
	r.Goals = []goal{{Text: "plimsoll / wrk", Limit: 0.95, Got: ratio(rounds, key{"plimsoll", getRate}, wrk)}}
	return r, err
}

func runPost(ctx context.Context, b *bench) (r report, err error) {
	var entries []entry
	for _, t := range b.tools {
		entries = b.rateEntry(entries, t, t.post, postRate)
		if t.name == "wrk" {
			entries = b.rateEntry(entries, t, t.get, getRate)
		}
	}
	rounds, err := b.compare(ctx, entries)
	wrk, own := key{"wrk", getRate}, key{"plimsoll", postRate}
	r.Figures = figures(rounds, entries, &wrk)
	r.Goals = []goal{
		{Text: "plimsoll / wrk's plain GET", Limit: 0.6, Got: ratio(rounds, own, wrk)},
		{Text: "plimsoll / k6", Limit: 8, Got: ratio(rounds, own, key{"k6", postRate})},
	}
	return r, err
}

// runOpen measures Plimsoll alone, as no peer with an open model reports how late it sent.
func runOpen(ctx context.Context, b *bench) (r report, err error) {
	program, found := b.programs["plimsoll"]
	if !found {
		return r, nil
	}
	const lag50, lag99, lagMax, rate, drops = "lateness p50, ms", "lateness p99, ms", "lateness max, ms", "requests/s", "dropped arrivals"
	load := "{rate: 10000/s, max_in_flight: 1000, warm_up: 1s, run_time: 10s, rounds: 1}"
	entries := []entry{{
		tool: "plimsoll", target: b.site, bound: time.Minute, whats: []string{lag50, lag99, lagMax, rate, drops},
		make: func() invocation { return plimsoll(program, openProfile(b.site.url, path, load)) },
		read: func(m measured) ([]float64, error) {
			got, err := parseResult(m.output)
			if err != nil {
				return nil, err
			}
			if got.Generator == nil {
				return nil, errors.New("result.json says nothing of the generator: this plimsoll does not measure it")
			}
			lag := got.Generator
			return []float64{ms(lag.LagP50), ms(lag.LagP99), ms(lag.LagMax), got.Rounds[0].Total.Throughput, float64(got.dropped())}, nil
		},
	}}
	rounds, err := b.compare(ctx, entries)
	r.Figures = figures(rounds, entries, nil)
	value := func(what string) *float64 {
		return overRounds(rounds, func(r round) (float64, bool) { v, ok := r.values[key{"plimsoll", what}]; return v, ok })
	}
	r.Goals = []goal{
		{Text: "plimsoll, " + lag99, Limit: 1, AtMost: true, Got: value(lag99)},
		{Text: "plimsoll, " + drops, Limit: 0, AtMost: true, Got: value(drops)},
	}
	return r, err
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// The freeze of the scenario freeze.
const (
	freezeFor   = 200 * time.Millisecond
	freezeEvery = 2 * time.Second
)

// frozenQuantile is the true quantile q of the response times, in ms, of a server that answers at once
// but freezes. Arrivals are uniform over the period. One at phase t waits freezeFor - t if that is
// positive, so the share of arrivals that wait longer than x is (freezeFor - x) / freezeEvery.
func frozenQuantile(q float64) float64 {
	return max(0, ms(freezeFor)-(1-q)*ms(freezeEvery))
}

// The figures of the scenario freeze.
const (
	freezeP95 = "p95, ms"
	freezeP99 = "p99, ms"
)

// runFreeze measures an open model and two closed ones on a server that stalls.
func runFreeze(ctx context.Context, b *bench) (r report, err error) {
	shop, err := b.startShop(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, shop.stop()) }()
	entries := b.freezeEntries(shop)
	rounds, err := b.compare(ctx, entries)
	r.Figures = figures(rounds, entries, nil)
	for _, c := range []struct {
		what string
		q    float64
	}{{freezeP95, 0.95}, {freezeP99, 0.99}} {
		truth := frozenQuantile(c.q)
		r.Figures = append(r.Figures, figure{Tool: "truth", What: c.what, Median: truth, Low: truth, High: truth})
		r.Goals = append(r.Goals, goal{
			Text: fmt.Sprintf("plimsoll, error of %s against %s, %%", c.what, number(truth)), Limit: 3, AtMost: true,
			Got: overRounds(rounds, func(r round) (float64, bool) {
				got, ok := r.values[key{"plimsoll", c.what}]
				return 100 * math.Abs(got-truth) / truth, ok
			}),
		})
	}
	return r, err
}

// freezeEntries are Plimsoll's open model and two closed tools, which wait for each answer. hey prints
// what it measured; wrk adds the requests that it thinks it left out (stats_correct in its source).
// 20 s are ten whole periods.
func (b *bench) freezeEntries(shop *server) (entries []entry) {
	add := func(tool string, read func([]byte) (p95, p99 float64, err error), invoke func(program string) invocation) {
		program, found := b.programs[tool]
		if !found {
			return
		}
		entries = append(entries, entry{
			tool: tool, target: shop, bound: time.Minute, whats: []string{freezeP95, freezeP99},
			make: func() invocation { return invoke(program) },
			read: func(m measured) ([]float64, error) {
				p95, p99, err := read(m.output)
				return []float64{p95, p99}, err
			},
		})
	}
	// At 201/s the arrivals of each period come at other phases of it.
	add("plimsoll", parsePlimsollQuantiles, func(program string) invocation {
		return plimsoll(program, openProfile(shop.url, "/health", "{rate: 201/s, max_in_flight: 1000, warm_up: 2s, run_time: 20s, rounds: 1}"))
	})
	n := strconv.Itoa(b.connections)
	add("wrk", parseWrkQuantiles, func(program string) invocation {
		return invocation{files: map[string]string{"done.lua": wrkScript},
			args: []string{program, "-t1", "-c" + n, "-d20s", "--latency", "-s", "done.lua", shop.url + "/health"}}
	})
	add("hey", parseHeyQuantiles, func(program string) invocation {
		return invocation{args: []string{program, "-z", "20s", "-c", n, "-cpus", "1", shop.url + "/health"}}
	})
	return entries
}

// startShop starts the sample service, which freezes regularly from its first request on.
func (b *bench) startShop(ctx context.Context) (*server, error) {
	program, err := b.build(ctx, ".", "./testdata/shop/cmd/shop", "shop")
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	stall := fmt.Sprintf("%v/%v", freezeFor, freezeEvery)
	return startServer(ctx, b.serverCore, addr, "/health", []string{program, "-addr", addr, "-stall", stall})
}
