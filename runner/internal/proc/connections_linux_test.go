package proc_test

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
)

// A service's connections are told by where they go, and those that come in are told apart.
func TestConnections(t *testing.T) {
	database, service, client := start(t, "worker"), start(t, "worker"), start(t, "worker")
	at := "127.0.0.1:" + database.line(t, "listen 0")
	own := "127.0.0.1:" + service.line(t, "listen 0")
	for range 3 {
		service.line(t, "dial "+at)
	}
	for range 2 {
		client.line(t, "dial "+own)
	}
	tree := follow(t, service.Process.Pid)
	search(tree)
	c := tree.Connections()
	if !c.Known || len(c.Out) != 1 || c.Out[0] != (proc.Remote{Address: at, Established: 3}) {
		t.Errorf("%+v, want 3 to %s", c, at)
	}
	if len(c.Listening) != 1 || c.Listening[0].Address != own {
		t.Fatalf("%+v, want to listen on %s", c, own)
	}
	// Go's accept loop is not running there: both clients wait, and no descriptor of the service holds them.
	if c.Listening[0].Waiting != 2 || c.In != 0 {
		t.Errorf("%+v, want 2 that wait", c)
	}
	text, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listening[0].Backlog != number(t, string(text)) { // what Go asks for
		t.Errorf("a backlog of %d, somaxconn is %s", c.Listening[0].Backlog, text)
	}
	service.line(t, "accept")
	if c = tree.Connections(); c.In != 1 || c.Listening[0].Waiting != 1 {
		t.Errorf("after one was accepted: %+v", c)
	}
	pid, err := proc.NewReader("/").Listening(c.Listening[0].Port)
	if err != nil || pid != service.Process.Pid {
		t.Errorf("process %d listens, %v; want %d", pid, err, service.Process.Pid)
	}
}

func TestListening(t *testing.T) {
	r := proc.NewReader("/")
	defer r.Close()
	if _, err := r.Listening(1); err == nil || !strings.Contains(err.Error(), "no process listens on port 1") {
		t.Errorf("%v", err)
	}
	w := start(t, "worker")
	port := number(t, w.line(t, "listen6"))
	if pid, err := r.Listening(port); err != nil || pid != w.Process.Pid {
		t.Errorf("IPv6: process %d, %v", pid, err)
	}
}

// Lines that are damaged are left out, and both kinds of addresses are read.
func TestRecordedConnections(t *testing.T) {
	m := record(t)
	m.put(process{pid: 10, parent: 1, name: "db", start: 5})
	m.link("proc/10/fd/3", "socket:[100]")
	m.link("proc/10/fd/4", "socket:[101]")
	m.link("proc/10/fd/5", "socket:[102]")
	m.link("proc/10/fd/6", "pipe:[104]")
	const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	m.write("proc/10/net/tcp", header+
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 100 2 0000000038dd7e09 100 0 0 10 0\n"+
		"   1: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 101 1 0 20 4 30 10 -1\n"+
		"   2: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 999 1 0 20 4 30 10 -1\n"+
		"   3: 0100007F:XXXX 0100007F:C001 01\n\n   4: nonsense\n")
	m.write("proc/10/net/tcp6", header+
		"   0: 0000000000000000FFFF00000100007F:C001 0000000000000000FFFF00000100007F:1538 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0\n")
	tree := m.tree()
	search(tree)
	c := tree.Connections()
	if !c.Known || c.In != 1 || len(c.Out) != 1 || c.Out[0] != (proc.Remote{Address: "127.0.0.1:5432", Established: 1}) ||
		len(c.Listening) != 1 || c.Listening[0] != (proc.Listener{Address: "127.0.0.1:8080", Port: 8080, Waiting: 3}) {
		t.Errorf("%+v", c)
	}
}

func (m recording) link(name, to string) {
	m.Helper()
	if err := os.Symlink(to, m.root+"/"+name); err != nil {
		m.Fatal(err)
	}
}

// Of another user's process CPU time, memory, threads and the number of files are told, and what is not told is named.
func TestAnotherUser(t *testing.T) {
	pid := 1
	if os.Getuid() == 0 {
		pid = start(t, "sleeper").Process.Pid
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with this goroutine
		if os.Getuid() == 0 {
			if _, _, err := unix.RawSyscall(unix.SYS_SETRESUID, 65534, 65534, 65534); err != 0 {
				t.Errorf("become nobody: %v", err)
				return
			}
		}
		r := proc.NewReader("/")
		defer r.Close()
		tree, err := r.Tree(pid)
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		defer tree.Close()
		s := tree.Sample(time.Now())
		if !s.Alive || s.RSSBytes == 0 || s.Threads == 0 || !s.FaultsKnown {
			t.Errorf("%+v", s)
		}
		c := tree.Connections()
		if s.IO.Known || c.Known || !names(s.Absent, "io") || !names(c.Absent, "connections") {
			t.Errorf("io %+v, connections %+v, absent %+v", s.IO, c, s.Absent)
		}
		t.Logf("absent: %+v %+v; files %+v, scheduling %+v", s.Absent, c.Absent, s.Files, s.Scheduling)
	}()
	<-done
}

func names(absent []proc.Absent, source string) bool {
	for _, a := range absent {
		if a.Source == source && a.Why != "" {
			return true
		}
	}
	return false
}

// A system in a network namespace of its own has listeners and counters of its own.
func TestNamespace(t *testing.T) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "PROC_TEST_ROLE=worker")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	w := run(t, c)
	if w == nil {
		t.Skip("no right to make a network namespace")
	}
	port := number(t, w.line(t, "listen-any"))
	tree := follow(t, c.Process.Pid)
	search(tree)
	got := tree.Connections()
	if len(got.Listening) != 1 || got.Listening[0].Port != port || got.Listening[0].Backlog != 0 {
		t.Errorf("%+v, want port %d without a backlog", got, port)
	}
	tcp := tree.TCP()
	if !tcp.Known || tcp.OutSegments != 0 {
		t.Errorf("%+v, want a namespace in which nothing was sent", tcp)
	}
	r := proc.NewReader("/")
	defer r.Close()
	if pid, err := r.Listening(port); err == nil && pid == c.Process.Pid {
		t.Error("the port of another namespace is taken for one of this")
	}
}

// The kernel's own counters stand beside those of the machine.
func TestTCP(t *testing.T) {
	tree, machine := followMachine(t, os.Getpid())
	search(tree)
	if own, all := tree.TCP(), machine().TCP; !own.Known || own.OutSegments == 0 || own.OutSegments > all.OutSegments {
		t.Errorf("%+v, and the machine %+v", own, all)
	}
}
