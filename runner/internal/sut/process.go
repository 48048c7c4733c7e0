package sut

import (
	"cmp"
	"context"
	"errors"
	"os/exec"
	"sync"
	"time"
)

// process is a running command with everything that it started. Signals may be sent at any time. Once
// the group has ended they go nowhere, as its number may belong to another group.
type process struct {
	command *exec.Cmd
	atEnd   func()        // called before ended is closed
	ended   chan struct{} // closed when the command and its group have ended
	err     error         // from Wait; read it after ended

	mu   sync.Mutex // guards gone
	gone bool       // the group may not be signalled any more
}

// startProcess starts a command as the leader of a new group. atEnd is called when all output has been
// read. The caller must wait for ended.
func startProcess(command *exec.Cmd, atEnd func()) (*process, error) {
	ownGroup(command)
	// A process that left the group and keeps the pipe open must not block Wait forever.
	command.WaitDelay = cmp.Or(command.WaitDelay, time.Second)
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command: command, atEnd: atEnd, ended: make(chan struct{})}
	go p.reap() // ends with the command
	return p, nil
}

// reap waits for the command and kills what is left of its group. The kernel reserves the number of
// the group until the ended command has been waited for. So the group is killed before that, where
// the operating system allows it.
func (p *process) reap() {
	defer close(p.ended)
	if awaitEnd(p.command.Process) {
		p.disown()
	}
	err := p.command.Wait()
	p.disown()
	if !errors.Is(err, exec.ErrWaitDelay) { // a process that left the group is no failure
		p.err = err
	}
	p.atEnd()
}

// disown kills the group, and lets no further signal through.
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

// wait waits until the command has ended. If ctx ends first, the command is killed.
func (p *process) wait(ctx context.Context) error {
	defer context.AfterFunc(ctx, p.kill)()
	<-p.ended
	return p.err
}
