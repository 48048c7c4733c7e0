// Package reference is the server that gate.control loads beside the system under test, to tell a slow
// machine from a slow service.
//
// Plan gives the plan of a run against it: this program is started again with the hidden command control,
// which calls Serve. Each request reads a fixed amount of memory: another program that takes the CPU or the shared
// caches slows it as it slows the service.
package reference

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// controlProfile loads the server with a few users that never pause, as fast as the machine goes.
const controlProfile = `name: control
target:
  url: http://127.0.0.1:${port}
  start: { command: %s, ready: { tcp: true, within: 20s } }
load: { users: 4, spawn_rate: 1000, warm_up: 0s, run_time: 2s, rounds: 1 }
users: [ { name: control, tasks: [ { http: GET / } ] } ]
`

// Plan is the plan of a run against the server, on a free port.
func Plan() (*plan.Plan, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start the control: %w", err)
	}
	command := strconv.Quote(Quote(program) + " control --addr=127.0.0.1:${port}") // YAML's strings are like Go's here
	control, problems := profile.Parse("control", fmt.Appendf(nil, controlProfile, command), profile.Surroundings{})
	if err := problems.Err(); err != nil {
		return nil, err
	}
	port, err := runner.FreePort()
	if err != nil {
		return nil, err
	}
	return plan.Make(control, plan.Values{Port: port})
}

// Quote quotes the path of a program as one word, for the shell that runs target.start.command.
func Quote(path string) string {
	if runtime.GOOS == "windows" {
		return `"` + path + `"` // a path on Windows has no quotation mark
	}
	return "'" + strings.ReplaceAll(path, "'", `'"'"'`) + "'"
}

// touched is how much memory a request reads, in bytes: more than a core's own caches hold and less than the caches
// that cores share, so other programs on the machine slow it.
const touched = 1 << 20

// Serve answers at an address until ctx ends or stop is closed.
func Serve(ctx context.Context, stop <-chan struct{}, addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	server := &http.Server{Handler: handler(), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("control: %w", err)
	case <-stop:
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err = server.Shutdown(ending)
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// handler reads through the memory for each request and answers with a number that depends on it.
func handler() http.Handler {
	memory := make([]uint64, touched/8)
	for i := range memory {
		memory[i] = uint64(i) * 0x9e3779b97f4a7c15
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sum := uint64(0)
		for i := 0; i < len(memory); i += 8 { // one word of each cache line
			sum ^= memory[i]
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "{\"sum\": %d}\n", sum)
	})
}
