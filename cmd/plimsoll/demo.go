package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/reference"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner"
)

// demoCmd is plimsoll demo.
type demoCmd struct{}

// demoRuns is the number of baseline runs to record: the least with which a gate can fail.
const demoRuns = 10

// demoProfile is the demo's profile, without the command that starts the sample service. The
// load is light, so that a difference comes from the service and not from a full machine.
const demoProfile = `name: demo
target:
  url: http://127.0.0.1:${port}
  grpc: { url: "http://127.0.0.1:${port.grpc}" }
  start:
    command: %s
    ready: { grpc: health, within: 20s }
load:
  users: 20
  spawn_rate: 100
  warm_up: 400ms
  run_time: 1800ms
  rounds: 2
users:
  - name: visitor
    wait: 15ms..25ms
    tasks:
      - { http: GET /products/7, name: "GET /products/{id}", weight: 3 }
      - { http: POST /cart, json: { sku: SKU-7, quantity: 1 }, expect: { status: 201 }, weight: 2 }
      - { graphql: 'query Product { product(id: 7) { sku name price } }', expect: { json: { data.product.sku: SKU-7 } }, weight: 2 }
      - { graphql: 'query Search($q: String!) { search(q: $q, first: 5) { total items { score } } }', variables: { q: warm boots }, weight: 2 }
      - { grpc: shop.v1.Shop/GetProduct, message: { id: 7 }, expect: { json: { sku: SKU-7 } }, weight: 2 }
      - { grpc: shop.v1.Shop/Search, message: { text: warm boots, top_k: 5 }, weight: 2 }
gate:
  metrics: [p50, throughput] # runs of 1.8 s on a busy machine: the tails are the neighbours'
`

// demoSlow makes the sample service worse: it adds CPU work to one method of gRPC.
const demoSlow = "shop.v1.Shop/Search=3ms"

// Run makes a directory for the demo's files, tells the story, and deletes them.
func (c *demoCmd) Run(ctx context.Context, a *console.Console, do subcommand) error {
	dir, err := os.MkdirTemp("", "plimsoll-demo-*")
	if err != nil {
		return fmt.Errorf("demo: make a directory for its files: %w; set TMPDIR to a directory in which you may write", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system cleans its temporary directory
	d, err := newDemo(a, dir, do)
	if err == nil {
		err = d.tell(ctx)
	}
	if errors.Is(err, runner.ErrInterrupted) {
		err = fmt.Errorf("%w; the demo has deleted all its files, this result too", err)
	}
	return err
}

// tell tells the story: baselines, an unchanged build, a slower one.
func (d *demo) tell(ctx context.Context) error {
	a := d.console
	fmt.Fprintf(a.Stdout, "A sample shop, loaded by 20 users over REST, GraphQL and gRPC. Baselines live in a file that goes away with the demo.\n\n")
	for i := range demoRuns {
		fmt.Fprintf(a.Stdout, "Baseline run %d of %d: ", i+1, demoRuns)
		if err := d.record(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.Stdout, "\nThe gate, with the shop unchanged:\n\n")
	if err := d.gate(ctx, gate.Pass); err != nil {
		return err
	}
	fmt.Fprintf(a.Stdout, "\nThe gate, with 3 ms more CPU work in each search over gRPC:\n\n")
	d.console = d.console.With(d.console.Env.With("SHOP_SLOW", demoSlow))
	if err := d.gate(ctx, gate.Fail); err != nil {
		return err
	}
	fmt.Fprint(a.Stdout, `
The first gate exits 0, the second 1: the exit status lets a merge through or stops it.

Next: in the repository of your own service, "plimsoll init" writes a plimsoll.yaml and the
workflow for GitHub. Look at what it would do with "plimsoll check", try it with "plimsoll run",
and put the routes that matter into it (docs/profile.md).
`)
	return nil
}

// demo runs command lines on one profile, store and result.
type demo struct {
	console *console.Console
	do      subcommand
	flags   []string
}

// newDemo writes the profile. The demo ignores the environment's variables of workflows, stores, hosts and the
// shop.
func newDemo(a *console.Console, dir string, do subcommand) (*demo, error) {
	env := a.Env.Without(func(name string) bool {
		foreign := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		return slices.ContainsFunc([]string{"GITHUB_", "PLIMSOLL_", "LOCUST_", "SHOP_"}, foreign)
	})
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command, err := json.Marshal(reference.Quote(program) + " shop -addr 127.0.0.1:${port} -grpc 127.0.0.1:${port.grpc}") // JSON's strings are YAML's
	if err != nil {
		return nil, err
	}
	profile := filepath.Join(dir, "plimsoll.yaml")
	if err := os.WriteFile(profile, fmt.Appendf(nil, demoProfile, command), 0o644); err != nil {
		return nil, err
	}
	return &demo{a.With(env), do, []string{
		"--profile=" + profile, "--out=" + filepath.Join(dir, "result.json"), "--db=sqlite:" + filepath.Join(dir, "baselines.db"), "--quiet",
	}}, nil
}

func (d *demo) run(ctx context.Context, command ...string) error {
	return d.do(ctx, d.console, append(command, d.flags...))
}

// demoTries is how often the demo measures again on a machine that was too busy to send in time.
const demoTries = 5

// errDemoBusy ends a demo that could not measure. Its results are deleted with its directory.
var errDemoBusy = fmt.Errorf("demo: this machine was too busy to measure, %d times in a row; run the demo again when the machine is quieter", demoTries)

// record records one baseline run.
func (d *demo) record(ctx context.Context) error {
	for range demoTries {
		if err := d.run(ctx, "baseline", "update", "--branch=main"); !errors.Is(err, baseline.ErrNotWhole) {
			return err
		}
		fmt.Fprint(d.console.Stdout, "too busy; once more: ")
	}
	return errDemoBusy
}

// gate runs the gate and expects the verdict want. On a busy machine it tries again.
func (d *demo) gate(ctx context.Context, want gate.Outcome) error {
	for range demoTries {
		err := d.run(ctx, "gate")
		got := gate.Pass
		var verdict exit.Verdict
		if errors.As(err, &verdict) {
			got = verdict.Outcome
		} else if err != nil {
			return err
		}
		switch got {
		case want:
			return nil
		case gate.Inconclusive:
			fmt.Fprint(d.console.Stdout, "\nThe gate could not tell: the machine is busy. Once more:\n\n")
		default:
			return fmt.Errorf("demo: the verdict is %s, and should be %s: is this machine very busy? Run the demo again", got, want)
		}
	}
	return errDemoBusy
}
