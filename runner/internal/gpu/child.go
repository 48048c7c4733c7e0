package gpu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// child is an nvidia-smi, through all its starts.
type child struct {
	path  string
	every time.Duration
	began time.Time // the first start
	stop  context.CancelFunc
	done  chan struct{}

	// Guarded by Cards.mu.
	first, last time.Time     // samples
	lead        int           // the card of the first
	cycles      int           // samples of that card
	pid         int           // while it runs
	spent       time.Duration // CPU time, before it was started last
	said        string        // its first line on stdout that is no sample
	half        string        // the line that is not whole yet
	mistakes    string        // what it said on stderr
	why         string        // what it did when it ended last
	none        string        // why there are no cards of NVIDIA at all
}

// slow is how long the first answer took.
func (n *child) slow() time.Duration {
	if n.first.IsZero() {
		return 0
	}
	return n.first.Sub(n.began)
}

// trouble says what is wrong with it. Before it has told anything, that is all there is to say about GPUs.
func (n *child) trouble(now time.Time) result.Absent {
	if n.none != "" {
		return result.Absent{Source: result.OfGPU, Why: n.none}
	}
	source, it, since, patience := result.OfGPU, "nvidia-smi ", n.began, slowFrom
	if !n.first.IsZero() {
		source, it, since, patience = "nvidia-smi", "it ", n.last, staleFrom
	}
	switch silent := now.Sub(since); {
	case n.why != "":
		return result.Absent{Source: source, Why: it + n.why}
	case silent > patience:
		return result.Absent{Source: source, Why: fmt.Sprintf("%shas told nothing for %v%s", it, silent.Round(100*time.Millisecond), n.instead())}
	case n.slow() > staleFrom:
		return result.Absent{Source: source, Why: fmt.Sprintf("its first answer took %v", n.slow().Round(100*time.Millisecond))}
	case n.said != "" && !n.first.IsZero():
		return result.Absent{Source: source, Why: "it also printed what cannot be read: " + quoted(n.said)}
	}
	return result.Absent{}
}

// instead quotes what it said in the place of samples.
func (n *child) instead() string {
	for _, said := range []string{n.said, n.half, n.mistakes} {
		if said != "" {
			return "; it said " + quoted(said)
		}
	}
	return ""
}

func quoted(said string) string { return strconv.Quote(clip(said)) }

const (
	mostRestarts = 3               // of an nvidia-smi that ends by itself
	restartAfter = 5 * time.Second // it is given time for what ended it
	mostBytes    = 256 << 10       // in a second; a line has about 100
	mostUnread   = 50              // lines in a row
	maxLine      = 4 << 10
)

// follow runs nvidia-smi until ctx ends or there is nothing to be had from it.
func (c *Cards) follow(ctx context.Context, n *child) {
	defer close(n.done)
	runtime.LockOSThread() // the kernel kills the child if the thread that started it ends
	asked := fields
	for restarts := 0; ; {
		run := &run{cards: c, child: n, fields: asked}
		run.errors.heard = func(text string) { c.heard(&n.mistakes, text) }
		why := run.run(ctx)
		if ctx.Err() != nil {
			return
		}
		if fewer := without(asked, run.text()); len(fewer) < len(asked) && run.samples == 0 {
			asked = fewer
			continue
		}
		c.mu.Lock()
		if n.why = why; run.empty() {
			n.none = "no NVIDIA device"
		}
		if n.first.IsZero() {
			c.seekAMD()
		}
		again := !n.first.IsZero() && run.refused == "" && restarts < mostRestarts
		c.mu.Unlock()
		if !again || !pause(ctx, restartAfter) {
			return
		}
		restarts++
	}
}

func pause(ctx context.Context, length time.Duration) (whole bool) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// refusal is what nvidia-smi says of a field that it does not know.
var refusal = regexp.MustCompile(`Field "([a-z0-9_.]+)" is not a valid field to query`)

// without leaves out the field that nvidia-smi refuses. It cannot do without the index.
func without(asked []field, said string) []field {
	match := refusal.FindStringSubmatch(said)
	if match == nil || match[1] == "index" {
		return asked
	}
	return slices.DeleteFunc(slices.Clone(asked), func(f field) bool { return f.query == match[1] })
}

// run is one start of nvidia-smi, and the writer that its output goes to.
type run struct {
	cards  *Cards
	child  *child
	fields []field
	kill   context.CancelFunc

	rest    []byte // a line that is not whole yet
	skip    bool   // the rest of a line that is too long
	second  time.Time
	bytes   int // in that second
	unread  int // lines in a row
	samples int
	said    []byte // what is no sample, its beginning
	errors  tail   // what it said on stderr
	refused string // why its output is not read any more
}

