//go:build unix && !race

package websocket_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
)

// idleBytes is what a user with an open WebSocket may cost who waits for a message: its client, its
// connection, its buffer and its goroutine with the stack.
const idleBytes = 12 << 10

// Ten thousand users wait on their sockets. The server is a child process running this same test, so
// only the users are measured.
func TestIdleSocketsAreSmall(t *testing.T) {
	if os.Getenv("PLIMSOLL_TEST_SERVER") != "" {
		fmt.Println(echo(t))
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	many := 10_000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < 11_000 {
		many = 500
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestIdleSocketsAreSmall$")
	child.Env = append(os.Environ(), "PLIMSOLL_TEST_SERVER=1")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer in.Close()
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	next := users(t, strings.TrimSpace(url), "/", "")
	before := inUse()
	var idle, done sync.WaitGroup
	idle.Add(many)
	turn := make(chan struct{}, 50) // so many connect at once
	leave := time.Now().Add(10 * time.Minute)
	for range many {
		done.Go(func() {
			turn <- struct{}{}
			u := next()
			u.open()
			ok := u.stream != nil && u.say(strings.Repeat("x", 100)).Event == load.Answered
			<-turn
			u.client.Idle()
			if idle.Done(); !ok {
				t.Errorf("%v %s", u.opened.Class, u.opened.Error)
				return
			}
			if r := u.receive(leave); r.Event != load.Broken {
				t.Errorf("%v %s", r.Event, r.Error)
			}
			u.end()
		})
	}
	idle.Wait()
	time.Sleep(50 * time.Millisecond) // until the last ones wait
	each := (inUse() - before) / int64(many)
	in.Close() // the server ends, and with it the waits
	done.Wait()
	t.Logf("%d bytes for each of %d idle sockets", each, many)
	if each > idleBytes {
		t.Errorf("an idle socket costs %d bytes, want at most %d", each, idleBytes)
	}
}

func inUse() int64 {
	for range 3 { // a pool keeps things for one cycle more, and a stack shrinks by half in each
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
