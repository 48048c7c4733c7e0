package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The names of the two programs that -against compares.
const (
	oldProgram = "old" // of the commit
	newProgram = "new" // of this tree
)

// pace makes a closed load that both programs can send: 100 users send 20,000 requests a second, about
// a third of what one core can.
const pace = "    wait: 4ms..6ms\n"

const (
	costCPU   = "CPU µs a request"
	costLag50 = "lateness p50, ms"
	costLag99 = "lateness p99, ms"
)

// cost is one scenario of -against.
type cost struct {
	name, about string
	run         func(context.Context, *bench) (rounds []round, whats []string, err error)
}

var costs = []cost{
	{"get", "GET in the closed model, users with waits: CPU time of the generator's process (getrusage, user and system) divided by the requests that nginx counted",
		func(ctx context.Context, b *bench) ([]round, []string, error) { return b.closedCost(ctx, getTask) }},
	{"post", "POST of a templated body, one value saved, one checked: CPU time as above",
		func(ctx context.Context, b *bench) ([]round, []string, error) { return b.closedCost(ctx, postTask) }},
	{"memory", "resident memory for each idle user whose connection is open, 10,000 against 10",
		func(ctx context.Context, b *bench) ([]round, []string, error) {
			rounds, err := b.compareMemory(ctx, b.idlers(b.tools))
			return rounds, []string{idleKB}, err
		}},
	{"open", "open model, 10,000 arrivals/s: how late the sends are", func(ctx context.Context, b *bench) ([]round, []string, error) { return b.openCost(ctx) }},
}

func costNames() (names []string) {
	for _, c := range costs {
		names = append(names, c.name)
	}
	return names
}

// buildBoth builds the program of the commit and that of this tree.
func (b *bench) buildBoth(ctx context.Context) (err error) {
	for _, name := range []string{oldProgram, newProgram} {
		t := tools[0]
		t.name = name
		b.tools = append(b.tools, t)
	}
	if b.commit, err = git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", b.against+"^{commit}"); err != nil {
		return fmt.Errorf("%s is no commit of this repository: %w", b.against, err)
	}
	if b.programs[oldProgram], err = b.buildCommit(ctx); err != nil {
		return err
	}
	if b.plimsoll != "" {
		b.programs[newProgram], err = filepath.Abs(b.plimsoll)
		return err
	}
	b.programs[newProgram], err = b.build(ctx, ".", "./cmd/plimsoll", "plimsoll-"+newProgram)
	return err
}

// buildCommit builds the program of the commit in a temporary work tree.
func (b *bench) buildCommit(ctx context.Context) (program string, err error) {
	tree := filepath.Join(b.dir, "tree")
	if _, err := git(ctx, "worktree", "add", "--quiet", "--detach", tree, b.commit); err != nil {
		return "", err
	}
	defer func() { // after an interrupt too, as git remembers every work tree
		_, problem := git(context.WithoutCancel(ctx), "worktree", "remove", "--force", tree)
		err = errors.Join(err, problem)
	}()
	if program, err = b.build(ctx, tree, "./cmd/plimsoll", "plimsoll-"+oldProgram); err != nil {
		return "", fmt.Errorf("commit %s (%s): %w", b.against, b.commit, err)
	}
	return program, nil
}

// git runs git in the working directory.
func git(ctx context.Context, args ...string) (string, error) {
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, lastOf([]byte(stderr.String())))
	}
	return strings.TrimSpace(string(out)), nil
}

// compareCommits runs the scenarios. The error names what could not be measured; the comparison has
// the rest.
func (b *bench) compareCommits(ctx context.Context) (c comparison, err error) {
	c = comparison{
		Against: b.against, Commit: b.commit, Rounds: b.rounds, Machine: machine(),
		Mode: fmt.Sprintf("HTTP/1.1 over TCP on loopback, keep-alive, a connection for each of %d users", b.connections),
	}
	for _, s := range costs {
		if len(b.scenarios) > 0 && !slices.Contains(b.scenarios, s.name) {
			continue
		}
		rounds, whats, problem := s.run(ctx, b)
		if problem != nil {
			err = errors.Join(err, fmt.Errorf("scenario %s: %w", s.name, problem))
		}
		c.Scenarios = append(c.Scenarios, changes{s.name, s.about, changesOf(rounds, whats)})
		if ctx.Err() != nil {
			break
		}
	}
	return c, err
}

