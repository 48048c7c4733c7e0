package proc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
)

// recording is a machine made of files.
type recording struct {
	*testing.T
	root string
}

func record(t *testing.T) recording {
	t.Helper()
	m := recording{t, t.TempDir()}
	m.write("proc/loadavg", "0.50 0.25 0.10 1/2 3\n")
	return m
}

func (m recording) write(name, text string) {
	m.Helper()
	file := filepath.Join(m.root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		m.Fatal(err)
	}
}

func (m recording) remove(name string) {
	m.Helper()
	if err := os.RemoveAll(filepath.Join(m.root, name)); err != nil {
		m.Fatal(err)
	}
}

// process is what a recorded process tells.
type process struct {
	pid, parent     int
	name            string
	state           string
	user, children  int // ticks
	minor, childMin int
	start           int
}

// put writes the files of a process with one thread.
func (m recording) put(p process) {
	m.Helper()
	if p.state == "" {
		p.state = "S"
	}
	dir := fmt.Sprintf("proc/%d/", p.pid)
	stat := fmt.Sprintf("%d (%s) %s %d %d 1 0 -1 4194304 %d %d 0 0 %d 0 %d 0 20 0 1 0 %d 3133440 407 18446744073709551615 1 1 1 0 0 0 0 0 0 0 0 0 17 0\n",
		p.pid, p.name, p.state, p.parent, p.pid, p.minor, p.childMin, p.user, p.children, p.start)
	m.write(dir+"stat", stat)
	m.write(dir+"statm", "900 100 50 1 0 60 0\n")
	m.write(dir+"io", "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n")
	m.write(dir+"status", "Name:\t"+strings.ReplaceAll(p.name, "\n", `\n`)+"\nThreads:\t1\nCpus_allowed_list:\t0-1,3\n")
	m.write(dir+"limits", "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            10                   4096                 files     \n")
	m.write(dir+"fd/0", "")
	m.write(dir+"fd/1", "")
	task := fmt.Sprintf("%stask/%d/", dir, p.pid)
	m.write(task+"stat", stat)
	m.write(task+"comm", p.name+"\n")
	m.write(task+"schedstat", fmt.Sprintf("%d %d %d\n", p.user*10_000_000, p.user*1_000, p.user))
}

// tree is that of process 10.
func (m recording) tree() *proc.Tree {
	m.Helper()
	r := proc.NewReader(m.root)
	tree, err := r.Tree(10)
	if err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { tree.Close(); r.Close() })
	return tree
}

// A name may hold whatever its program likes.
func TestNames(t *testing.T) {
	for _, name := range []string{"plain", "two words", "(sd-pam)", "a) S 1 1 1 (b", "line\nend", ") R 9 9 9 ", "", "ü\x80"} {
		m := record(t)
		m.put(process{pid: 10, parent: 1, name: "root", start: 5})
		m.put(process{pid: 11, parent: 10, name: name, user: 7, start: 6})
		tree := m.tree()
		search(tree)
		m.put(process{pid: 11, parent: 10, name: name, user: 9, start: 6})
		s := search(tree)
		want := proc.Scheduling{Known: true, RunDelay: 2 * time.Microsecond, Busiest: proc.Thread{PID: 11, TID: 11, Name: name, CPU: 20 * time.Millisecond}}
		if s.Processes != 2 || s.User != 90*time.Millisecond || s.Scheduling != want {
			t.Errorf("%q: %+v", name, s)
		}
	}
}

// All that a process tells arrives.
func TestRecordedProcess(t *testing.T) {
	m := record(t)
	m.put(process{pid: 10, parent: 1, name: "db", state: "D", user: 100, children: 20, minor: 30, childMin: 4, start: 5})
	s := search(m.tree())
	page := int64(os.Getpagesize())
	if s.User != 1200*time.Millisecond || s.System != 0 || s.MinorFaults != 34 || s.RSSBytes != 100*page || s.Threads != 1 || s.CPUs != 3 ||
		s.IO != (proc.IO{Known: true, ReadBytes: 4096, WrittenBytes: 8192}) || s.Files != (proc.Files{Known: true, Open: 2, Share: 0.2}) ||
		s.Scheduling.Blocked != 1 || len(s.Absent) != 0 {
		t.Errorf("%+v", s)
	}
}

// A pid that comes again is another process, and what the first one used stays.
func TestReusedPID(t *testing.T) {
	m := record(t)
	m.put(process{pid: 10, parent: 1, name: "root", start: 5})
	m.put(process{pid: 11, parent: 10, name: "child", user: 50, minor: 100, start: 6})
	tree := m.tree()
	if s := search(tree); s.Processes != 2 {
		t.Fatalf("%+v", s)
	}
	m.put(process{pid: 11, parent: 1, name: "stranger", user: 900, minor: 100, start: 70})
	s := search(tree)
	if s.Processes != 1 || s.User != 500*time.Millisecond {
		t.Errorf("a stranger with the pid of a child counts: %+v", s)
	}
	// The parent waits for the first child a little later: its time is not counted twice.
	m.put(process{pid: 10, parent: 1, name: "root", children: 50, childMin: 100, start: 5})
	if s = search(tree); s.User != 500*time.Millisecond {
		t.Errorf("the child's time counts twice: %+v", s)
	}
	m.put(process{pid: 12, parent: 11, name: "stranger's child", user: 900, start: 71})
	if s = search(tree); s.Processes != 1 {
		t.Errorf("a stranger's child counts: %+v", s)
	}
	m.put(process{pid: 10, parent: 1, name: "root", user: 1, children: 50, childMin: 100, start: 90})
	if s = search(tree); s.Alive || s.Main || s.User != 500*time.Millisecond {
		t.Errorf("a stranger with the pid of the root counts: %+v", s)
	}
}

