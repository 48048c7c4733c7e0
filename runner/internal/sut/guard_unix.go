//go:build unix

package sut

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// hasGuard says that there are guards here.
const hasGuard = true

// IsGuard reports whether this process was started to guard a system. main asks this first, and if so
// calls Guard.
func IsGuard() bool { return os.Args[0] == guardName }

// Guard starts the command in its arguments, and lets no process of it survive. It ends them all when
// the program that started the guard says so or dies, which closes a pipe. It returns the exit status of
// the guard.
//
// On Linux a guard is a subreaper: every process that loses its parent becomes a child of the guard, in
// any session or group. The guard ends when it has no child left. On other systems it reaches only the
// process group of the command. A cgroup would work too, but most containers, and users without a
// systemd session, may not create one.
func Guard() int {
	runtime.LockOSThread() // the kernel kills the command if the thread that started it ends
	g := &guard{words: make(chan string), report: os.NewFile(4, "report")}
	words := os.NewFile(3, "words")
	syscall.CloseOnExec(3)
	syscall.CloseOnExec(4)
	adopt()
	// Caught, not ignored: the command would inherit that. To end the guard, end its parent.
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGPIPE, syscall.SIGTSTP} {
		signal.Notify(make(chan os.Signal, 1), s)
	}
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	g.tell("thread %d", thread())
	if _, err := io.ReadFull(words, make([]byte, len(beginNow))); err != nil {
		return 1 // its parent has died
	}
	if err := g.start(os.Args[1], os.Args[2:]); err != nil {
		g.tell("error %v", err)
		return 1
	}
	go g.listen(words) // lives as long as the process
	g.watch(children)
	return 0
}

// Times of the guard.
const (
	lastWish = time.Second                   // a system has this long to end by itself once the guard's parent has died
	giveUp   = guardPatience - 5*time.Second // on processes that cannot be killed
)

type guard struct {
	words  chan string
	report *os.File
	pid    int  // of the command, which is the number of its group too
	ended  bool // the command has ended
}

// tell writes a line of the report. Its reader may have died.
func (g *guard) tell(format string, args ...any) {
	_, _ = fmt.Fprintln(g.report, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " "))
}

func (g *guard) start(path string, argv []string) (err error) {
	g.pid, err = syscall.ForkExec(path, argv, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: commandAttributes()})
	if err != nil {
		return &os.PathError{Op: "start", Path: path, Err: err}
	}
	return nil
}

// listen passes on the words for the guard, and an empty word at the end.
func (g *guard) listen(words io.Reader) {
	word := make([]byte, 1)
	for {
		if _, err := words.Read(word); err != nil {
			g.words <- ""
			return
		}
		g.words <- string(word)
	}
}

// watch waits until no process of the command is left.
func (g *guard) watch(children <-chan os.Signal) {
	asked, killing := false, false
	var killAt, enough <-chan time.Time
	for {
		before := g.ended
		if g.reap() {
			return
		}
		if g.ended && !before && !asked {
			if left := g.left(); left != "" {
				g.tell("left %s", left)
			}
			killing = true
		}
		if killing {
			g.signal(syscall.SIGKILL)
			if enough == nil {
				enough = time.After(giveUp)
			}
		}
		var again <-chan time.Time
		if killing || g.ended { // not all systems say when the last process has ended
			again = time.After(killAgain)
		}
		select {
		case <-children:
		case <-again:
		case <-killAt:
			killing = true
		case <-enough:
			return
		case word := <-g.words:
			asked = true
			if killing = killing || word == endNow; !killing {
				g.signal(syscall.SIGTERM)
			}
			if word == "" {
				killAt = time.After(lastWish)
			}
		}
	}
}

// reap waits for the children that have ended, and reports whether none is left.
func (g *guard) reap() (none bool) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return g.empty()
		case pid == 0:
			return false
		case pid == g.pid:
			g.ended = true
			e := endingOfStatus(status)
			g.tell("ended %d %d", e.code, e.signal)
		}
	}
}