// compareBoth runs both programs with a profile, and reads one value for each of whats from each run.
func (b *bench) compareBoth(ctx context.Context, profile string, whats []string, read func(measured) ([]float64, error)) ([]round, []string, error) {
	var entries []entry
	for _, t := range b.tools {
		entries = append(entries, entry{
			tool: t.name, target: b.site, bound: job{seconds: b.seconds}.bound(), whats: whats, read: read,
			make: func() invocation { return plimsoll(b.programs[t.name], profile) },
		})
	}
	rounds, err := b.compare(ctx, entries)
	return rounds, whats, err
}

// closedCost compares the CPU time for the requests of a task.
func (b *bench) closedCost(ctx context.Context, task string) ([]round, []string, error) {
	j := job{url: b.site.url, connections: b.connections, seconds: b.seconds}
	return b.compareBoth(ctx, j.profile(task, pace), []string{costCPU}, func(m measured) ([]float64, error) {
		_, err := parseEssence(m.output)
		return []float64{m.cpuPerRequest()}, err
	})
}

// openCost compares how late the open model sends, and its CPU time for a request.
func (b *bench) openCost(ctx context.Context) ([]round, []string, error) {
	load := fmt.Sprintf("{rate: 10000/s, max_in_flight: 1000, warm_up: 1s, run_time: %ds, rounds: 1}", b.seconds)
	whats := []string{costLag50, costLag99, costCPU}
	return b.compareBoth(ctx, openProfile(b.site.url, path, load), whats, func(m measured) ([]float64, error) {
		e, err := parseEssence(m.output)
		return []float64{ms(e.lag50), ms(e.lag99), m.cpuPerRequest()}, err
	})
}

// cpuPerRequest is in microseconds, from the start of the program to its end, the warm-up included.
func (m measured) cpuPerRequest() float64 {
	return float64(m.cpu.Microseconds()) / float64(max(m.served, 1))
}

// essence is the part of a result.json that -against needs.
type essence struct {
	requests, failures int64
	lag50, lag99       time.Duration
}

// parseEssence reads a result.json of any commit. Other fields may have any form. A field that is
// needed and missing is an error, not zero.
func parseEssence(text []byte) (e essence, err error) {
	var file struct {
		Rounds []struct {
			Total struct {
				Requests *int64 `json:"requests"`
				Failures *int64 `json:"failures"`
			} `json:"total"`
		} `json:"rounds"`
		Generator struct {
			LagP50 *time.Duration `json:"lag_p50_ns"`
			LagP99 *time.Duration `json:"lag_p99_ns"`
		} `json:"generator"`
		Problems []struct {
			Kind string `json:"kind"`
			Text string `json:"text"`
		} `json:"problems"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return e, fmt.Errorf("result.json: %w", err)
	}
	for _, problem := range file.Problems {
		if problem.Kind != "saturated" && problem.Kind != "busy" { // a busy machine does not change what a request costs
			return e, fmt.Errorf("result.json: %s: %s", problem.Kind, problem.Text)
		}
	}
	for _, r := range file.Rounds {
		if r.Total.Requests == nil || r.Total.Failures == nil {
			return e, errors.New("result.json: a round has no total.requests or total.failures")
		}
		e.requests += *r.Total.Requests
		e.failures += *r.Total.Failures
	}
	if file.Generator.LagP50 == nil || file.Generator.LagP99 == nil {
		return e, errors.New("result.json: generator has no lag_p50_ns or lag_p99_ns")
	}
	e.lag50, e.lag99 = *file.Generator.LagP50, *file.Generator.LagP99
	return e, noFailures(e.failures, e.requests)
}
