// Package sut builds, starts, watches and stops the system under test.
//
// A System is a process group of its own: whatever the command starts besides itself ends
// with it. Its output is kept (the last lines), so that a system which fails can be asked
// why. Commands are split into words as a shell would do, but no shell runs them.
package sut

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/shlex"
	"golang.org/x/net/http/httpproxy"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Failure is what a system did wrong: it could not be built or started, never became ready,
// or ended by itself.
type Failure struct {
	What   string // the sentence
	Output string // the last lines that it wrote, may be empty
}

func (f *Failure) Error() string { return f.What }

// pollEvery is how often a starting system is asked whether it is ready.
const pollEvery = 20 * time.Millisecond

// System is a running system under test.
type System struct {
	command *exec.Cmd
	output  *tail
	start   *plan.Start
	ended   chan struct{} // closed once the process has ended
	exit    error         // of the process; to be read after ended
}

// FreePort gives a TCP port on loopback that nobody listens on.
func FreePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close() //nolint:errcheck // it has served its purpose
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// Build runs the build command, if there is one, in dir or below it. What it prints goes to
// log as well.
func Build(ctx context.Context, s *plan.Start, dir string, log io.Writer) error {
	if s.Build == "" {
		return nil
	}
	output, shown := &tail{secrets: secrets(s)}, &mask{to: log, secrets: secrets(s)}
	command, err := prepare(s.Build, s.ShownBuild, s, dir, io.MultiWriter(output, shown))
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return &Failure{What: fmt.Sprintf("build the system: %v", err)}
	}
	defer context.AfterFunc(ctx, func() { kill(command) })()
	err = command.Wait()
	shown.flush()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &Failure{fmt.Sprintf("build the system: %q ended with %v", s.ShownBuild, err), output.String()}
	}
	return nil
}

// Start starts the system, in dir or below it, and returns once it is ready to be loaded at
// baseURL. What it prints goes to log as well. The caller must Stop it.
func Start(ctx context.Context, s *plan.Start, baseURL, dir string, log io.Writer) (*System, error) {
	output, shown := &tail{watch: s.Ready.Log, secrets: secrets(s)}, &mask{to: log, secrets: secrets(s)}
	command, err := prepare(s.Command, s.ShownCommand, s, dir, io.MultiWriter(output, shown))
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, &Failure{What: fmt.Sprintf("start the system: %v", err)}
	}
	system := &System{command: command, output: output, start: s, ended: make(chan struct{})}
	go func() { // ends with the process, which Stop waits for
		system.exit = command.Wait()
		shown.flush()
		close(system.ended)
	}()
	if err := system.awaitReady(ctx, baseURL); err != nil {
		_ = system.Stop(ctx) // why it did not start is what the user needs
		return nil, err
	}
	return system, nil
}

// prepare is a command that is not yet started.
func prepare(line, shown string, s *plan.Start, dir string, output io.Writer) (*exec.Cmd, error) {
	words, err := shlex.Split(line)
	if err != nil || len(words) == 0 {
		return nil, &Failure{What: fmt.Sprintf("the command %q cannot be split into words: %v", shown, err)}
	}
	command := exec.Command(words[0], words[1:]...)
	command.Dir = filepath.Join(dir, s.Dir)
	if filepath.IsAbs(s.Dir) {
		command.Dir = s.Dir
	}
	// A program named by a path is meant as seen from the directory that it is started in.
	if strings.ContainsRune(words[0], '/') && !filepath.IsAbs(words[0]) {
		if command.Path, err = filepath.Abs(filepath.Join(command.Dir, words[0])); err != nil {
			return nil, err
		}
		command.Err = nil
	}
	command.Env = append(slices.DeleteFunc(os.Environ(), isOurs), s.Env...)
	command.Stdout, command.Stderr = output, output
	// A grandchild that keeps the pipe open must not hold Wait for ever.
	command.WaitDelay = time.Second
	ownGroup(command)
	return command, nil
}

