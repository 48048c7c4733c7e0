//go:build linux

package sut_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// escapes is a script whose processes try every known way to escape: other sessions, other groups,
// parents that end, ignored signals.
const escapes = `
sleep 300 &
setsid sleep 300 &
(setsid sh -c 'trap "" TERM HUP INT; sleep 300 & (sleep 300 &); wait; sleep 300' &)
( (nohup sleep 300 >/dev/null 2>&1 &) & )
trap '' HUP
echo up
sleep 300; sleep 300
`

// marked are the processes with this text in their environment.
func marked(mark string) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte(mark)) {
			pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
			pids = append(pids, pid)
		}
	}
	return pids
}

// vanish waits until there is no marked process.
func vanish(t *testing.T, what, mark string) {
	t.Helper()
	var left []int
	for range 1500 {
		if left = marked(mark); len(left) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, pid := range left {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		t.Errorf("%s: still there: process %d, %q", what, pid, text)
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func escaping(t *testing.T, command string) (s *plan.Start, mark string) {
	t.Helper()
	mark = fmt.Sprintf("MARK=%s.%d.%d", t.Name(), os.Getpid(), time.Now().UnixNano())
	return &plan.Start{
		Command: plan.Shell(command), Dir: ".", Env: []string{mark}, StopWithin: 10 * time.Second,
		Ready: profile.Ready{Kind: profile.ReadyLog, Log: "up", Within: 30 * time.Second},
	}, mark
}

// When Stop returns, no process of a guarded system is left, even if it tried to escape.
func TestGuardLetsNothingEscape(t *testing.T) {
	s, mark := escaping(t, escapes)
	s.StopWithin = 300 * time.Millisecond
	running, err := sut.Start(t.Context(), s, door(t, "http://127.0.0.1:1"), sut.Place{Log: io.Discard, Guarded: true})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for end := time.Now().Add(20 * time.Second); n < 7 && time.Now().Before(end); n = len(marked(mark)) { // they start after "up"
		time.Sleep(10 * time.Millisecond)
	}
	if n < 7 {
		t.Errorf("only %d processes", n)
	}
	if err := running.Stop(t.Context()); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("one ignores SIGTERM: %v", err)
	}
	if left := marked(mark); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	vanish(t, "stopped", mark)
}

// A system that ends when asked to is not killed, even if its shell ends first.
func TestGuardWaitsForGracefulEnd(t *testing.T) {
	for name, command := range map[string]string{
		"behind a shell":     `%s; echo "never reached: $?"`,
		"in the background":  `%s & wait`,
		"in another session": `setsid %s & wait`,
		"of a pipe":          `%s | cat`,
	} {
		file := filepath.Join(t.TempDir(), "ended")
		s, mark := escaping(t, fmt.Sprintf(command, `sh -c 'trap "sleep 0.2; echo well > `+file+`; exit 0" TERM; echo up; while :; do sleep 0.02; done'`))
		running, err := sut.Start(t.Context(), s, door(t, "http://127.0.0.1:1"), sut.Place{Log: io.Discard, Guarded: true})
		if err != nil {
			t.Fatal(name, err)
		}
		if err := running.Stop(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if text, err := os.ReadFile(file); string(text) != "well\n" {
			t.Errorf("%s: it did not end by itself: %q, %v", name, text, err)
		}
		vanish(t, name, mark)
	}
}

// If somebody ends the guard, the system ends too, and the error says why.
func TestGuardThatIsEnded(t *testing.T) {
	s, mark := escaping(t, escapes)
	running, err := sut.Start(t.Context(), s, door(t, "http://127.0.0.1:1"), sut.Place{Log: io.Discard, Guarded: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range marked(mark) {
		if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); string(name) == "guard\n" {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it was there a moment ago
		}
	}
	<-running.Ended()
	if got := running.Failure().Error(); !strings.Contains(got, "the guard of the system ended: signal: killed") {
		t.Error(got)
	}
	if left := marked(mark); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	vanish(t, "ended", mark)
}

// No process is left, whenever and however the owner of a system ends.
func TestGuardOutlivesItsOwner(t *testing.T) {
	for i := range 20 {
		t.Run(fmt.Sprint(i), func(t *testing.T) { t.Parallel(); endOwner(t, i) })
	}
}

func endOwner(t *testing.T, i int) {
	mark := fmt.Sprintf("MARK=owned.%d.%d.", os.Getpid(), i)
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), "SUT_MODE=owner", "SUT_COMMAND="+escapes, mark)
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	if i%2 == 0 { // at a random moment, else when the system is up
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
	} else if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := owner.Process.Signal([]os.Signal{syscall.SIGKILL, syscall.SIGSEGV, syscall.SIGHUP}[i%3]); err != nil {
		t.Error(err)
	}
	_, _ = io.Copy(io.Discard, out)
	_ = owner.Wait() // it was killed
	vanish(t, fmt.Sprint("owner ", i), mark)
}

// A line works as in a shell, with a guard and without. It gets values unchanged.
func TestLinesOfAShell(t *testing.T) {
	for _, guarded := range []bool{false, true} {
		dir := t.TempDir()
		s := &plan.Start{Dir: ".", Env: []string{"WHO=you"}, Build: plan.Line{
			{Text: `mkdir a && cd a && GREETING=hello sh -c 'echo "$GREETING $WHO"' > b 2>&1 | cat || exit 9; tr a-z A-Z < b | sed 's/^/> /' > ../out; printf '%s' `},
			{Text: "$WHO; exit 8", Value: true}, {Text: ` >> ../out; test -f nothing || false & wait; rm -r "$PWD"`},
		}}
		if err := sut.Build(t.Context(), s, sut.Place{Dir: dir, Log: io.Discard, Guarded: guarded}); err != nil {
			t.Error(err)
		}
		s.Build = plan.Shell("touch first\nfalse\ntouch second\n")
		if err := sut.Build(t.Context(), s, sut.Place{Dir: dir, Log: io.Discard, Guarded: guarded}); err == nil {
			t.Error("a line that fails is not noticed")
		}
		if text, err := os.ReadFile(filepath.Join(dir, "out")); string(text) != "> HELLO YOU\n$WHO; exit 8" {
			t.Errorf("guarded %v: %q, %v", guarded, text, err)
		}
	}
}

// A guarded build ends its helpers too, even in other sessions, and succeeds.
func TestGuardOfABuild(t *testing.T) {
	s, mark := escaping(t, "")
	s.Build = plan.Shell("setsid sleep 300 & (nohup sleep 300 >/dev/null 2>&1 &); true")
	if err := sut.Build(t.Context(), s, sut.Place{Log: io.Discard, Guarded: true}); err != nil {
		t.Error(err)
	}
	if left := marked(mark); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// The error of a system is the same with a guard and without.
func TestHowItEnded(t *testing.T) {
	for name, c := range map[string]struct{ command, says string }{
		"status":      {"exit 7", "the system under test exited on its own, with exit status 7, before it was ready"},
		"status 0":    {"true", "exited on its own, with status 0, before it was ready. If its command starts the system in the background (-d, --daemon), start it in the foreground"},
		"SIGTERM":     {"kill -TERM $$; sleep 300", "the system under test was ended by SIGTERM from outside"},
		"of a child":  {"sh -c 'kill -TERM $$'; exit $?", "was ended by SIGTERM from outside (exit status 143)"},
		"SIGKILL":     {"kill -KILL $$", "the system under test was killed"}, // by whom depends on what else ran out of memory on this machine: see TestItself
		"crash":       {"kill -SEGV $$", "the system under test crashed with SIGSEGV"},
		"no program":  {"no-such-program --port 1", "start the system: no-such-program was not found, and PATH is "},
		"not allowed": {"/dev/null", "cannot be executed"},
		"syntax":      {`unclosed "quote`, "exit status 2"},
	} {
		for _, guarded := range []bool{false, true} {
			s, _ := escaping(t, c.command)
			_, err := sut.Start(t.Context(), s, door(t, "http://127.0.0.1:1"), sut.Place{Log: io.Discard, Guarded: guarded})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, guarded %v: %v, want %q", name, guarded, err, c.says)
			}
		}
	}
	s, mark := escaping(t, "sleep 300 &")
	_, err := sut.Start(t.Context(), s, door(t, "http://127.0.0.1:1"), sut.Place{Log: io.Discard, Guarded: true})
	if err == nil || !strings.Contains(err.Error(), "ended with status 0, and left ") || !strings.Contains(err.Error(), "must stay in the foreground") {
		t.Errorf("a trailing &: %v", err)
	}
	vanish(t, "a trailing &", mark)
}

// A program other than the system uses the files that its caller passes, with and without the guard. When it ends, the
// processes that it started end too.
func TestProgram(t *testing.T) {
	for _, guarded := range []bool{false, true} {
		input, words, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		told, output, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		at := sut.Place{Dir: t.TempDir(), Log: &log, Label: "it: ", Guarded: guarded, Secrets: []string{"s3cret"}}
		p, err := at.Run(sut.Command{
			Args: []string{"/bin/sh", "-c", `read word; echo "$word $NAME"; echo "s3cret word" >&2; sleep 600 & exit 3`},
			Env:  []string{"NAME=value"}, Stdin: input, Stdout: output, Watch: "et word",
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = input.Close(), output.Close()
		if _, err := words.WriteString("go\n"); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(told) // ends when nothing of it is left
		if err != nil || string(text) != "go value\n" {
			t.Errorf("guarded %v: it wrote %q, %v", guarded, text, err)
		}
		<-p.Ended()
		if how, status := p.How(); how != "exit status 3" || status != 3 {
			t.Errorf("guarded %v: it ended with %s, %d", guarded, how, status)
		}
		if p.Output() != "*** word" || !p.Seen() || log.String() != "it: *** word\n" {
			t.Errorf("guarded %v: it said %q, the log has %q", guarded, p.Output(), log.String())
		}
		p.Kill()
		_, _ = words.Close(), told.Close()
	}
	if _, err := (sut.Place{Log: io.Discard}).Run(sut.Command{Args: []string{"no-such-program"}}, nil); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
