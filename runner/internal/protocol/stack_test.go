//go:build !race

package protocol_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

const (
	stackUsers = 400
	stackCalls = 3 // of each user
)

// A user's goroutine keeps a stack of 4 KiB through plain calls: there may be very many of them. No stack
// shrinks while this measures, so each is as large as it ever was. The race detector makes stacks larger.
func TestUsersHaveSmallStacks(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://"+listener.Addr().String()+`"}
load: {users: 400, spawn_rate: 1e9, run_time: 60s, rounds: 1}
users: [{name: u, wait: 1h, tasks: [{steps: [{http: GET /}, {http: "GET /a?b=${user.id}", name: a, expect: {status: 200}}, {http: POST /, json: {a: "${uuid}"}}]}]}]`), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := protocol.New(made, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer clients.Close()
	source, answered := datagen.New(made), int64(0)
	all, stop, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	crew := load.NewCrew(load.Parts{
		Plan: made, Client: clients.Client,
		Values: func(index, slots int) load.UserValues { return source.User(index, slots) },
		Sink: func(_ int, counted *tally.Tally) {
			if answered += counted.Total().Outcomes[tally.OK]; answered == stackUsers*stackCalls {
				close(all)
			}
		},
	})
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var served sync.WaitGroup
	before := stacks()
	served.Go(func() { answerInTurn(listener) })
	go func() {
		defer close(over)
		crew.Work(t.Context(), stop, made)
	}()
	select {
	case <-all:
		if each := (stacks() - before) / stackUsers; each > 6<<10 {
			t.Errorf("%d bytes of stack for each user, want 4 KiB", each)
		}
	case <-over:
		t.Errorf("%d of %d calls were answered", answered, stackUsers*stackCalls)
	}
	close(stop)
	<-over
	crew.Dismiss(t.Context())
	listener.Close()
	served.Wait()
}

func stacks() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.StackInuse
}

// answerInTurn answers the calls of all users with one goroutine, so the server has only one stack.
func answerInTurn(listener net.Listener) {
	var users []net.Conn
	for range stackUsers {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		users = append(users, c)
	}
	for range stackCalls {
		for _, c := range users {
			request, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
		}
	}
}
