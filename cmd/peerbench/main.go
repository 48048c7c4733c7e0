// Command peerbench measures how fast Plimsoll generates load, compared with its peers or with
// another commit. It is for developers of Plimsoll and is not released.
//
//	go run ./cmd/peerbench                             # everything, from the repository's root
//	go run ./cmd/peerbench -scenario get -only plimsoll,wrk -rounds 2 -seconds 2
//
// It starts one nginx with one worker on a free loopback port and pins it to one core. Then it runs
// every generator that it finds against the nginx, one at a time, pinned to another core. Each tool
// runs once in a round, and the order is rotated each round. It prints the median of the rounds, the
// lowest and the highest, and the median of the ratios to wrk. A ratio is taken within its round: on
// a noisy machine two neighbouring runs can be compared, and two medians cannot. "core busy" and
// "server busy" are the shares of their cores that the generator and the server used. If the server
// is at 100 % and the generator is not, the server was measured.
//
// The scenarios:
//
//	get        plain keep-alive GET, status checked, as fast as the generator can
//	post       POST with a templated body, one value saved, one checked; beside it wrk's plain GET
//	http2      GET over HTTP/2 without TLS: CPU time for a request
//	http3      GET over HTTP/3 beside HTTP/2 over TLS: CPU time for a request
//	grpc       unary calls of gRPC, a constant one and one with variables, a check and a save: CPU time for a call
//	stream     server streams of gRPC: CPU time for a message
//	graphql    POST of a query with two variables, one value saved; beside it wrk's plain GET and POST: CPU time
//	websocket  echo over a WebSocket: CPU time for a round trip
//	memory     resident memory for each of 10,000 idle users whose connections are open, of HTTP/1.1, HTTP/2 and gRPC
//	open       10,000 arrivals/s for 10 s: how late the sends are, and how many are dropped
//	freeze     a server that freezes for 200 ms every 2 s: p95 and p99 against the true values, and
//	           what two closed generators report
//	soak       2,000 users for ten minutes, to see whether memory grows; only if asked for
//
// In the scenarios of CPU time, 50 users send over 50 or over 4 connections, and the table says which. What the
// tool needs to start is subtracted. Besides nginx they load an echo server of gRPC and WebSocket, which is
// peerbench itself on the server's core, as are the two peers that are libraries (grpc-go and gorilla).
//
// Peers are looked for in -peers DIR, then in PATH. Nothing is installed; for a missing peer, it
// prints how to get it. Load goes to 127.0.0.1 only, every run is bounded in time, and peerbench ends
// what it started, on an interrupt too. It needs Linux with two cores, nginx and taskset. The exit
// status says whether everything was measured, not whether it was fast.
//
// With -against it compares the program of this tree with that of another commit:
//
//	go run ./cmd/peerbench -against v0.1.0 -within 3%
//
// It builds both and runs them in turn, with the same load, which both can send. It compares what
// they cost: CPU time for a request, memory for an idle user, and how late the open model sends. With
// -within the exit status is 1 if a cost has risen by more than that.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	rounds      int
	seconds     int // one run of one tool, in the scenarios get and post
	connections int
	only        []string // names or programs of tools; empty for all
	scenarios   []string // empty for all
	plimsoll    string   // the binary; empty to build one
	peersDir    string   // searched before PATH
	soak        time.Duration
	json        bool
	against     string  // a commit to compare with; empty to compare with peers
	within      float64 // the share by which a cost may rise; 0 for no limit
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peerbench:", err)
		os.Exit(1)
	}
}

// run measures and prints. Its error names everything that could not be measured.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == peerCommand {
		return runPeer(ctx, args[1:], stdout)
	}
	o, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, o, stderr)
	if err != nil {
		return err
	}
	if o.against != "" {
		c, err := b.compareCommits(ctx)
		return errors.Join(err, b.close(), c.write(stdout, o))
	}
	reports, err := b.measure(ctx)
	err = errors.Join(err, b.close())
	if o.json {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", " ")
		return errors.Join(err, encoder.Encode(reports))
	}
	for _, r := range reports {
		err = errors.Join(err, r.render(stdout))
	}
	return err
}

func parseFlags(args []string, stderr io.Writer) (o options, err error) {
	flags := o.flags(stderr)
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	against := false
	flags.Visit(func(f *flag.Flag) { against = against || f.Name == "against" })
	if o.rounds == 0 {
		o.rounds = 5
		if against {
			o.rounds = 10
		}
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is too much: peerbench takes flags only", flags.Arg(0))
	case against && (o.against == "" || strings.HasPrefix(o.against, "-")):
		return o, errors.New("-against needs a commit")
	case against && len(o.only) > 0:
		return o, errors.New("-only chooses peers; -against compares two commits of plimsoll")
	case !against && o.within != 0:
		return o, errors.New("-within is for -against")
	case o.rounds < 1 || o.seconds < 1 || o.connections < 1:
		return o, errors.New("-rounds, -seconds and -connections must be at least 1")
	}
	return o, o.checkNames()
}

// flags makes the flags that fill o.
func (o *options) flags(stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet("peerbench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 0, "how often every tool runs (default 5, with -against 10)")
	flags.IntVar(&o.seconds, "seconds", 10, "length of one run in the scenarios get and post")
	flags.IntVar(&o.connections, "connections", 100, "connections, or users with one each")
	flags.StringVar(&o.plimsoll, "plimsoll", "", "the plimsoll binary (default: built from ./cmd/plimsoll)")
	flags.StringVar(&o.peersDir, "peers", "", "directory of peers, looked at before PATH")
	flags.BoolVar(&o.json, "json", false, "print JSON with the value of every round")
	list := func(into *[]string) func(string) error {
		return func(text string) error { *into = strings.Split(text, ","); return nil }
	}
	flags.StringVar(&o.against, "against", "", "compare with the program of this commit instead of with peers")
	flags.Func("within", "with -against: exit with 1 when a cost is more than this above the commit's, such as 3%", func(text string) (err error) {
		o.within, err = parsePercent(text)
		return err
	})
	flags.Func("only", "tools to run, such as plimsoll,wrk (default: all that are found)", list(&o.only))
	flags.DurationVar(&o.soak, "soak", 10*time.Minute, "length of the scenario soak")
	flags.Func("scenario", "scenarios to run: "+strings.Join(scenarioNames(), ",")+" (default: all but soak; with -against: "+strings.Join(costNames(), ",")+")", list(&o.scenarios))
	return flags
}

// checkNames refuses unknown scenarios and tools.
func (o *options) checkNames() error {
	known := scenarioNames()
	if o.against != "" {
		known = costNames()
	}
	for _, name := range o.scenarios {
		if !slices.Contains(known, name) {
			return fmt.Errorf("there is no scenario %q; there are: %s", name, strings.Join(known, ", "))
		}
	}
	for _, name := range o.only {
		if !slices.ContainsFunc(tools, func(t tool) bool { return t.is(name) }) {
			return fmt.Errorf("there is no tool %q; there are: %s", name, strings.Join(toolNames(), ", "))
		}
	}
	return nil
}
