package proc_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What a process uses is what other tools say of it.
func TestProcess(t *testing.T) {
	c := start(t, "worker")
	tree := follow(t, c.Process.Pid)
	c.line(t, "open 1") // the runtime opens files of its own with the first
	first := search(tree)
	c.line(t, "burn 300ms")
	c.line(t, "memory 67108864")
	c.line(t, "open 40")
	last := search(tree)
	if used := last.CPU() - first.CPU(); used < 280*time.Millisecond {
		t.Errorf("it used %v of CPU time, burnt were 300ms", used)
	}
	if grown := last.RSSBytes - first.RSSBytes; grown < 60<<20 {
		t.Errorf("memory grew by %d bytes", grown)
	}
	if grown := last.Files.Open - first.Files.Open; !last.Files.Known || grown != 40 {
		t.Errorf("%d files more are open, known %v; want 40", grown, last.Files.Known)
	}
	if !last.Scheduling.Known || last.Scheduling.Busiest.CPU < 100*time.Millisecond || last.Scheduling.Busiest.Name == "" {
		t.Errorf("%+v", last.Scheduling)
	}
	fields := strings.Fields(ps(t, c.Process.Pid, "rss=,nlwp="))
	if rss := int64(number(t, fields[0])) << 10; rss < last.RSSBytes*9/10 || rss > last.RSSBytes*11/10 {
		t.Errorf("ps says %d bytes, the sample %d", rss, last.RSSBytes)
	}
	if threads := number(t, fields[1]); threads < last.Threads || threads > last.Threads+3 {
		t.Errorf("ps says %d threads, the sample %d", threads, last.Threads)
	}
}

// ps asks the tool of that name.
func ps(t *testing.T, pid int, columns string) string {
	t.Helper()
	out, err := exec.Command("ps", "-o", columns, "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		t.Skipf("there is no ps here that knows %s: %v", columns, err)
	}
	return string(out)
}

// CPU time of children that have ended stays, whoever waits for them, and whether a sample has seen them or not.
func TestEndedChildren(t *testing.T) {
	burner := fmt.Sprintf("env PROC_TEST_ROLE=burner %s", os.Args[0])
	for name, c := range map[string]struct {
		command string
		least   time.Duration
	}{
		"one after the other":      {burner + "; " + burner, 300 * time.Millisecond},
		"below another":            {"sh -c '" + burner + "; true'; true", 150 * time.Millisecond},
		"in another session":       {"setsid " + burner + " & wait", 150 * time.Millisecond},
		"many at once":             {burner + " & " + burner + " & wait", 300 * time.Millisecond},
		"its parent ends before":   {"(sh -c '" + burner + "; true' & sleep 0.1); wait; sleep 0.6", 0}, // may be lost: see below
		"its parent never waits":   {"trap '' CHLD; " + burner + "; true", 100 * time.Millisecond},     // what it used since the last sample is lost
		"a program in its place":   {"exec " + burner, 150 * time.Millisecond},
		"its output is waited for": {"echo $(" + burner + ")", 150 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, "worker")
			tree := follow(t, w.Process.Pid)
			before := search(tree)
			if _, err := fmt.Fprintln(w.in, "run "+c.command); err != nil {
				t.Fatal(err)
			}
			done := make(chan bool)
			go func() { done <- w.out.Scan() }()
			last, samples := before, 0
			for running := true; running; samples++ {
				select {
				case ok := <-done:
					if !ok {
						t.Fatal("the child ended")
					}
					running = false
				case <-time.After(20 * time.Millisecond):
				}
				s := search(tree)
				if s.User < last.User || s.System < last.System || s.MinorFaults < last.MinorFaults || s.IO.WrittenBytes < last.IO.WrittenBytes {
					t.Errorf("a counter fell from %+v to %+v", last, s)
				}
				last = s
			}
			used := last.CPU() - before.CPU()
			if used < c.least*9/10 {
				t.Errorf("%v of CPU time after %d samples, want at least %v", used, samples, c.least)
			}
			// What the tree says is what wait4 tells the test: within the ticks of ten milliseconds, and what starting costs.
			_ = w.in.Close()
			_ = w.Wait() // its status does not matter
			whole := w.ProcessState.UserTime() + w.ProcessState.SystemTime()
			if c.least > 0 && name != "its parent never waits" && (last.CPU() > whole+60*time.Millisecond || last.CPU() < whole*8/10-60*time.Millisecond) {
				t.Errorf("the tree says %v, wait4 says %v", last.CPU(), whole)
			}
		})
	}
}

