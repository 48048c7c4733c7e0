//go:build real

package websocket_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/protocoltest"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// centrifugo starts Centrifugo without credentials until the test ends, and returns its address.
func centrifugo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(config, []byte(`{
		"client": {"insecure": true, "ping_interval": "1s", "pong_timeout": "500ms"}, "uni_sse": {"enabled": true},
		"channel": {"without_namespace": {"allow_subscribe_for_client": true, "allow_publish_for_client": true}}
	}`), 0o600); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(address)
	var output strings.Builder
	c := exec.Command("../../../../bin/tools/centrifugo", "-c", config, "-a", host, "-p", port)
	c.Stdout, c.Stderr = &output, &output
	if err := c.Start(); err != nil {
		t.Fatalf("%v: build it with `make bin/tools/centrifugo`, or run `make test-real`", err)
	}
	t.Cleanup(func() {
		c.Process.Kill() //nolint:errcheck // it may have ended
		c.Wait()         //nolint:errcheck // how it ended does not matter
	})
	for range 200 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close() //nolint:errcheck // it was only to see that there is one
			return "http://" + address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("it does not listen:\n%s", &output)
	return ""
}

// Centrifugo answers commands with replies, and pushes messages between them. Its pings are empty objects, and the
// profile answers each with another. One frame may hold several answers, a line each: a text condition finds them.
// Over server-sent events, Centrifugo pushes what is published meanwhile, and pings with empty objects if that is nothing.
func TestRealCentrifugo(t *testing.T) {
	all := protocoltest.Run(t, fmt.Sprintf(`
target: {url: %q}
load: {users: 3, spawn_rate: 1e9, run_time: 3s, rounds: 1}
users:
  - name: chat
    fixed: 1
    wait: 10ms
    tasks:
      - websocket: /connection/websocket
        messages:
          - {send: {id: 1, connect: {}}, name: connect, reply: {id: 1}, expect: {json: {connect.client: exists}}, save: {client: connect.client}}
          - {send: {id: 2, subscribe: {channel: "own-${client}"}}, name: subscribe, reply: {id: 2}, expect: {json: {subscribe: exists}}}
          - {send: {id: 3, publish: {channel: "own-${client}", data: {said: "${word}"}}}, name: publish, repeat: 5, reply: '"push":{"channel":"own-'}
          - {send: {id: 4, publish: {channel: news, data: {n: 1}}}, name: news, reply: '"id":4'}
  - name: listener
    fixed: 1
    wait: 10ms
    tasks:
      - websocket: /connection/websocket
        name: listener
        messages:
          - {send: {id: 1, connect: {}}, name: connect, reply: {id: 1}}
          - {receive: 1, within: 2s, expect: {text: '== {}'}}
          - {send: {}, reply: none}
          - {receive: 1, within: 2s, expect: {text: '== {}'}}
  - name: reader
    fixed: 1
    wait: 10ms
    tasks:
      - sse: GET /connection/uni_sse?cf_connect=%%7B%%22subs%%22:%%7B%%22news%%22:%%7B%%7D%%7D%%7D
        name: events
        messages: [{receive: 2, expect: {text: "~ connect|pub|^[{][}]$"}}]
`, centrifugo(t)))
	for _, route := range []string{"WS /connection/websocket", "WS /connection/websocket publish", "WS /connection/websocket news", "listener", "events", "events each message"} {
		protocoltest.Ended(t, all, route, tally.OK, "")
	}
}
