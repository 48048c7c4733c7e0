package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// controlProfile loads the control: a few users without a pause, as fast as the machine goes.
const controlProfile = `name: control
target:
  url: http://127.0.0.1:${port}
  start: { command: %s, ready: { tcp: true, within: 20s } }
load: { users: 4, spawn_rate: 1000, warm_up: 0s, run_time: 2s, rounds: 1 }
users: [ { name: control, tasks: [ { http: GET / } ] } ]
`

// control is the plan of the reference server, nil when the policy wants none.
func (p *asked) control() (*plan.Plan, error) {
	if !p.policy.Control {
		return nil, nil
	}
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start the control: %w", err)
	}
	command := strconv.Quote(quote(program) + " control --addr=127.0.0.1:${port}") // YAML's strings are like Go's here
	reference, problems := profile.Parse("control", fmt.Appendf(nil, controlProfile, command), profile.Surroundings{})
	if err := problems.Err(); err != nil {
		return nil, err
	}
	port, err := runner.FreePort()
	if err != nil {
		return nil, err
	}
	return plan.Make(reference, plan.Values{Port: port})
}

// controlCmd is the reference server, which gate.control starts.
type controlCmd struct {
	Addr string `required:""`
}

// touched is the memory that a request of the control reads, larger than a core's own caches
// and a part of those that cores share, whose neighbours are felt too.
const touched = 1 << 20

// Run serves until it is interrupted. Each request reads through the memory and answers with a
// number that depends on it.
func (c *controlCmd) Run(a *app) error {
	memory := make([]uint64, touched/8)
	for i := range memory {
		memory[i] = uint64(i) * 0x9e3779b97f4a7c15
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sum := uint64(0)
		for i := 0; i < len(memory); i += 8 { // a cache line each
			sum ^= memory[i]
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "{\"sum\": %d}\n", sum)
	})
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("control: %w", err)
	case <-a.stop:
	case <-a.ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err = server.Shutdown(ending)
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
