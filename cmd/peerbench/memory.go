package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	idleUsers = 10_000
	fewUsers  = 10 // for the memory that a generator needs anyway
	settle    = 3 * time.Second
	allUp     = 2 * time.Minute // the longest time until all users are connected
	idleSpan  = 300             // seconds that a generator is told to run; it is stopped earlier
	idleKB    = "KB per idle user"
)

// runMemory measures the tools that can hold idle users: how much resident memory each further user
// needs.
func runMemory(ctx context.Context, b *bench) (r report, err error) {
	able := b.idlers(b.tools)
	if program, found := b.programs["plimsoll"]; found {
		own, s, problem := b.idleProtocols(ctx, program)
		if problem != nil {
			return r, problem
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		able = append(able, own...)
	}
	var rounds []round
	rounds, err = b.compareMemory(ctx, able)
	var entries []entry
	for _, i := range able {
		entries = append(entries, entry{tool: i.name, whats: []string{idleKB}})
		if strings.HasPrefix(i.name, "plimsoll") {
			r.Goals = append(r.Goals, goal{
				Text: i.name + ", " + idleKB, Limit: 12, AtMost: true,
				Got: overRounds(rounds, func(r round) (float64, bool) { v, ok := r.values[key{i.name, idleKB}]; return v, ok }),
			})
		}
	}
	r.Figures = figures(rounds, entries, nil)
	return r, err
}

// idler is a way to hold idle users.
type idler struct {
	name   string
	target *server
	make   func(users int) invocation
}

// idlers are the tools that can hold idle users of HTTP/1.1, and that were found.
func (b *bench) idlers(from []tool) (all []idler) {
	for _, t := range from {
		if program, found := b.programs[t.name]; found && t.idle != nil {
			all = append(all, idler{t.name, b.site, func(users int) invocation { return t.idle(job{program, b.site.url, users, idleSpan}) }})
		}
	}
	return all
}

// idleProtocols are Plimsoll's idle users of other protocols. The caller stops the server of gRPC.
func (b *bench) idleProtocols(ctx context.Context, program string) (all []idler, s *server, err error) {
	s, rpc, err := b.startEcho(ctx)
	if err != nil {
		return nil, nil, err
	}
	waits := func(target, task string, users int) invocation {
		load := fmt.Sprintf("{users: %d, spawn_rate: %d, run_time: %ds, rounds: 1}", users, max(1000, users/5), idleSpan)
		text := fmt.Sprintf("name: peerbench\ntarget: %s\nload: %s\nusers: [{name: user, wait: 60s, tasks: [%s]}]\n", target, load, task)
		v := plimsoll(program, text)
		v.files["echo.proto"] = echoProto
		return v
	}
	all = append(all, idler{"plimsoll, gRPC", s, func(users int) invocation {
		return waits(fmt.Sprintf("{url: %q, grpc: {proto: [echo.proto]}}", "http://"+rpc), sayTask, users)
	}})
	if b.site.http2 != "" {
		all = append(all, idler{"plimsoll, HTTP/2", b.site, func(users int) invocation {
			return waits(fmt.Sprintf("{url: %q, http: 2}", b.site.http2), getTask, users)
		}})
	}
	return all, s, nil
}

// compareMemory measures each idler once each round, in an order that is rotated each round.
func (b *bench) compareMemory(ctx context.Context, able []idler) (rounds []round, err error) {
	for n := range b.rounds {
		values := map[key]float64{}
		for i := range able {
			t := able[(i+n)%len(able)]
			each, problem := b.idleUser(ctx, t)
			if ctx.Err() != nil {
				return rounds, errors.Join(err, context.Cause(ctx))
			}
			if problem != nil {
				err = errors.Join(err, fmt.Errorf("round %d: %s: %w", n+1, t.name, problem))
				continue
			}
			values[key{t.name, idleKB}] = each
			fmt.Fprintf(b.log, "round %d of %d: %s: %s %s\n", n+1, b.rounds, t.name, number(each), idleKB)
		}
		rounds = append(rounds, round{values: values})
	}
	return rounds, err
}

// idleUser is the resident memory for each further idle user, in KB.
func (b *bench) idleUser(ctx context.Context, t idler) (float64, error) {
	few, err := b.resident(ctx, t, fewUsers)
	if err != nil {
		return 0, err
	}
	many, err := b.resident(ctx, t, idleUsers)
	return (many - few) / (idleUsers - fewUsers), err
}

// resident is the resident memory of a generator in KB when all users are connected and have had their
// first answer.
func (b *bench) resident(ctx context.Context, t idler, users int) (kb float64, err error) {
	dir, err := b.runDir()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	v := t.make(users)
	if err := v.write(dir); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := awaitIdle(ctx, t.target, nil, func(n int) bool { return n == 0 }); err != nil {
		return 0, fmt.Errorf("connections of the run before: %w", err)
	}
	cmd := pinned(ctx, b.generatorCore, dir, v.args)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is ended below, or awaitIdle reports its end
		close(ended)
	}()
	defer func() { cancel(); <-ended; endGroup(cmd) }()
	if err := awaitIdle(ctx, t.target, ended, func(n int) bool { return n >= users }); err != nil {
		return 0, fmt.Errorf("%d users: %w: %s", users, err, lastOf(stderr.Bytes()))
	}
	select {
	case <-ended:
		return 0, fmt.Errorf("%d users: it exited on its own: %s", users, lastOf(stderr.Bytes()))
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-time.After(settle):
	}
	return residentKB(cmd.Process.Pid)
}

// awaitIdle waits until a server has the wanted number of idle connections.
func awaitIdle(ctx context.Context, on *server, ended <-chan struct{}, wanted func(int) bool) error {
	for deadline := time.Now().Add(allUp); ; {
		n, err := on.idleConnections(ctx)
		switch {
		case err == nil && wanted(n):
			return nil
		case err == nil && time.Now().After(deadline):
			err = fmt.Errorf("%d connections are idle after %v", n, allUp)
		}
		// The server may be too busy to answer in time while users are started.
		if err != nil && time.Now().After(deadline) {
			return err
		}
		select {
		case <-ended:
			return errors.New("it exited on its own")
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
