// Package locust makes a load with Locust: it starts the program with a locustfile, and counts what it measures.
//
// A plan with a locustfile goes in. Start starts Locust, waits until it has loaded the locustfile, and keeps it from going
// on. Work lets it go on, and hands tallies by round to a sink each second, as package load does for users of a profile.
// It counts each request that Locust counts, with its time to the digits that Locust has.
//
// A hook (hook.py) tells of the requests. Locust loads the hook in place of the locustfile, and the hook loads the
// locustfile. Locust takes several files for -f only since 2.9, and not with every name; one file works in all versions
// since 1.0. The hook listens to the event request, or to request_success and request_failure of older versions, before
// any other listener. It writes to what was Locust's standard output, and waits on standard input.
//
// Locust counts the time of a request from when it was sent, not from when it was due. So a stall of the system hides the
// requests that were not sent meanwhile (see package tally). Requests that Locust cuts off at the end of the load are not
// counted, because Locust never tells of them.
//
// Locust and all that it starts have ended when Dismiss returns. If this program is killed, the guard of package sut ends
// them. An Engine is used by one goroutine.
package locust

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

//go:embed hook.py
var hook []byte

// Parts are the inputs of an Engine.
type Parts struct {
	Plan *plan.Plan // with Locust
	At   sut.Place  // Dir is the profile's directory
	Sink load.Sink
	Tick func(since time.Duration) // as load.Parts has it; may be nil
	End  func(reason error)        // ends the stretch early

	Patience Patience
}

// Patience is how long Locust may take. Zero values mean the defaults.
type Patience struct {
	Begin  time.Duration // to load the locustfile; 2 minutes by default
	Silent time.Duration // without a sign of life during the load; 30 s by default
	End    time.Duration // to end, in addition to the plan's StopWithin; 10 s by default
}

func (p Patience) orDefaults() Patience {
	for _, one := range []struct {
		of *time.Duration
		by time.Duration
	}{{&p.Begin, 2 * time.Minute}, {&p.Silent, 30 * time.Second}, {&p.End, 10 * time.Second}} {
		if *one.of == 0 {
			*one.of = one.by
		}
	}
	return p
}

// Unfit says why this Locust, or this locustfile, cannot load the target. No load was sent.
type Unfit struct{ Text string }

func (u *Unfit) Error() string { return u.Text }

// Engine is a Locust that loads a system.
type Engine struct {
	parts   Parts
	program *sut.Program
	dir     string        // of the hook
	words   *os.File      // to the hook
	read    chan struct{} // closed when Locust has closed its output
	held    chan struct{} // closed when Locust is ready, and waits

	mu      sync.Mutex // guards the fields below
	waits   bool       // held is closed
	version string
	runner  string    // the class of Locust's runner
	shaped  bool      // the locustfile has a shape
	heard   time.Time // when the hook last told something
	counts  *counts
	health  health
	stopped time.Duration // from when on users began no further task; 0 for not yet
	orderly bool          // Locust said that it ends
	raised  int64         // exceptions of tasks
	example string        // one of them
	unread  error         // why the hook's records cannot be read any more
}

// needsUnix says where this package works.
var needsUnix = &Unfit{"target.locust needs Linux or macOS: on this system Plimsoll cannot see to it that Locust ends"}

// Start starts Locust and returns when it has loaded the locustfile. It sends nothing yet. The error is an *Unfit or a
// *sut.Failure, or that of ctx. After an error nothing is left running.
func Start(ctx context.Context, parts Parts) (*Engine, error) {
	if os.PathSeparator == '\\' {
		return nil, needsUnix
	}
	parts.Patience = parts.Patience.orDefaults()
	e := &Engine{parts: parts, read: make(chan struct{}), held: make(chan struct{}), counts: newCounts()}
	e.counts.shift = parts.Plan
	if err := e.launch(); err != nil {
		e.clean()
		return nil, err
	}
	if err := e.await(ctx); err != nil {
		e.end()
		return nil, err
	}
	return e, nil
}

// Find returns an *Unfit unless the program of a plan's Locust is there.
func Find(l *plan.Locust, dir string) error {
	name := l.Command[0]
	if strings.ContainsRune(name, '/') && !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	if _, err := exec.LookPath(name); err != nil {
		return unstartable(l, err)
	}
	return nil
}

// unstartable says what to do about a program that cannot be started.
func unstartable(l *plan.Locust, err error) *Unfit {
	var of *exec.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return &Unfit{fmt.Sprintf("start Locust as %q: %v; install Locust 1.0 or newer (pip install locust, or apt-get install python3-locust), or name its program in target.locust.command, such as venv/bin/locust",
		strings.Join(l.Command, " "), err)}
}