// run starts nvidia-smi and says, after it has ended, why.
func (r *run) run(ctx context.Context) (why string) {
	ctx, r.kill = context.WithCancel(ctx)
	defer r.kill()
	names := make([]string, len(r.fields))
	for i, f := range r.fields {
		names[i] = f.query
	}
	command := exec.CommandContext(ctx, r.child.path, "--query-gpu="+strings.Join(names, ","), "--format=csv,noheader,nounits",
		"-lms", strconv.FormatInt(r.child.every.Milliseconds(), 10))
	command.Env, command.Stdout, command.Stderr, command.WaitDelay = environment(), r, &r.errors, time.Second
	isolate(command)
	err := command.Start()
	if err == nil {
		r.cards.began(r.child, command.Process.Pid)
		err = command.Wait()
		r.cards.ended(r.child, command.ProcessState)
	}
	said := clip(r.text())
	var exit *exec.ExitError
	switch {
	case r.refused != "":
		return r.refused
	case errors.As(err, &exit):
		why = "ended: " + exit.Error()
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return "does not start: " + clip(err.Error())
	default:
		why = "ended by itself"
	}
	if said != "" {
		why += ": " + said
	}
	return why
}

// began notes a start.
func (c *Cards) began(n *child, pid int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n.pid = pid
}

// ended notes an end.
func (c *Cards) ended(n *child, state *os.ProcessState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n.pid = 0; state != nil {
		n.spent += state.UserTime() + state.SystemTime()
	}
}

// empty tells whether nvidia-smi found no card.
func (r *run) empty() bool {
	return r.samples == 0 && strings.Contains(r.text(), "No devices were found")
}

// text is what nvidia-smi said besides samples. Another goroutine takes what it says on stderr, so text waits for the end.
func (r *run) text() string {
	said := r.first()
	if mistakes := strings.TrimSpace(string(r.errors.text)); mistakes != "" {
		said = strings.TrimSpace(said + " " + strings.ToValidUTF8(mistakes, "\ufffd"))
	}
	return said
}

// first is the first line on stdout that is no sample.
func (r *run) first() string {
	said, _, _ := strings.Cut(strings.TrimSpace(string(r.said)+"\n"+string(r.rest)), "\n")
	return strings.ToValidUTF8(said, "\ufffd")
}

// clip keeps a message short.
func clip(text string) string {
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "…"
	}
	return text
}

var errTooMuch = errors.New("too much output")

// Write takes a part of the output.
func (r *run) Write(p []byte) (int, error) {
	now := time.Now()
	if now.Sub(r.second) > time.Second {
		r.second, r.bytes = now, 0
	}
	if r.bytes += len(p); r.bytes > mostBytes {
		return 0, r.refuse("prints without end")
	}
	r.rest = append(r.rest, p...)
	for {
		line, rest, whole := bytes.Cut(r.rest, []byte{'\n'})
		if !whole {
			break
		}
		if !r.skip {
			r.line(string(line), now)
		}
		r.rest, r.skip = rest, false
	}
	if len(r.rest) > maxLine {
		r.keep(r.rest[:200])
		r.rest, r.skip = nil, true
		r.unread++
	}
	if r.unread > mostUnread {
		return 0, r.refuse("prints what cannot be read, such as " + quoted(r.first()))
	}
	r.rest = slices.Clone(r.rest) // without what was read
	r.cards.heard(&r.child.said, string(r.said))
	r.cards.heard(&r.child.half, string(r.rest))
	return len(p), nil
}

// heard notes the first line of what was said besides samples.
func (c *Cards) heard(to *string, text string) {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	c.mu.Lock()
	defer c.mu.Unlock()
	*to = strings.ToValidUTF8(text, "\ufffd")
}

func (r *run) line(text string, now time.Time) {
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	got, err := parse(text, r.fields)
	if err != nil {
		r.keep([]byte(text))
		r.unread++
		return
	}
	r.unread = 0
	r.samples++
	r.cards.take(r.child, got, now)
}

// keep keeps the first words that are no sample.
func (r *run) keep(text []byte) {
	if len(r.said) < 500 {
		r.said = append(append(r.said, text[:min(len(text), 500)]...), '\n')
	}
}

// refuse ends nvidia-smi.
func (r *run) refuse(why string) error {
	r.refused = why
	r.kill()
	return errTooMuch
}

// tail is a writer that keeps what came first.
type tail struct {
	text  []byte
	heard func(text string) // is told of it
}

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p[:min(len(p), max(0, 500-len(t.text)))]...)
	t.heard(string(t.text))
	return len(p), nil
}

// environment holds what a program needs to be found and loaded, and so no secrets.
func environment() (environ []string) {
	environ = []string{"LC_ALL=C"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "SystemRoot", "windir"} {
		if value, set := os.LookupEnv(name); set {
			environ = append(environ, name+"="+value)
		}
	}
	return environ
}