// A daemon that leaves its parent, its group and its session stays known once it was seen.
func TestDaemon(t *testing.T) {
	w := start(t, "worker")
	tree := follow(t, w.Process.Pid)
	search(tree)
	// The fifo keeps the parent until the search has seen the daemon.
	fifo := filepath.Join(t.TempDir(), "go")
	if err := exec.Command("mkfifo", fifo).Run(); err != nil {
		t.Skipf("no mkfifo: %v", err)
	}
	script := fmt.Sprintf("(setsid sleep 300 >/dev/null 2>&1 </dev/null & echo $! >%[1]s.pid; read x <%[1]s)", fifo)
	if _, err := fmt.Fprintln(w.in, "run "+script); err != nil {
		t.Fatal(err)
	}
	daemon := 0
	eventually(t, "the daemon starts", func() bool {
		text, err := os.ReadFile(fifo + ".pid")
		if err == nil {
			daemon, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		}
		return daemon != 0
	})
	t.Cleanup(func() { // the test started it
		if p, err := os.FindProcess(daemon); err == nil {
			_ = p.Kill() // it may have ended
		}
	})
	with := search(tree)
	if err := os.WriteFile(fifo, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.line(t, "") // the shell has ended: the daemon has another parent
	if parent := strings.TrimSpace(ps(t, daemon, "ppid=")); parent == strconv.Itoa(w.Process.Pid) {
		t.Fatalf("the daemon still has its parent")
	}
	s := search(tree)
	if s.Processes != 2 || with.Processes < 3 {
		t.Errorf("%d processes, before %d; want the worker and the daemon", s.Processes, with.Processes)
	}
	_ = w.in.Close()
	_ = w.Wait() // its status does not matter
	if s = search(tree); s.Processes != 1 || s.Main || !s.Alive {
		t.Errorf("without the worker: %+v", s)
	}
}

// A process whose parent is gone before any search is found by the group or session that the tree leads.
func TestOrphan(t *testing.T) {
	c := exec.Command("sh", "-c", "(sleep 300 >/dev/null 2>&1 </dev/null & echo $!); read x; exit")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // the group that the test made
		_ = in.Close()
		_ = c.Wait() // it was killed
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("no pid")
	}
	orphan, shell := number(t, lines.Text()), strconv.Itoa(c.Process.Pid)
	eventually(t, "the orphan has another parent", func() bool {
		parent := number(t, ps(t, orphan, "ppid="))
		return parent == 1 || strings.TrimSpace(ps(t, parent, "pgid=")) != shell
	})
	tree := follow(t, c.Process.Pid)
	if s := search(tree); s.Processes != 2 {
		t.Errorf("%d processes, want the shell and its orphan %s", s.Processes, lines.Text())
	}
}

// eventually waits for what other processes do.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 1000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it did not happen: %s", what)
}

// A process that has begun since the last sample is found by the next, without a search of all.
func TestNewProcessesAreFoundAtOnce(t *testing.T) {
	c := exec.Command("sh", "-c", "read x; sleep 300 & sh -c 'sleep 300 & wait' & wait")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // it may have ended
		_ = c.Wait()                                      // it was killed
	})
	tree := follow(t, c.Process.Pid)
	began := time.Now()
	if s := tree.Sample(began); s.Processes != 1 {
		t.Fatalf("%d processes", s.Processes)
	}
	_, _ = in.Write([]byte("\n")) // nothing else fails if it is not read
	at := began
	eventually(t, "three processes more", func() bool {
		at = at.Add(time.Millisecond) // fewer seconds than to the next search of all
		return tree.Sample(at).Processes == 4
	})
	if s := tree.Sample(at.Add(time.Millisecond)); s.Files.Share <= 0 || s.Threads != 4 {
		t.Errorf("%+v", s)
	}
}

