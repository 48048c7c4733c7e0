package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// bench is one call of peerbench: its flags, what it found, and what it started.
type bench struct {
	options
	log           io.Writer
	dir           string // temporary, with a directory for each run
	runs          int
	generatorCore int
	serverCore    int
	tools         []tool            // that were asked for
	programs      map[string]string // path of each tool that was found
	commit        string            // of -against, in full
	site          *server           // the nginx
}

// newBench finds the tools, builds Plimsoll if needed and starts the nginx.
func newBench(ctx context.Context, o options, log io.Writer) (b *bench, err error) {
	b = &bench{options: o, log: log, programs: map[string]string{}}
	if b.generatorCore, b.serverCore, err = twoCores(); err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("taskset"); err != nil {
		return nil, errors.New("there is no taskset: apt-get install util-linux")
	}
	connections := max(o.connections, idleUsers)
	if err := raiseFileLimit(uint64(connections + connections/4 + 1000)); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "peerbench-"); err != nil {
		return nil, err
	}
	// nginx changes to another user, who must be able to read its directories.
	err = os.Chmod(b.dir, 0o755)
	if err == nil && o.against != "" {
		err = b.buildBoth(ctx)
	} else if err == nil {
		err = b.findTools(ctx)
	}
	if err == nil {
		b.site, err = startNginx(ctx, b.serverCore, b.dir, connections)
	}
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// findTools logs which tools are missing and how to get them.
func (b *bench) findTools(ctx context.Context) error {
	b.tools = chosen(b.only)
	for _, t := range b.tools {
		if t.name == "plimsoll" {
			continue
		}
		program, err := t.find(b.peersDir)
		if t.embedded {
			program, err = self()
		}
		if err != nil {
			fmt.Fprintf(b.log, "%s is not there and is left out: %s\n", t.name, t.source)
			continue
		}
		b.programs[t.name] = program
	}
	if len(b.only) > 0 && !slices.Contains(b.only, "plimsoll") {
		return nil
	}
	var err error
	if b.plimsoll == "" {
		b.plimsoll, err = b.build(ctx, ".", "./cmd/plimsoll", "plimsoll")
	} else {
		b.plimsoll, err = filepath.Abs(b.plimsoll)
	}
	b.programs["plimsoll"] = b.plimsoll
	return err
}

// build builds a command from a source tree into the temporary directory.
func (b *bench) build(ctx context.Context, tree, command, name string) (string, error) {
	program := filepath.Join(b.dir, name)
	fmt.Fprintf(b.log, "building %s as %s\n", command, name)
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, command)
	build.Dir = tree
	out, err := build.CombinedOutput()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("go build %s: %w: %s", command, err, lastOf(out))
	}
	return program, nil
}

// close ends the nginx and removes the temporary directory.
func (b *bench) close() error {
	var err error
	if b.site != nil {
		err = b.site.stop()
	}
	return errors.Join(err, os.RemoveAll(b.dir))
}

// measure runs the scenarios. The error names what could not be measured; the reports have the rest.
func (b *bench) measure(ctx context.Context) (reports []report, err error) {
	for _, s := range scenarios {
		if named := slices.Contains(b.scenarios, s.name); !named && (s.long || len(b.scenarios) > 0) {
			continue
		}
		r, problem := s.run(ctx, b)
		if problem != nil {
			err = errors.Join(err, fmt.Errorf("scenario %s: %w", s.name, problem))
		}
		r.Scenario, r.About = s.name, s.about
		if _, asked := b.programs["plimsoll"]; !asked {
			r.Goals = nil // they are Plimsoll's
		}
		reports = append(reports, r)
		if ctx.Err() != nil {
			return reports, err
		}
	}
	return reports, err
}

// measureEntry runs an entry, and its shorter run before.
func (b *bench) measureEntry(ctx context.Context, e entry) (m measured, c cores, err error) {
	var short measured
	if e.startUp != nil {
		if short, _, err = b.generate(ctx, e.target, e.bound, e.startUp()); err != nil {
			return m, c, err
		}
	}
	m, c, err = b.generate(ctx, e.target, e.bound, e.make())
	m.cpu -= short.cpu
	m.served -= short.served
	return m, c, err
}

// runDir makes the directory of one run.
func (b *bench) runDir() (string, error) {
	b.runs++
	dir := filepath.Join(b.dir, fmt.Sprintf("run-%03d", b.runs))
	return dir, os.Mkdir(dir, 0o755)
}

// generate runs a generator on its core against a server. cores says how busy both were.
func (b *bench) generate(ctx context.Context, target *server, bound time.Duration, v invocation) (m measured, c cores, err error) {
	dir, err := b.runDir()
	if err != nil {
		return m, c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, cancel := context.WithTimeoutCause(ctx, bound, fmt.Errorf("did not end within %v", bound))
	defer cancel()
	asked, err := target.served(ctx)
	if err != nil {
		return m, c, err
	}
	before, err := target.cpu()
	if err != nil {
		return m, c, err
	}
	if m, err = generate(ctx, b.generatorCore, dir, v); err != nil {
		return m, c, err
	}
	after, err := target.cpu()
	c = cores{generator: m.cpu.Seconds() / m.elapsed.Seconds(), server: (after - before).Seconds() / m.elapsed.Seconds()}
	if err != nil {
		return m, c, err
	}
	served, err := target.served(ctx)
	m.served = max(served-asked-1, 0) // the last question is not the generator's
	return m, c, err
}

// cores is how busy the two cores were, 0..1.
type cores struct{ generator, server float64 }

// entry is one line of a comparison: what to run, and how to read its output.
type entry struct {
	tool   string
	target *server
	bound  time.Duration
	make   func() invocation
	// startUp makes a shorter run, whose CPU time and requests are subtracted; nil for none.
	startUp func() invocation
	read    func(measured) ([]float64, error) // one value for each of whats
	whats   []string                          // with the unit
}

// key identifies one value of one tool.
type key struct{ tool, what string }

// round has the values of one round, except those that failed.
type round struct {
	values map[key]float64
	cores  map[string]cores // by tool
}

// compare runs every entry once each round, in an order that is rotated each round.
func (b *bench) compare(ctx context.Context, entries []entry) (rounds []round, err error) {
	for n := range b.rounds {
		r := round{map[key]float64{}, map[string]cores{}}
		for i := range entries {
			e := entries[(i+n)%len(entries)]
			run, busy, problem := b.measureEntry(ctx, e)
			var values []float64
			if problem == nil {
				values, problem = e.read(run)
			}
			if ctx.Err() != nil {
				return rounds, errors.Join(err, context.Cause(ctx))
			}
			if problem != nil {
				err = errors.Join(err, fmt.Errorf("round %d: %s: %w", n+1, e.tool, problem))
				continue
			}
			for i, what := range e.whats {
				r.values[key{e.tool, what}] = values[i]
				fmt.Fprintf(b.log, "round %d of %d: %s: %s %s\n", n+1, b.rounds, e.tool, number(values[i]), what)
			}
			r.cores[e.tool] = busy
		}
		rounds = append(rounds, r)
	}
	return rounds, err
}
