//go:build real

package grpc_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
)

// started runs a server of somebody else until the test ends. It prints its port.
func started(t *testing.T, program string, args ...string) (url string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, args...)
	c.Stderr = os.Stderr
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
		t.Fatalf("%s said nothing: %v", program, err)
	}
	return "http://127.0.0.1:" + strings.TrimSpace(line)
}

// python is a server of gRPC's C core.
const python = `
import grpc
from concurrent import futures

def call(q, c):
    c.send_initial_metadata((("x-initial", "a"),))
    c.set_trailing_metadata((("x-trailing-bin", b"\x01\x02"),))
    return q

def fail(q, c): c.abort(grpc.StatusCode.NOT_FOUND, "n\u00f6 such thing")

def down(q, c):
    for _ in range(3): yield q

def up(all, c):
    last = b""
    for q in all: last = q
    return last

def both(all, c):
    for q in all: yield q

one, many, stream, duplex = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler, grpc.stream_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler
methods = {"M": one(call), "Fail": one(fail), "Down": many(down), "Up": stream(up), "Both": duplex(both)}
server = grpc.server(futures.ThreadPoolExecutor(8), compression=grpc.Compression.Gzip)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("a.S", methods),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
server.wait_for_termination()
`

// newDescribed is describedUser with more of target.grpc.
func newDescribed(t testing.TB, url, target, more, steps string) *user {
	t.Helper()
	made, f := clients(t, url, target+", grpc: {proto: [a.proto]"+more+"}", steps)
	return userOf(t, made, f, datagen.New(made).User(0, made.Behaviours[0].Slots))
}

// TestRealPython calls a server of gRPC's C core, which compresses its answers.
func TestRealPython(t *testing.T) {
	program := "/usr/bin/python3"
	if exec.Command(program, "-c", "import grpc").Run() != nil {
		t.Fatal("grpcio is not there; `make programs-real` installs it")
	}
	script := filepath.Join(t.TempDir(), "server.py")
	if err := os.WriteFile(script, []byte(python), 0o600); err != nil {
		t.Fatal(err)
	}
	url := started(t, program, script)
	for _, how := range []string{"", ", compress: gzip"} {
		eachWay(t, func(t *testing.T, target string) {
			u := newDescribed(t, url, target, how, `
				{grpc: a.S/M, message: {text: "é"}, expect: {json: {text: é}, metadata: {x-initial: a}, trailers: {x-trailing-bin: "AQI="}}},
				{grpc: a.S/Fail, message: {text: x}, expect: {code: NOT_FOUND, text: "nö such thing"}},
				{grpc: a.S/Down, message: {text: x}, messages: [{receive: end, expect: {json: {text: x}}}]},
				{grpc: a.S/Up, messages: [{send: {text: "${int(7,7)}"}, repeat: 50, reply: none}], expect: {json: {text: "7"}}},
				{grpc: a.S/Both, messages: [{send: {text: y}, repeat: 5, expect: {json: {text: y}}}]}`)
			for i := range u.plan.Calls {
				o := u.do
				if i < 2 {
					if o := o(i); o.Error != "" {
						t.Errorf("call %d: %v %s", i, o.Class, o.Error)
					}
				} else if _, o := u.stream(i); o.Error != "" {
					t.Errorf("stream %d: %v %s", i, o.Class, o.Error)
				}
			}
		})
	}
}

// module is the directory of a Go module.
func module(t *testing.T, name string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", name)
	c.Dir = t.TempDir() // outside of any module
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go mod download %s: %v\n%s", name, err, out)
	}
	var m struct{ Dir string }
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	return m.Dir
}

// TestRealEtcd puts, gets and watches keys of etcd, which does not describe itself.
func TestRealEtcd(t *testing.T) {
	program, err := exec.LookPath("etcd")
	if err != nil {
		t.Fatal("etcd is not there; `make programs-real` installs it")
	}
	roots := t.TempDir()
	if err := os.Mkdir(filepath.Join(roots, "etcd"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(module(t, "go.etcd.io/etcd/api/v3@v3.5.17"), filepath.Join(roots, "etcd", "api")); err != nil {
		t.Fatal(err)
	}
	imports := fmt.Sprintf("[%q, %q, %q]", roots, module(t, "github.com/gogo/protobuf@v1.3.2"),
		filepath.Join(module(t, "github.com/grpc-ecosystem/grpc-gateway@v1.16.0"), "third_party", "googleapis"))
	client, peer := vacant(t), vacant(t)
	c := exec.CommandContext(t.Context(), program, "--data-dir", t.TempDir(), "--listen-client-urls", "http://"+client, "--advertise-client-urls", "http://"+client,
		"--listen-peer-urls", "http://"+peer, "--initial-advertise-peer-urls", "http://"+peer, "--initial-cluster", "default=http://"+peer)
	c.Env = append(os.Environ(), "ETCD_UNSUPPORTED_ARCH=arm64")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	for range 500 {
		if conn, err := net.Dial("tcp", client); err == nil {
			conn.Close()
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	eachWay(t, func(t *testing.T, target string) {
		u := newUser(t, "http://"+client, target+", grpc: {proto: [etcd/api/etcdserverpb/rpc.proto], import: "+imports+"}", `
			{grpc: etcdserverpb.KV/Put, message: {key: YQ==, value: "${int(1000,9999)}"}, expect: {json: {header.revision: "> 0"}}, save: {revision: header.revision}},
			{grpc: etcdserverpb.KV/Range, message: {key: YQ==}, expect: {json: {count: 1, kvs.0.key: YQ==}}},
			{grpc: etcdserverpb.KV/Range, message: {}, expect: {code: INVALID_ARGUMENT, text: key}},
			{grpc: etcdserverpb.Watch/Watch, messages: [{send: {create_request: {key: YQ==, start_revision: "${revision}"}}, reply: {created: true}}, {receive: 1, expect: {json: {events.0.kv.key: YQ==}}}]}`)
		for i := range 20 {
			if o := u.do(i % 3); o.Error != "" {
				t.Errorf("call %d: %v %s", i%3, o.Class, o.Error)
			}
		}
		if _, o := u.stream(3); o.Error != "" {
			t.Errorf("watch: %v %s", o.Class, o.Error)
		}
	})
}

// TestRealNode calls a server of grpc-js, which describes itself.
func TestRealNode(t *testing.T) {
	script, err := filepath.Abs("../../../../testdata/peers/grpc.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if !exists(filepath.Join(filepath.Dir(script), "node_modules", "@grpc", "grpc-js")) {
		t.Fatal("grpc-js is not there: run make peers")
	}
	url := started(t, "node", script)
	eachWay(t, func(t *testing.T, target string) {
		u := newUser(t, url, target, `
			{grpc: a.S/M, message: {text: x}, expect: {json: {text: x}, trailers: {x-a: b}}},
			{grpc: a.S/M, message: {text: fail}, expect: {code: RESOURCE_EXHAUSTED, text: full}},
			{grpc: a.S/Down, message: {text: x}, messages: [{receive: end, expect: {json: {text: x}}}]},
			{grpc: a.S/Up, messages: [{send: {text: a}, repeat: 30, reply: none}], expect: {json: {text: "30"}}},
			{grpc: a.S/Both, messages: [{send: {text: y}, repeat: 5, expect: {json: {text: y}}}]}`)
		for i := range 5 {
			if i < 2 {
				if o := u.do(i); o.Error != "" {
					t.Errorf("call %d: %v %s", i, o.Class, o.Error)
				}
			} else if _, o := u.stream(i); o.Error != "" {
				t.Errorf("stream %d: %v %s", i, o.Class, o.Error)
			}
		}
	})
}
