package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

const (
	soakUsers  = 2000
	soakSettle = 30 * time.Second // users start and buffers find their size
	soakEvery  = 5 * time.Second  // between two looks at the resident memory
	soakFirst  = "resident MB, lowest of the first fifth"
	soakLast   = "resident MB, lowest of the last fifth"
	soakMost   = "resident MB, highest"
)

// runSoak watches whether memory grows in a long load: many users post templated bodies, save a value of
// each answer and check it, about 10,000 requests a second in all. It compares the lowest values,
// which come right after a garbage collection. Between two collections memory rises to twice what is
// alive, so other values depend on chance.
func runSoak(ctx context.Context, b *bench) (r report, err error) {
	program, found := b.programs["plimsoll"]
	if !found {
		return r, errors.New("plimsoll is not among the tools")
	}
	load := fmt.Sprintf("{users: %d, spawn_rate: 1000, warm_up: %v, run_time: %v, rounds: 10}", soakUsers, soakSettle, b.soak)
	v := plimsoll(program, profile(b.site.url, load, postTask, "    wait: 150ms..250ms\n"))
	samples, err := b.watchMemory(ctx, v, b.soak)
	if err != nil {
		return r, err
	}
	fifth := max(len(samples)/5, 1)
	values := map[key]float64{
		{"plimsoll", soakFirst}: slices.Min(samples[:fifth]) / 1024,
		{"plimsoll", soakLast}:  slices.Min(samples[len(samples)-fifth:]) / 1024,
		{"plimsoll", soakMost}:  slices.Max(samples) / 1024,
	}
	rounds := []round{{values: values}}
	r.Figures = figures(rounds, []entry{{tool: "plimsoll", whats: []string{soakFirst, soakLast, soakMost}}}, nil)
	growth := 100 * (values[key{"plimsoll", soakLast}]/values[key{"plimsoll", soakFirst}] - 1)
	r.Goals = []goal{{Text: fmt.Sprintf("plimsoll, growth of memory over %v, %%", b.soak), Limit: 5, AtMost: true, Got: &growth}}
	return r, nil
}

// watchMemory runs a generator to its end and returns its resident memory in KB, one value for each
// soakEvery after soakSettle.
func (b *bench) watchMemory(ctx context.Context, v invocation, length time.Duration) (samples []float64, err error) {
	dir, err := b.runDir()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := v.write(dir); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, length+2*time.Minute)
	defer cancel()
	cmd := pinned(ctx, b.generatorCore, dir, v.args)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer endGroup(cmd)
	settled := time.Now().Add(soakSettle)
	for {
		select {
		case err := <-ended:
			if !slices.Contains(append(v.allowed, 0), cmd.ProcessState.ExitCode()) || len(samples) == 0 {
				return nil, fmt.Errorf("after %d looks it ended: %w: %s", len(samples), err, lastOf(stderr.Bytes()))
			}
			return samples, nil
		case <-time.After(soakEvery):
			kb, err := residentKB(cmd.Process.Pid)
			if err == nil && time.Now().After(settled) { // it may just have ended
				samples = append(samples, kb)
				fmt.Fprintf(b.log, "resident: %s MB\n", number(kb/1024))
			}
		}
	}
}
