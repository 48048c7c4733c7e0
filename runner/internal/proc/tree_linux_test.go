package proc_test

import (
	"os/exec"
	"strconv"
	"strings"
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