// isOurs reports whether a variable is for us alone: where baselines live, with a password, and
// what a workflow has handed over, its token among it.
func isOurs(variable string) bool {
	return strings.HasPrefix(variable, "PLIMSOLL_DATABASE_URL=") || strings.HasPrefix(variable, "PLIMSOLL_INPUT_")
}

// Ended is closed when the system has ended.
func (s *System) Ended() <-chan struct{} { return s.ended }

// Failure says how the system ended; call it after Ended is closed.
func (s *System) Failure() *Failure {
	how := "with status 0"
	if s.exit != nil && !errors.Is(s.exit, exec.ErrWaitDelay) {
		how = "with " + s.exit.Error()
	}
	return &Failure{fmt.Sprintf("the system under test ended by itself, %s", how), s.output.String()}
}

// Stop asks the system to end, waits as long as the plan allows or until ctx ends, and then
// ends it and all that it has started. A system that had to be ended so is an error.
func (s *System) Stop(ctx context.Context) error {
	terminate(s.command)
	timer := time.NewTimer(s.start.StopWithin)
	defer timer.Stop()
	var err error
	select {
	case <-s.ended:
	case <-timer.C:
		err = fmt.Errorf("the system under test did not stop within %v and was killed", s.start.StopWithin)
	case <-ctx.Done():
	}
	kill(s.command) // also what is left of its group
	<-s.ended
	return err
}

func (s *System) awaitReady(ctx context.Context, baseURL string) error {
	within, cancel := context.WithTimeout(ctx, s.start.Ready.Within)
	defer cancel()
	check, err := s.readyCheck(baseURL)
	if err != nil {
		return err
	}
	for {
		last := check(within)
		if last == nil {
			return nil
		}
		select {
		case <-s.ended:
			failure := s.Failure()
			failure.What += ", before it was ready"
			return failure
		case <-within.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return &Failure{fmt.Sprintf("the system was not ready within %v: %v", s.start.Ready.Within, last), s.output.String()}
		case <-time.After(pollEvery):
		}
	}
}

// readyCheck is the question that the profile asks a starting system; nil is yes.
func (s *System) readyCheck(baseURL string) (func(context.Context) error, error) {
	switch ready := s.start.Ready; ready.Kind {
	case profile.ReadyLog:
		return func(context.Context) error {
			if !s.output.Seen() {
				return fmt.Errorf("%q has not appeared in its output", ready.Log)
			}
			return nil
		}, nil
	case profile.ReadyHTTP:
		return func(ctx context.Context) error {
			if err := answers(ctx, baseURL+ready.Path); err != nil {
				return fmt.Errorf("GET %s: %w", ready.Path, err)
			}
			return nil
		}, nil
	default:
		address, err := hostPort(baseURL)
		return func(ctx context.Context) error { return connects(ctx, "tcp", address) }, err
	}
}

// answers asks once whether a GET is answered below 400.
func answers(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	var inURL *url.Error
	if errors.As(err, &inURL) { // which may hold a password
		return inURL.Err
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // only the status is wanted
	if resp.StatusCode >= http.StatusBadRequest {
		return errors.New(resp.Status)
	}
	return nil
}

func connects(ctx context.Context, network, address string) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// Reach reports whether anything takes connections at the target, or at the proxy that the
// environment puts before it.
func Reach(ctx context.Context, t plan.Target) error {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	network, address := "unix", t.Socket
	if address == "" {
		network = "tcp"
		var err error
		if address, err = hostPort(throughProxy(t.URL)); err != nil {
			return err
		}
	}
	if err := connects(ctx, network, address); err != nil {
		return fmt.Errorf("nothing answers at %s (%w); start the system first, or let target.start do it", t.Shown, err)
	}
	return nil
}

// throughProxy is the URL of the proxy that requests to a URL go through, or the URL itself.
func throughProxy(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return rawURL
	}
	proxy, err := httpproxy.FromEnvironment().ProxyFunc()(u)
	if err != nil || proxy == nil {
		return rawURL
	}
	return proxy.String()
}

// hostPort is the address to connect to for a URL.
func hostPort(rawURL string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" {
		return "", fmt.Errorf("target.url is not an address")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}
