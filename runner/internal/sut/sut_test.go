package sut_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
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

// The test binary is also the system under test: SUT_MODE says how it behaves.
func TestMain(m *testing.M) {
	if sut.IsGuard() {
		os.Exit(sut.Guard())
	}
	mode := os.Getenv("SUT_MODE")
	if mode == "" {
		os.Exit(m.Run())
	}
	time.AfterFunc(time.Minute, func() { os.Exit(9) }) // in case a test forgets it
	switch mode {
	case "owner":
		own()
	case "dies":
		for i := range 60 {
			fmt.Printf("line %d\n", i)
		}
		fmt.Fprintln(os.Stderr, "no database")
		os.Exit(7)
	case "silent":
		select {}
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	case "parent", "leaves":
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "SUT_MODE=silent")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			os.Exit(8)
		}
		if err := os.WriteFile(os.Getenv("SUT_PIDFILE"), []byte(strconv.Itoa(child.Process.Pid)), 0o644); err != nil {
			os.Exit(8)
		}
		if mode == "leaves" {
			os.Exit(0)
		}
	}
	fmt.Println("listening")
	http.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("GET /quit", func(http.ResponseWriter, *http.Request) { os.Exit(5) })
	fmt.Println(http.ListenAndServe(os.Getenv("SUT_ADDR"), nil))
	os.Exit(1)
}

// own starts a guarded system, prints "up" and Start's error, and waits to be killed.
func own() {
	s := &plan.Start{
		Command: plan.Shell(os.Getenv("SUT_COMMAND")), Dir: ".", StopWithin: time.Minute, Ready: profile.Ready{Kind: profile.ReadyLog, Log: "up", Within: time.Minute},
	}
	door, err := sut.NewDoor(plan.Target{URL: "http://127.0.0.1:1"}, nil)
	if err == nil {
		_, err = sut.Start(context.Background(), s, door, sut.Place{Log: io.Discard, Guarded: true})
	}
	fmt.Println("up", err)
	select {}
}