// A process that is read just before its parent waits for it is not counted twice, and the sum does not fall.
func TestReadTwice(t *testing.T) {
	m := record(t)
	m.put(process{pid: 10, parent: 1, name: "root", minor: 1, start: 5})
	m.put(process{pid: 11, parent: 10, name: "child", user: 50, minor: 100, start: 6})
	tree := m.tree()
	search(tree)
	m.put(process{pid: 10, parent: 1, name: "root", minor: 1, children: 50, childMin: 100, start: 5}) // and the child is still there
	between := search(tree)
	m.remove("proc/11")
	after := search(tree)
	m.put(process{pid: 10, parent: 1, name: "root", minor: 1, user: 60, children: 50, childMin: 100, start: 5})
	last := search(tree)
	if between.User > after.User || last.User != 1100*time.Millisecond {
		t.Errorf("%v, then %v, at last %v; want 1.1s", between.User, after.User, last.User)
	}
}

// Files that vanish or are damaged while a process is read are no error and no zero.
func TestVanishing(t *testing.T) {
	for _, name := range []string{"", "stat", "statm", "io", "status", "limits", "fd", "task", "task/11", "task/11/stat", "task/11/schedstat"} {
		m := record(t)
		m.put(process{pid: 10, parent: 1, name: "root", user: 10, start: 5})
		m.put(process{pid: 11, parent: 10, name: "child", user: 50, minor: 9, start: 6})
		tree := m.tree()
		before := search(tree)
		m.remove("proc/11/" + name)
		after := search(tree)
		if after.User != before.User || after.IO.WrittenBytes != before.IO.WrittenBytes || !after.Alive || after.IO.Known != (name != "io") {
			t.Errorf("without %q: %+v, before %+v", name, after, before)
		}
	}
	for _, text := range []string{"11 (child", "11 (child) S 10", "11", ")"} {
		m := record(t)
		m.put(process{pid: 10, parent: 1, name: "root", user: 10, start: 5})
		m.put(process{pid: 11, parent: 10, name: "child", user: 50, start: 6})
		tree := m.tree()
		before := search(tree)
		m.write("proc/11/stat", text)
		if after := search(tree); after.User != before.User {
			t.Errorf("with a stat of %q: %+v, before %+v", text, after, before)
		}
	}
}

// A kernel that counts no run delay writes zeros, or has no such file.
func TestNoSchedstat(t *testing.T) {
	m := record(t)
	m.put(process{pid: 10, parent: 1, name: "root", user: 10, start: 5})
	for _, text := range []string{"0 0 0\n", ""} {
		m.write("proc/10/task/10/schedstat", text)
		if text == "" {
			m.remove("proc/10/task/10/schedstat")
		}
		s := search(m.tree())
		if s.Scheduling.Known || len(s.Absent) != 1 || s.Absent[0].Source != "schedstat" {
			t.Errorf("%q: %+v", text, s)
		}
	}
}

// What a kernel does not have is named, and not zero.
func TestNoIO(t *testing.T) {
	m := record(t)
	m.put(process{pid: 10, parent: 1, name: "root", user: 10, start: 5})
	m.remove("proc/10/io")
	m.remove("proc/10/fd")
	s := search(m.tree())
	if s.IO.Known || s.Files.Known || !names(s.Absent, "io") || !names(s.Absent, "fd") || s.User == 0 {
		t.Errorf("%+v", s)
	}
	m.write("proc/10/io", "nonsense\n")
	if s = search(m.tree()); s.IO.Known || !names(s.Absent, "io") {
		t.Errorf("%+v", s)
	}
}

// The whole of /proc is searched each five seconds, and at once if that is asked for.
func TestSearch(t *testing.T) {
	m := record(t)
	m.put(process{pid: 10, parent: 1, name: "root", start: 5})
	tree := m.tree()
	now := time.Now()
	tree.Sample(now)
	m.put(process{pid: 12, parent: 11, name: "grandchild", start: 8})
	m.put(process{pid: 11, parent: 10, name: "child", start: 7})
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{time.Second, 1}, {4 * time.Second, 1}, {5 * time.Second, 3}} {
		if s := tree.Sample(now.Add(c.after)); s.Processes != c.want {
			t.Errorf("after %v: %d processes, want %d", c.after, s.Processes, c.want)
		}
	}
	m.put(process{pid: 13, parent: 12, name: "another", start: 9})
	tree.Search()
	if s := tree.Sample(now.Add(6 * time.Second)); s.Processes != 4 || s.Since != time.Second {
		t.Errorf("%+v", s)
	}
	m.put(process{pid: 14, parent: 12, name: "one more", start: 9})
	if s := tree.Sample(now.Add(-time.Hour)); s.Processes != 5 || s.Since != 0 { // a clock that steps back
		t.Errorf("%+v", s)
	}
}

func TestNoProc(t *testing.T) {
	r := proc.NewReader(t.TempDir())
	defer r.Close()
	if _, err := r.Tree(1); err == nil || !strings.Contains(err.Error(), "read processes") {
		t.Errorf("%v", err)
	}
	if _, err := r.Listening(80); err == nil {
		t.Error("no error")
	}
	var m proc.Machine
	r.Machine(&m)
	if m.CPU.Known || m.Memory.Known || m.TCP.Known || len(m.Absent) < 8 {
		t.Errorf("%+v", m)
	}
}