// An exec makes no new process, and the counters go on.
func TestExec(t *testing.T) {
	c := exec.Command("sh", "-c", "read x; exec sleep 300")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill() // it may have ended
		_ = c.Wait()         // it was killed
	})
	tree := follow(t, c.Process.Pid)
	before := search(tree)
	_, _ = in.Write([]byte("\n")) // an exec that does not come fails the test below
	eventually(t, "exec", func() bool { return strings.Contains(ps(t, c.Process.Pid, "comm="), "sleep") })
	after := search(tree)
	if after.Processes != 1 || !after.Main || after.Restarts != 0 || after.CPU() < before.CPU() || after.MinorFaults <= before.MinorFaults {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// A service that its supervisor starts again is a restart, a worker that comes and goes is none.
func TestRestart(t *testing.T) {
	super := start(t, "supervisor")
	port := number(t, super.line(t, ""))
	tree := follow(t, super.Process.Pid)
	search(tree)
	c := tree.Connections()
	if len(c.Listening) != 1 || c.Listening[0].Port != port {
		t.Fatalf("%+v, want port %d", c, port)
	}
	super.line(t, "child") // starts another process, which ends
	if s := search(tree); s.Restarts != 0 || !s.Main {
		t.Errorf("after a helper: %+v", s)
	}
	super.line(t, "kill")
	if s := search(tree); s.Main {
		search(tree)
	}
	super.line(t, "again")
	search(tree) // finds the new process
	if s := search(tree); s.Restarts != 1 || !s.Main {
		t.Errorf("after the service was started anew: %+v", s)
	}
	super.line(t, "kill")
	search(tree)
	if err := tree.Adopt(os.Getpid()); err != nil {
		t.Fatal(err)
	}
	if s := search(tree); s.Restarts != 1 { // the supervisor lives
		t.Errorf("%d restarts", s.Restarts)
	}
}

// A tree whose processes have all ended goes on under another, and that is one restart.
func TestAdopt(t *testing.T) {
	first, second := start(t, "worker"), start(t, "worker")
	first.line(t, "listen 0")
	tree := follow(t, first.Process.Pid)
	search(tree)
	tree.Connections()
	first.line(t, "burn 50ms")
	before := search(tree)
	_ = first.in.Close()
	_ = first.Wait() // its status does not matter
	if s := search(tree); s.Alive || s.Main || s.CPU() < before.CPU() {
		t.Errorf("after the end: %+v, before %+v", s, before)
	}
	second.line(t, "listen 0")
	if err := tree.Adopt(second.Process.Pid); err != nil {
		t.Fatal(err)
	}
	search(tree)
	tree.Connections()
	if s := search(tree); !s.Alive || !s.Main || s.Restarts != 1 || s.CPU() < before.CPU() {
		t.Errorf("under another process: %+v", s)
	}
	if err := tree.Adopt(first.Process.Pid); err == nil {
		t.Error("a process that has ended was adopted")
	}
}

// Bytes on disks are those that the program wrote, and a child that was waited for takes its own along.
func TestIO(t *testing.T) {
	w := start(t, "worker")
	tree := follow(t, w.Process.Pid)
	before := search(tree)
	if !before.IO.Known {
		t.Skipf("%v", before.Absent)
	}
	dir := t.TempDir()
	if said := w.line(t, "write "+filepath.Join(dir, "a")); said != "<nil>" {
		t.Fatal(said)
	}
	own := search(tree)
	if n := own.IO.WrittenBytes - before.IO.WrittenBytes; n < 1<<20 || n > 2<<20 {
		t.Skipf("%d bytes written to a disk: is %s in memory?", n, dir)
	}
	w.line(t, "run dd if=/dev/zero of="+filepath.Join(dir, "b")+" bs=1M count=2 conv=fsync 2>/dev/null")
	all := search(tree)
	if n := all.IO.WrittenBytes - own.IO.WrittenBytes; n < 2<<20 || n > 3<<20 {
		t.Errorf("a child wrote 2 MiB, the tree says %d bytes", n)
	}
}