// system is a plan that starts this test binary in a mode. The binary listens at the URL.
func system(t *testing.T, mode string, ready profile.Ready) (s *plan.Start, url string) {
	t.Helper()
	port, err := sut.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	if ready.Within == 0 {
		ready.Within = 30 * time.Second
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	return &plan.Start{
		Command: plan.Shell("'" + os.Args[0] + "'"), Dir: ".", Ready: ready, StopWithin: 10 * time.Second,
		Env: []string{"SUT_MODE=" + mode, "SUT_ADDR=" + address, "SUT_PIDFILE=" + filepath.Join(t.TempDir(), "pid")},
	}, "http://" + address
}

// door leads to a plain target.
func door(t *testing.T, url string) *sut.Door {
	t.Helper()
	return doorOf(t, plan.Target{URL: url}, nil)
}

func TestStartAndStop(t *testing.T) {
	for name, ready := range map[string]profile.Ready{
		"tcp":  {Kind: profile.ReadyTCP},
		"http": {Kind: profile.ReadyHTTP, Path: "/health"},
		"log":  {Kind: profile.ReadyLog, Log: "listen"},
	} {
		t.Run(name, func(t *testing.T) {
			s, url := system(t, "serves", ready)
			running, err := sut.Start(t.Context(), s, door(t, url), sut.Place{Log: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			if ready.Kind != profile.ReadyLog {
				if err := door(t, url).Reach(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if err := running.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			if err := door(t, url).Reach(t.Context()); err == nil {
				t.Error("still answers after Stop")
			}
		})
	}
}

func TestStartFails(t *testing.T) {
	for name, c := range map[string]struct {
		mode           string
		ready          profile.Ready
		sentence, tail string
	}{
		"dies":        {"dies", profile.Ready{Kind: profile.ReadyTCP}, "exited on its own, with exit status 7, before it was ready", "no database"},
		"never ready": {"silent", profile.Ready{Kind: profile.ReadyTCP, Within: 100 * time.Millisecond}, "not ready within 100ms", ""},
		"wrong path":  {"serves", profile.Ready{Kind: profile.ReadyHTTP, Path: "/nowhere", Within: 3 * time.Second}, "not ready within 3s", "listening"},
		"wrong log":   {"serves", profile.Ready{Kind: profile.ReadyLog, Log: "ready!", Within: 100 * time.Millisecond}, `"ready!" has not appeared in its output`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, url := system(t, c.mode, c.ready)
			_, err := sut.Start(t.Context(), s, door(t, url), sut.Place{Log: io.Discard})
			var failure *sut.Failure
			if !errors.As(err, &failure) || !strings.Contains(failure.What, c.sentence) {
				t.Fatalf("got %v, want a failure with %q", err, c.sentence)
			}
			if !strings.Contains(failure.Output, c.tail) || strings.Count(failure.Output, "\n") >= 50 {
				t.Errorf("output kept:\n%s", failure.Output)
			}
		})
	}
}

func TestStartMissingProgram(t *testing.T) {
	s, url := system(t, "serves", profile.Ready{Kind: profile.ReadyTCP})
	for _, command := range []string{"./no-such-program", "no-such-program-anywhere", `unclosed "quote`, ""} {
		s.Command = plan.Shell(command)
		var failure *sut.Failure
		if _, err := sut.Start(t.Context(), s, door(t, url), sut.Place{Log: io.Discard}); !errors.As(err, &failure) {
			t.Errorf("command %q: got %v, want a failure", command, err)
		}
	}
}

func TestStopKillsTheStubborn(t *testing.T) {
	s, url := system(t, "stubborn", profile.Ready{Kind: profile.ReadyHTTP, Path: "/health"})
	s.StopWithin = 50 * time.Millisecond
	running, err := sut.Start(t.Context(), s, door(t, url), sut.Place{Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Stop(t.Context()); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("got %v, want the sentence that it was killed", err)
	}
}

// childGone waits until the child of a system is dead.
func childGone(t *testing.T, s *plan.Start) {
	t.Helper()
	text, err := os.ReadFile(strings.TrimPrefix(s.Env[2], "SUT_PIDFILE="))
	if err != nil {
		t.Fatal(err)
	}
	for range 3000 { // init has to reap it
		if state, err := os.ReadFile("/proc/" + string(text) + "/stat"); err != nil || strings.Contains(string(state), ") Z") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the child %s lives on", text)
}

func TestStopEndsTheChildrenToo(t *testing.T) {
	s, url := system(t, "parent", profile.Ready{Kind: profile.ReadyHTTP, Path: "/health"})
	running, err := sut.Start(t.Context(), s, door(t, url), sut.Place{Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	childGone(t, s)
}

// When a system ends by itself, everything that it started ends too.
func TestDeathEndsTheChildren(t *testing.T) {
	s, url := system(t, "leaves", profile.Ready{Kind: profile.ReadyTCP})
	_, err := sut.Start(t.Context(), s, door(t, url), sut.Place{Log: io.Discard})
	if err == nil || !strings.HasPrefix(err.Error(), "the system under test exited on its own, with status 0, before it was ready. If its command") {
		t.Errorf("got %v", err)
	}
	childGone(t, s)
}

// A helper that a build leaves behind ends with the build, which still succeeds.
func TestBuildEndsItsHelpers(t *testing.T) {
	s, _ := system(t, "leaves", profile.Ready{})
	s.Build = s.Command
	if err := sut.Build(t.Context(), s, sut.Place{Log: io.Discard}); err != nil {
		t.Error(err)
	}
	childGone(t, s)
}

func TestBuildCanBeCancelled(t *testing.T) {
	s, _ := system(t, "stubborn", profile.Ready{})
	s.Build = s.Command
	ctx, cancel := context.WithCancel(t.Context())
	log := writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil }) // it is at work
	if err := sut.Build(ctx, s, sut.Place{Log: log}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestDeathIsNoticed(t *testing.T) {
	s, url := system(t, "serves", profile.Ready{Kind: profile.ReadyTCP})
	running, err := sut.Start(t.Context(), s, door(t, url), sut.Place{Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	defer running.Stop(t.Context())
	resp, err := http.Get(url + "/quit")
	if err == nil {
		resp.Body.Close()
	}
	<-running.Ended()
	if got := running.Failure().Error(); !strings.Contains(got, "exited on its own, with exit status 5") {
		t.Errorf("got %q", got)
	}
}

func TestStartCanBeCancelled(t *testing.T) {
	s, url := system(t, "silent", profile.Ready{Kind: profile.ReadyTCP})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := sut.Start(ctx, s, door(t, url), sut.Place{Log: io.Discard}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestBuild(t *testing.T) {
	dir := t.TempDir()
	build := func(command string) error {
		return sut.Build(t.Context(), &plan.Start{Build: plan.Shell(command), Dir: "."}, sut.Place{Dir: dir, Log: io.Discard})
	}
	if err := sut.Build(t.Context(), &plan.Start{}, sut.Place{}); err != nil {
		t.Errorf("nothing to build: %v", err)
	}
	if err := build("touch 'the built'"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "the built")); err != nil {
		t.Errorf("the build did not run in its directory: %v", err)
	}
	var failure *sut.Failure
	if err := build("sh -c 'echo undefined: x; exit 2'"); !errors.As(err, &failure) || failure.Output != "undefined: x" {
		t.Errorf("got %v, want a failure with its output", err)
	}
}

// The first and the last lines of a failed build are kept.
func TestOutputOfABuild(t *testing.T) {
	for n, want := range map[int]string{
		3: "line 1\nline 2\nline 3", 50: "line 1\n", 51: "line 10\n(1 lines are left out here; -v shows all)\nline 12\n", 1000: "line 10\n(950 lines are left out here; -v shows all)\nline 961\n",
	} {
		err := sut.Build(t.Context(), &plan.Start{Build: plan.Shell(fmt.Sprintf("for i in $(seq %d); do echo line $i; done; exit 1", n)), Dir: "."}, sut.Place{Log: io.Discard})
		var failure *sut.Failure
		if !errors.As(err, &failure) || !strings.Contains(failure.Output, want) || !strings.HasPrefix(failure.Output, "line 1\n") || !strings.HasSuffix(failure.Output, fmt.Sprint("line ", n)) {
			t.Errorf("%d lines: %v, %q", n, err, failure)
		}
	}
}

// Many systems print their whole environment when they fail.
func TestSecretsAreNotShown(t *testing.T) {
	t.Setenv("OF_THIS_PROCESS", "is not handed on")
	var log bytes.Buffer
	err := sut.Build(t.Context(), &plan.Start{
		Build: plan.Shell("sh -c 'env; printf %s of-the-service; exit 2'"), Dir: ".",
		Env:     []string{"KEY=of-the-service", "LONG=of-the-service-too", "PIN=4711", "MODE=test"},
		Secrets: []plan.Secret{{Name: "SERVICE", Value: "of-the-service"}, {Name: "PIN", Value: "4711"}, {Name: "TOO", Value: "of-the-service-too"}},
	}, sut.Place{
		Dir: t.TempDir(), Log: &log, Environ: []string{"PATH=" + os.Getenv("PATH"), "TOKEN=of-github"}, Secrets: []string{"of-github", ""},
	})
	var failure *sut.Failure
	if !errors.As(err, &failure) {
		t.Fatalf("got %v", err)
	}
	const note = "\n(*** may hide other text too: these values are short: PIN (4 bytes))"
	shown, noted := strings.CutSuffix(failure.Output, note)
	if !noted {
		t.Errorf("nothing is said of the short value:\n%s", failure.Output)
	}
	for _, text := range []string{shown, log.String()} {
		for _, want := range []string{"KEY=***\n", "LONG=***\n", "PIN=***\n", "TOKEN=***\n", "MODE=test\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
		for _, secret := range []string{"of-github", "of-the-service", "4711", "OF_THIS_PROCESS"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s is shown in\n%s", secret, text)
			}
		}
	}
}

// Errors about a command do not show secrets in it.
func TestSecretsInCommands(t *testing.T) {
	for _, line := range []string{"/opt/hunter22/bin/srv", `srv -password "hunter22`} {
		s := &plan.Start{Build: plan.Shell(line), ShownBuild: "as the profile says it", Dir: ".", Secrets: []plan.Secret{{Name: "PASSWORD", Value: "hunter22"}}}
		if err := sut.Build(t.Context(), s, sut.Place{Log: io.Discard}); err == nil || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%s: got %v", line, err)
		}
	}
}

// A secret may have several lines, or be cut in two in a very long line.
func TestSecretsInPieces(t *testing.T) {
	const key, word = "begin-of-the-key\nmiddle-of-the-key\nend-of-the-key\n", "a-secret-word"
	var log bytes.Buffer
	err := sut.Build(t.Context(), &plan.Start{
		Build: plan.Shell(`sh -c 'echo "$KEY"; for i in $(seq 1500); do printf "%s" "x$WORD"; done; exit 1'`), Dir: ".", Env: []string{"KEY=" + key, "WORD=" + word},
		Secrets: []plan.Secret{{Name: "KEY", Value: key}, {Name: "WORD", Value: word}},
	}, sut.Place{Dir: t.TempDir(), Log: &log})
	var failure *sut.Failure
	if !errors.As(err, &failure) {
		t.Fatal(err)
	}
	for _, text := range []string{log.String(), failure.Output} {
		if strings.Contains(text, "of-the-key") || strings.Contains(text, "secret") || strings.Contains(text, "xa") {
			t.Errorf("shown is\n%s", text)
		}
	}
	if n := strings.Count(log.String(), "x***"); n != 1500 {
		t.Errorf("%d of 1500 pieces are shown", n)
	}
}

// With a label, all output is whole lines with the label in front, even a line without an end.
func TestLabel(t *testing.T) {
	var log bytes.Buffer
	s := &plan.Start{Build: plan.Shell(`sh -c 'echo one; echo; printf two; printf %9000d 7'`), Dir: "."}
	if err := sut.Build(t.Context(), s, sut.Place{Log: &log, Label: "base: "}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(log.String(), "\n")
	if lines[0] != "base: one" || lines[1] != "base: " || lines[len(lines)-1] != "" {
		t.Errorf("logged %.100q…", log.String())
	}
	var rest string
	for _, line := range lines[2 : len(lines)-1] {
		part, labelled := strings.CutPrefix(line, "base: ")
		if !labelled {
			t.Errorf("the line %.50q… has no label", line)
		}
		rest += part
	}
	if want := "two" + fmt.Sprintf("%9000d", 7); rest != want {
		t.Errorf("%d bytes of the endless line, want %d", len(rest), len(want))
	}
}
