package cost_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/plimsoll-ci/plimsoll/runner/internal/cost"
)

// asProgram is the variable that makes the test binary one of the programs below.
const asProgram = "PLIMSOLL_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if program, ok := programs[os.Getenv(asProgram)]; ok {
		program()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The programs do their work on the word "go", say "done", and end with their input.
var programs = map[string]func(){
	"worker": func() { burn(60 * time.Millisecond) },
	"idler":  func() { burn(60 * time.Millisecond); fmt.Println("done"); awaitEnd() },
	// A master with workers that live on and workers that end.
	"master": func() {
		each(func() {
			burn(40 * time.Millisecond)
			idler := child("idler")
			in, _ := idler.StdinPipe()
			out, _ := idler.StdoutPipe()
			must(idler.Start())
			bufio.NewScanner(out).Scan()
			defer func() { _ = in.Close(); _ = idler.Wait() }()
			for range 2 {
				must(child("worker").Run())
			}
			done()
			awaitWord()
		})
	},
	// A master that replaces a worker in each turn.
	"restarting": func() {
		words := bufio.NewScanner(os.Stdin)
		for words.Scan() {
			must(child("worker").Run())
			done()
		}
	},
	// A master that never waits for the worker that it keeps until the next turn.
	"careless": func() {
		signal.Ignore(syscall.SIGCHLD)
		words := bufio.NewScanner(os.Stdin)
		for words.Scan() {
			idler := child("idler")
			in, _ := idler.StdinPipe()
			out, _ := idler.StdoutPipe()
			must(idler.Start())
			bufio.NewScanner(out).Scan()
			done()
			words.Scan()
			_ = in.Close()
			for idler.Process.Signal(syscall.Signal(0)) == nil {
				time.Sleep(time.Millisecond)
			}
			done()
		}
	},
	// A worker that loses its parent.
	"parent": func() {
		words := bufio.NewScanner(os.Stdin)
		words.Scan()
		leaving := child("leaver")
		leaving.Stdout = os.Stdout
		must(leaving.Run())
		words.Scan()
	},
	"leaver": func() {
		c := child("worker")
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		must(c.Start())
		time.Sleep(100 * time.Millisecond) // so that the worker ends first, or after
		done()
	},
}

func each(f func()) {
	awaitWord()
	f()
}

func awaitWord() { _, _ = bufio.NewReader(os.Stdin).ReadString('\n') }

func awaitEnd() { _, _ = bufio.NewReader(os.Stdin).ReadString(0) }

func done() { fmt.Println("done") }

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func child(program string) *exec.Cmd {
	self, err := os.Executable()
	must(err)
	c := exec.Command(self)
	c.Env = append(os.Environ(), asProgram+"="+program)
	c.Stderr = os.Stderr
	return c
}

// burn uses CPU time.
func burn(d time.Duration) {
	for end := used() + d; used() < end; {
	}
}

func used() time.Duration {
	var u unix.Rusage
	must(unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// program is a running one.
type program struct {
	*exec.Cmd
	t     *testing.T
	say   func()
	close func()
	lines *bufio.Scanner
}

func start(t *testing.T, c *exec.Cmd) *program {
	t.Helper()
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
	p := &program{Cmd: c, t: t, lines: bufio.NewScanner(out), close: func() { _ = in.Close() }}
	p.say = func() {
		if _, err := in.Write([]byte("go\n")); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = in.Close(); _ = c.Process.Kill(); _ = c.Wait() })
	return p
}

// turn lets the program do its work.
func (p *program) turn() {
	p.t.Helper()
	p.say()
	if !p.lines.Scan() {
		p.t.Fatal("the program ended")
	}
}

func follow(t *testing.T, pid int) *cost.Meter {
	t.Helper()
	m, err := cost.Follow(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// A tree with living and ended workers costs what the kernel tells of it at its end, and what time -v does.
func TestTreeAgainstRusage(t *testing.T) {
	for _, timed := range []bool{false, true} {
		c := child("master")
		var report strings.Builder
		if timed {
			if _, err := os.Stat("/usr/bin/time"); err != nil {
				t.Skip("time is not installed")
			}
			c.Args = append([]string{"/usr/bin/time", "-v"}, c.Path)
			c.Path, c.Stderr = "/usr/bin/time", &report
		}
		p := start(t, c)
		m := follow(t, p.Process.Pid)
		before := m.Read()
		p.turn()
		got := m.Read()
		p.say()
		p.close()
		if err := p.Wait(); err != nil {
			t.Fatal(err)
		}
		want := p.ProcessState.UserTime() + p.ProcessState.SystemTime()
		if timed {
			want = timeOf(t, report.String())
		}
		// The end of the processes costs some more. The sums of waited children are rounded down.
		if got-before < 200*time.Millisecond || got > want+20*time.Millisecond || float64(got) < 0.9*float64(want)-float64(20*time.Millisecond) {
			t.Errorf("timed %v: the tree used %v, before its work %v; the kernel says %v at its end", timed, got, before, want)
		}
		if again := m.Read(); again < got {
			t.Errorf("after its end the tree used %v, before %v", again, got)
		}
	}
}

// timeOf reads a report of time -v.
func timeOf(t *testing.T, report string) (sum time.Duration) {
	t.Helper()
	for line := range strings.Lines(report) {
		for _, name := range []string{"User time (seconds): ", "System time (seconds): "} {
			if _, text, ok := strings.Cut(line, name); ok {
				seconds, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
				if err != nil {
					t.Fatal(err)
				}
				sum += time.Duration(seconds * float64(time.Second))
			}
		}
	}
	return sum
}

// Workers that end between two readings are counted once.
func TestRestartedWorkers(t *testing.T) {
	p := start(t, child("restarting"))
	m := follow(t, p.Process.Pid)
	last := m.Read()
	for i := range 5 {
		p.turn()
		now := m.Read()
		if cost := now - last; cost < 40*time.Millisecond {
			t.Errorf("turn %d: a worker of 60 ms cost %v", i, cost)
		}
		last = now
	}
	p.close()
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if want := p.ProcessState.UserTime() + p.ProcessState.SystemTime(); last > want+20*time.Millisecond || want-last > want/10+20*time.Millisecond {
		t.Errorf("the readings add up to %v, the kernel says %v", last, want)
	}
}

// What a worker has used stays counted, even if its parent does not wait for it.
func TestNobodyWaits(t *testing.T) {
	p := start(t, child("careless"))
	m := follow(t, p.Process.Pid)
	before := m.Read()
	for i := range 3 {
		p.turn()
		busy := m.Read()
		p.turn()
		after := m.Read()
		if busy-before < time.Duration(i+1)*60*time.Millisecond || after < busy {
			t.Errorf("turn %d: the tree used %v, and %v when its worker had ended", i, busy-before, after-before)
		}
	}
}

// A worker that lost its parent is counted, under a guard that does not count itself.
func TestOrphans(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skip(err)
	}
	defer func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) }()
	p := start(t, child("parent"))
	m, err := cost.FollowUnder(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	before := m.Read()
	p.turn()
	burn(time.Second) // does not count
	for deadline := time.Now().Add(10 * time.Second); m.Read()-before < 60*time.Millisecond; {
		if time.Now().After(deadline) {
			t.Fatalf("the worker cost %v", m.Read()-before)
		}
	}
	if cost := m.Read() - before; cost > 800*time.Millisecond { // the programs' starts count
		t.Errorf("a worker of 60 ms cost %v, beside 1 s of the guard", cost)
	}
}
