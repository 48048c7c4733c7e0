package sut

import (
	"cmp"
	"context"
	"errors"
	"os/exec"
	"sync"
	"time"
)

// process is a command at work, with all that it has started. The two signals may be sent at
// any time: they reach this group or nobody, also when the number of an ended group has been
// given to another.
type process struct {
	command *exec.Cmd
	atEnd   func()        // called before ended is closed
	ended   chan struct{} // closed once the command has ended, with its group
	err     error         // of Wait; to be read after ended

	mu   sync.Mutex // guards gone
	gone bool       // the group is no longer ours to signal
}

// startProcess starts a command as the leader of a group of its own. The caller must wait for
// ended; atEnd is called before, when all output has been read.
func startProcess(command *exec.Cmd, atEnd func()) (*process, error) {
	ownGroup(command)
	// A process that has left the group and keeps the pipe open must not hold Wait for ever.
	command.WaitDelay = cmp.Or(command.WaitDelay, time.Second)
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command: command, atEnd: atEnd, ended: make(chan struct{})}
	go p.reap() // ends with the command
	return p, nil
}

// reap waits for the command and ends what it has left in its group. An ended command that
// nobody has waited for keeps its number, and so the group does: where the system can be asked
// to leave it so for a moment, that is the moment to signal the group for the last time.
func (p *process) reap() {
	defer close(p.ended)
	if awaitEnd(p.command.Process) {
		p.disown()
	}
	err := p.command.Wait()
	p.disown()
	if !errors.Is(err, exec.ErrWaitDelay) { // what has left the group does not make a failure
		p.err = err
	}
	p.atEnd()
}

// disown kills what is left of the group, once.
func (p *process) disown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone {
		kill(p.command)
		p.gone = true
	}
}

// terminate asks the group to end.
func (p *process) terminate() { p.signal(terminate) }

// kill ends the group.
func (p *process) kill() { p.signal(kill) }

func (p *process) signal(send func(*exec.Cmd)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone {
		send(p.command)
	}
}

// alive reports whether the command has not ended.
func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// wait waits until the command has ended. When ctx ends, the command is made to end.
func (p *process) wait(ctx context.Context) error {
	defer context.AfterFunc(ctx, p.kill)()
	<-p.ended
	return p.err
}
