package http_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// idleUserBytes is what a user with an open connection may cost while it does nothing: its
// driver, its connection and its goroutine with the stack.
const idleUserBytes = 12 << 10

// The server is a child process running this same test, so only the users are measured.
func TestIdleUsersAreSmall(t *testing.T) {
	switch os.Getenv("PLIMSOLL_TEST_SERVER") {
	case "1.1":
		fmt.Println("http://" + listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
			for in := bufio.NewReader(c); ; {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
				io.WriteString(c, ok)
			}
		}).String())
		io.Copy(io.Discard, os.Stdin)
	case "2":
		fmt.Println(plainServer2(t))
		io.Copy(io.Discard, os.Stdin)
	default:
		for version, to := range map[string]plan.Target{"1.1": target(""), "2": target2("", 0)} {
			t.Run(version, func(t *testing.T) { idleUsers(t, version, to) })
		}
	}
}

// idleUsers makes many users of a version of HTTP and weighs them.
func idleUsers(t *testing.T, version string, to plan.Target) {
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestIdleUsersAreSmall$")
	child.Env = append(os.Environ(), "PLIMSOLL_TEST_SERVER="+version)
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

	const many = 1000 // within the usual limit of file descriptors, had it not been raised
	r := peek("/")
	to.URL = strings.TrimSpace(url)
	h := newHTTP(t, to, r)
	before := inUse()
	var idle, done sync.WaitGroup
	idle.Add(many)
	leave := make(chan struct{})
	for range many {
		done.Go(func() {
			d := h.User(t.Context())
			defer d.Close()
			for range 2 {
				if o := d.Call(r.call, values{}); o.Class != tally.OK {
					t.Errorf("%+v", o)
				}
			}
			d.Idle()
			idle.Done()
			<-leave
		})
	}
	idle.Wait()
	perUser := (inUse() - before) / many
	close(leave)
	done.Wait()
	t.Logf("%d bytes for each idle user", perUser)
	if perUser > idleUserBytes && !racing {
		t.Errorf("an idle user costs %d bytes, want at most %d", perUser, idleUserBytes)
	}
}

// inUse is what the heap and the stacks hold after everything that can go has gone.
func inUse() int64 {
	for range 3 { // a pool keeps things for one cycle more, and a stack shrinks by half in each
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