// launch starts Locust with the hook.
func (e *Engine) launch() error {
	l := e.parts.Plan.Locust
	file := l.File
	if !filepath.IsAbs(file) {
		file = filepath.Join(e.parts.At.Dir, file)
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if e.dir, err = os.MkdirTemp("", "plimsoll-locust-"); err != nil {
		return fmt.Errorf("write the hook of Locust: %w", err)
	}
	path := filepath.Join(e.dir, "plimsoll_hook.py")
	if err := os.WriteFile(path, hook, 0o600); err != nil {
		return fmt.Errorf("write the hook of Locust: %w", err)
	}
	input, words, err := os.Pipe()
	if err != nil {
		return err
	}
	defer input.Close() //nolint:errcheck // it is Locust's
	e.words = words
	told, output, err := os.Pipe()
	if err != nil {
		return err
	}
	defer output.Close() //nolint:errcheck // it is Locust's
	at := e.parts.At
	at.Environ, at.Label = without(at.Environ), at.Label+"locust: "
	command := sut.Command{
		Args: line(e.parts.Plan, path), Stdin: input, Stdout: output, Watch: "CPU usage above ",
		Env: []string{"PLIMSOLL_LOCUSTFILE=" + file, "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"},
	}
	if e.program, err = at.Run(command, e.parts.Plan.Start); err != nil {
		_ = told.Close() // nothing was written
		return unstartable(l, err)
	}
	go e.listen(told) // ends with Locust
	return nil
}

// line is the command line. All versions since 1.0 have these options, and take whole seconds as times.
func line(p *plan.Plan, hook string) []string {
	l := p.Locust
	seconds := func(d time.Duration) string {
		return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
	}
	args := append([]string{}, l.Command...)
	args = append(append(args, "-f", hook), l.Classes...)
	args = append(args, "--headless", "--only-summary", "--host", p.Target.URL,
		"-u", strconv.Itoa(len(p.Users)), "-r", strconv.FormatFloat(p.SpawnRate, 'f', -1, 64), "-t", seconds(p.Length())+"s")
	if p.StopWithin > 0 {
		args = append(args, "--stop-timeout", seconds(p.StopWithin))
	}
	args = append(args, l.Args...)
	if len(l.Tags) > 0 {
		args = append(append(args, "--tags"), l.Tags...)
	}
	if len(l.ExcludeTags) > 0 {
		args = append(append(args, "--exclude-tags"), l.ExcludeTags...)
	}
	return args
}

// contrary are variables of Locust that would contradict the command line. Some name files of reports: this program writes
// those itself.
var contrary = []string{
	"LOCUST_LOCUSTFILE", "LOCUST_HEADFUL", "LOCUST_AUTOSTART", "LOCUST_AUTOQUIT", "LOCUST_MODE_MASTER", "LOCUST_MODE_WORKER", "LOCUST_EXPECT_WORKERS",
	"LOCUST_PROCESSES", "LOCUST_TAGS", "LOCUST_EXCLUDE_TAGS", "LOCUST_STOP_TIMEOUT", "LOCUST_CSV", "LOCUST_HTML", "LOCUST_JSON", "LOCUST_RESET_STATS",
}

// without is an environment without the contrary variables.
func without(environ []string) []string {
	if environ == nil {
		environ = os.Environ()
	}
	return slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(contrary, name)
	})
}

// await waits until Locust has loaded the locustfile.
func (e *Engine) await(ctx context.Context) error {
	timer := time.NewTimer(e.parts.Patience.Begin)
	defer timer.Stop()
	l := e.parts.Plan.Locust
	select {
	case <-e.held:
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return &sut.Failure{What: fmt.Sprintf("Locust did not load %s within %v", l.File, e.parts.Patience.Begin), Output: e.program.Output()}
	case <-e.program.Ended():
		how, _ := e.program.How()
		what := fmt.Sprintf("Locust ended with %s before the load: it could not load %s", how, l.File)
		output := e.program.Output()
		if strings.Contains(output, "No module named 'locust'") || strings.Contains(output, "No module named locust") {
			return unstartable(l, errors.New("its Python has no Locust"))
		}
		return &sut.Failure{What: what, Output: output}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.runner != "LocalRunner":
		return &Unfit{fmt.Sprintf("Locust was started with the runner %s, and target.locust needs a single process: leave master, worker and processes out of target.locust.args and of locust.conf", e.runner)}
	case e.shaped:
		return &Unfit{l.File + " has a LoadTestShape, which says how many users there are and for how long, and so does the profile's load: remove the shape, or run Locust yourself and use `plimsoll import locust`"}
	}
	return nil
}

// Version is that of Locust; empty if it does not tell.
func (e *Engine) Version() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.version
}

// Dismiss ends Locust and all that it started. A second call does nothing.
func (e *Engine) Dismiss() { e.end() }

// end kills what is left of Locust.
func (e *Engine) end() {
	if e.program != nil {
		e.program.Kill()
		<-e.program.Ended()
		<-e.read
	}
	e.clean()
}

// clean removes the hook and closes the pipe to it.
func (e *Engine) clean() {
	if e.words != nil {
		_ = e.words.Close() // Locust has ended
		e.words = nil
	}
	if e.dir != "" {
		_ = os.RemoveAll(e.dir) // the next cleaning of temporary files does it otherwise
		e.dir = ""
	}
}

// maxLine bounds a line of the hook, in bytes: a name of 4,000 characters and a text of 2,000, each escaped.
const maxLine = 256 << 10

// listen reads the hook's records until Locust has ended.
func (e *Engine) listen(told *os.File) {
	defer close(e.read)
	defer told.Close() //nolint:errcheck // it was only read
	lines := bufio.NewScanner(told)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for lines.Scan() {
		if kind, r, err := readRecord(lines.Bytes()); err == nil { // other lines were printed before the hook was loaded
			e.take(kind, r)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unread = lines.Err()
}

// take takes one record.
func (e *Engine) take(kind string, r record) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = time.Now()
	switch kind {
	case request:
		e.counts.add(r)
	case beat:
		at, known := r.span(0, time.Second)
		used, told := r.span(2, time.Second)
		if known && told {
			e.health.beat(at, used)
		}
	case raised:
		if e.raised++; e.example == "" {
			e.example = r.text(0)
		}
	case stopping:
		if at, known := r.span(0, time.Second); known && e.stopped == 0 {
			e.stopped = at
		}
	case quitting:
		e.orderly = true
		if at, known := r.span(0, time.Second); known && e.stopped == 0 {
			e.stopped = at
		}
	case ready:
		if !e.waits && len(r) == 3 {
			e.waits, e.version, e.runner = true, r.text(0), r.text(1)
			e.shaped, _ = r[2].(bool)
			close(e.held)
		}
	}
}
