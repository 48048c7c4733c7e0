package grpc_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	server "google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/interop"
	testing_pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/stats"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/grpc"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// user is one user of a profile whose task is a list of calls.
type user struct {
	t      testing.TB
	plan   *plan.Plan
	client load.Client
	values load.UserValues
}

// clients makes the clients of a profile: target is the rest of its target, and steps are those of its task.
func clients(t testing.TB, url, target, steps string) (*plan.Plan, *grpc.Clients) {
	t.Helper()
	if !strings.Contains(target, "timeout: ") {
		target += ", timeout: 5s"
	}
	text := fmt.Sprintf("name: x\ntarget: {url: %q%s}\nusers: [{name: u, tasks: [{steps: [%s]}]}]\n", url, target, steps)
	p, problems := profile.Parse("plimsoll.yaml", []byte(text), profile.Surroundings{
		Env: func(string) (string, bool) { return "", false },
		Read: func(path string) ([]byte, error) {
			if path == "a.proto" {
				return []byte(api), nil
			}
			return os.ReadFile(path)
		},
	})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := wire.NewDialer(made.Target, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := grpc.New(made, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return made, f
}

// newUser makes a user of a system that describes itself.
func newUser(t testing.TB, url, target, steps string) *user {
	t.Helper()
	return manyUsers(t, url, target, steps, 1)[0]
}

// manyUsers makes n users.
func manyUsers(t testing.TB, url, target, steps string, n int) (users []*user) {
	t.Helper()
	made, f := clients(t, url, target, steps)
	if err := f.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	source := datagen.New(made)
	for i := range n {
		users = append(users, userOf(t, made, f, source.User(i, made.Behaviours[0].Slots)))
	}
	return users
}

// do makes the i-th call.
func (u *user) do(i int) load.Outcome { return u.client.Do(u.t.Context(), u.plan.Calls[i], u.values) }

// good makes all calls and fails the test unless they are as expected.
func (u *user) good() {
	u.t.Helper()
	for i, c := range u.plan.Calls {
		if o := u.do(i); o.Class != tally.OK {
			u.t.Errorf("call %d, %s: %v: %s", i, c.Name, o.Class, o.Error)
		}
	}
}

// interopServer is the server that implementations of gRPC test each other with.
func interopServer(t testing.TB, options ...server.ServerOption) (url string) {
	t.Helper()
	s := server.NewServer(options...)
	testing_pb.RegisterTestServiceServer(s, interop.NewTestServer())
	reflection.Register(s)
	return "http://" + serve(t, s)
}

func serve(t testing.TB, s *server.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

// compressed fails the test unless messages are compressed both ways.
type compressed struct{ t *testing.T }

func (compressed) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (compressed) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (compressed) HandleConn(context.Context, stats.ConnStats)                       {}

func (c compressed) HandleRPC(_ context.Context, s stats.RPCStats) {
	switch s := s.(type) {
	case *stats.InHeader:
		if strings.HasSuffix(s.FullMethod, "UnaryCall") && s.Compression != "gzip" {
			c.t.Errorf("sent with %q", s.Compression)
		}
	case *stats.OutHeader:
		if strings.HasSuffix(s.FullMethod, "UnaryCall") && s.Compression != "gzip" {
			c.t.Errorf("answered with %q", s.Compression)
		}
	}
}

// Messages are sent compressed if the profile says so. The server answers likewise.
func TestCompress(t *testing.T) {
	url := interopServer(t, server.StatsHandler(compressed{t}))
	eachWay(t, func(t *testing.T, target string) {
		newUser(t, url, target+", grpc: {compress: gzip}", `
			{`+unary+`, message: {response_size: 2000, payload: {body: "AAEC"}}, expect: {json: {payload.body: "~ ^A{900}"}}},
			{`+unary+`, message: {response_size: "${int(3,3)}", payload: {body: "AAEC"}}, expect: {json: {payload.body: AAAA}}}`).good()
	})
}

const unary = "grpc: grpc.testing.TestService/UnaryCall"

// Both ways to connect make the same calls.
func eachWay(t *testing.T, test func(t *testing.T, target string)) {
	for name, target := range map[string]string{"per-user": "", "shared": ", connections: shared 2"} {
		t.Run(name, func(t *testing.T) { test(t, target) })
	}
}

func TestUnary(t *testing.T) {
	url := interopServer(t)
	eachWay(t, func(t *testing.T, target string) {
		u := newUser(t, url, target, `
			{grpc: grpc.testing.TestService/EmptyCall},
			{`+unary+`, message: {response_size: 20, payload: {body: "AAEC"}}, expect: {json: {payload.type: COMPRESSABLE, payload.body: AAAAAAAAAAAAAAAAAAAAAAAAAAA=}}, save: {body: payload.body}},
			{`+unary+`, message: {response_size: "${int(3,3)}", payload: {body: "${body}"}}, expect: {json: {payload.body: AAAA}}},
			{`+unary+`, message: {response_status: {code: 5, message: "no such thing: 100%"}}, expect: {code: NOT_FOUND, text: "no such thing: 100%"}},
			{`+unary+`, message: {response_status: {code: 2, message: "x"}}, expect: {code: [OK, UNKNOWN]}},
			{`+unary+`, metadata: {x-grpc-test-echo-initial: "é${int(7,7)}", x-grpc-test-echo-trailing-bin: "q6ur"}, expect: {metadata: {x-grpc-test-echo-initial: "é7"}, trailers: {x-grpc-test-echo-trailing-bin: q6ur}}, save: {echo: {metadata: x-grpc-test-echo-initial}}},
			{`+unary+`, metadata: {x-grpc-test-echo-trailing-bin: "q6s"}, expect: {trailers: {x-grpc-test-echo-trailing-bin: "q6s="}}}`)
		u.good()
		for _, o := range []load.Outcome{u.do(0), u.do(1)} {
			if o.Sent.IsZero() || o.Ended.Before(o.Sent) || o.Resent != 0 || o.BytesReceived < 5 {
				t.Errorf("%+v", o)
			}
		}
	})
}

// Codes that are not expected are failures of their own class, in the words of the server.
func TestCodes(t *testing.T) {
	u := newUser(t, interopServer(t), "", `
		{`+unary+`, message: {response_status: {code: 14, message: "no\nbackend"}}},
		{`+unary+`, message: {response_status: {code: 4, message: "late"}}},
		{`+unary+`, expect: {code: NOT_FOUND}},
		{`+unary+`, message: {response_status: {code: 16}}, expect: {code: [OK, NOT_FOUND]}},
		{`+unary+`, message: {response_status: {code: 4}}, expect: {code: DEADLINE_EXCEEDED}},
		{grpc: grpc.testing.TestService/UnimplementedCall},
		{`+unary+`, message: {response_size: 3}, expect: {json: {payload.body: "== x"}}},
		{`+unary+`, expect: {metadata: {x-none: exists}}}`)
	for i, want := range []struct {
		class tally.Class
		text  string
	}{
		{tally.Status, "code 14 UNAVAILABLE: no backend"},
		{tally.Timeout, "no whole answer in time"},
		{tally.Status, "code 0 OK, expected NOT_FOUND"},
		{tally.Status, "code 16 UNAUTHENTICATED, expected OK or NOT_FOUND"},
		{tally.OK, ""},
		{tally.Status, "code 12 UNIMPLEMENTED"},
		{tally.Expect, "expected payload.body == x"},
		{tally.Expect, "expected the metadata x-none exists"},
	} {
		if o := u.do(i); o.Class != want.class || !strings.HasPrefix(o.Error, want.text) || (o.Error == "") != (want.text == "") {
			t.Errorf("call %d: %v %q, want %v %q", i, o.Class, o.Error, want.class, want.text)
		}
	}
}

// stream makes a stream of the plan's first call, as a load does, and tells what came of it.
func (u *user) stream(i int) (events []load.Event, o load.Outcome) {
	u.t.Helper()
	call := u.plan.Calls[i]
	s, o := u.client.(load.Opener).Open(u.t.Context(), call, u.values)
	if o.Class != tally.OK {
		return nil, o
	}
	receive := func(m *plan.Message) load.Event {
		r := s.Receive(m, u.values, time.Now().Add(5*time.Second))
		events = append(events, r.Event)
		if r.Event == load.Answered && r.Class != tally.OK || r.Event == load.Broken {
			u.t.Errorf("a message: %v %q", r.Class, r.Error)
		}
		return r.Event
	}
	for i := range call.Messages {
		m := &call.Messages[i]
		for range m.Repeat {
			if o := s.Send(m, u.values); o.Class != tally.OK {
				s.End() // the server may have refused the stream before its last message
				return events, o
			}
			for m.Awaits == profile.AwaitReply && receive(m) == load.Passed {
			}
		}
		for n := 0; m.Awaits == profile.AwaitEnd || m.Awaits == profile.AwaitCount && n < m.Count; n++ {
			if e := receive(m); e != load.Answered {
				break
			}
		}
	}
	return events, s.End()
}

func TestStreams(t *testing.T) {
	const (
		out  = "grpc: grpc.testing.TestService/StreamingOutputCall"
		in   = "grpc: grpc.testing.TestService/StreamingInputCall"
		both = "grpc: grpc.testing.TestService/FullDuplexCall"
		two  = "message: {response_parameters: [{size: 3}, {size: 30}]}"
	)
	url := interopServer(t)
	eachWay(t, func(t *testing.T, target string) {
		u := newUser(t, url, target, `
			{`+out+`, `+two+`, messages: [{receive: end, expect: {json: {payload.body: "~ ^AAAA"}}}]},
			{`+out+`, `+two+`, messages: [{receive: 1, save: {first: payload.body}}]},
			{`+in+`, messages: [{send: {payload: {body: AAAA}}, repeat: 100, reply: none}], expect: {json: {aggregated_payload_size: 300}}, save: {sum: aggregated_payload_size}},
			{`+both+`, messages: [{send: {response_parameters: [{size: "${int(3,3)}"}]}, repeat: 3, expect: {json: {payload.body: AAAA}}}]},
			{`+both+`, messages: [{send: {response_parameters: [{size: 3}, {size: 6}]}, reply: {payload.body: AAAAAAAA}}, {send: {response_parameters: [{size: 3}]}, reply: none}, {receive: end}]},
			{`+both+`, messages: [{send: {response_status: {code: 9, message: stop}}, reply: none}, {receive: end}], expect: {code: FAILED_PRECONDITION, text: stop}}`)
		for i, want := range []string{"1 1 3", "1", "", "1 1 1", "2 1 1 3", "3"} {
			events, o := u.stream(i)
			got := strings.Trim(fmt.Sprint(events), "[]")
			if o.Class != tally.OK || got != want {
				t.Errorf("stream %d: %v %q, events %s, want %s", i, o.Class, o.Error, got, want)
			}
			if i != 1 && i != 5 && o.BytesReceived == 0 {
				t.Errorf("stream %d: no bytes", i)
			}
		}
	})
}

// interopServerApart is that server in a process of its own, so what it allocates is not measured.
func interopServerApart(t testing.TB) (url string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), grpc.Role+"=server")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}
