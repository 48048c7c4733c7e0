package sut

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// The words for a guard. If its input ends without one, the program that started it has died.
const (
	beginNow  = "b" // the first word
	pleaseEnd = "t" // let everything end
	endNow    = "k"
)

// guardName is the guard's argv[0]. No other program has it.
const guardName = "guard of the system under test"

// markName is the variable that marks all processes under a guard. If the guard is killed, they are found
// by it.
const markName = "PLIMSOLL_GUARD="

// counting gets the thread of a guard that is about to start a command.
type counting func(thread int)

// leash is the connection to a guard.
type leash struct {
	words  *os.File // to the guard
	report *os.File // from it
	theirs []*os.File
	lines  *bufio.Scanner // of the report
	count  counting       // nil for nobody
	mark   string         // in the environment of all processes that it guards
	read   chan struct{}  // closed when the whole report is read
	end    ending
}

// guardedBy makes a guard that will start the command.
func guardedBy(command *exec.Cmd, count counting) (*exec.Cmd, *leash, error) {
	if command.Err != nil {
		return nil, nil, command.Err
	}
	program, err := self()
	if err != nil {
		return nil, nil, fmt.Errorf("find this program, to guard the system: %w", err)
	}
	words, toGuard, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	report, fromGuard, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(err, words.Close(), toGuard.Close())
	}
	guard := exec.Command(program)
	guard.Args = append([]string{guardName, command.Path}, command.Args...)
	guard.Dir, guard.Env, guard.WaitDelay = command.Dir, command.Env, command.WaitDelay
	guard.Stdin, guard.Stdout, guard.Stderr = command.Stdin, command.Stdout, command.Stderr
	guard.ExtraFiles = []*os.File{words, fromGuard}
	l := &leash{words: toGuard, report: report, theirs: guard.ExtraFiles, count: count, mark: markName + rand.Text(), read: make(chan struct{}), end: ending{code: -1}}
	guard.Env = append(slices.Clip(guard.Env), l.mark)
	return guard, l, nil
}

// begin lets a guard that has started begin its work, and reads its report.
func (l *leash) begin(started bool) {
	if l == nil {
		return
	}
	for _, file := range l.theirs {
		_ = file.Close() // the guard has its own
	}
	if !started {
		_, _ = l.words.Close(), l.report.Close()
		return
	}
	l.lines = bufio.NewScanner(l.report)
	thread := 0
	if l.lines.Scan() { // else it has ended
		_, _ = fmt.Sscanf(l.lines.Text(), "thread %d", &thread) // without a number, nothing is counted
	}
	if l.count != nil && thread > 0 {
		l.count(thread)
	}
	l.say(beginNow)
	go l.listen() // ends with the guard
}

// say tells the guard something. An error means that it has ended.
func (l *leash) say(word string) { _, _ = io.WriteString(l.words, word) }

// listen reads the report.
func (l *leash) listen() {
	defer close(l.read)
	for l.lines.Scan() {
		what, text, _ := strings.Cut(l.lines.Text(), " ")
		switch what {
		case "ended":
			if _, err := fmt.Sscan(text, &l.end.code, &l.end.signal); err != nil {
				l.end.err = fmt.Errorf("the guard reports %q", text)
			}
		case "left":
			l.end.left = text
		case "error":
			l.end.err = errors.New(text)
		}
	}
}

// told returns the guard's report after it has ended with err. If the guard was killed, told ends the
// processes that it guarded.
func (l *leash) told(err error) ending {
	if err != nil {
		endMarked(l.mark)
	}
	<-l.read
	_, _ = l.words.Close(), l.report.Close()
	if l.end.err == nil && l.end.code < 0 && l.end.signal == 0 {
		l.end.err = fmt.Errorf("the guard of the system ended: %w", err)
	}
	return l.end
}
