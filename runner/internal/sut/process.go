package sut

import (
	"cmp"
	"context"
	"errors"
	"os/exec"
	"sync"
	"time"
)

// process is a running command with everything that it started. terminate and kill may be called at any
// time.
type process struct {
	command *exec.Cmd // the command itself, or its guard
	guard   *leash    // nil if there is none
	atEnd   func()    // called before ended is closed
	job     enclosure
	ended   chan struct{}
	end     ending // read it after ended is closed

	mu    sync.Mutex // guards the fields below
	asked bool       // to end
	gone  bool       // the group must not be signalled: its number may belong to another group now
}

const (
	guardPatience = 15 * time.Second      // how long a guard may take to kill its processes
	killAgain     = 10 * time.Millisecond // pause before killing the remaining processes again
)

// guarding says how a command is started.
type guarding struct {
	guarded bool     // a guard starts it: see Guard
	count   counting // nil for nobody
}

// startProcess starts a command. With a guard, the guard starts it. Without, the command leads a
// process group and ends with it. atEnd is called when all output has been read. The caller must wait for
// ended.
func startProcess(command *exec.Cmd, by guarding, atEnd func()) (*process, error) {
	p := &process{command: command, atEnd: atEnd, ended: make(chan struct{})}
	var err error
	if by.guarded && hasGuard {
		p.command, p.guard, err = guardedBy(command, by.count)
	}
	if err != nil {
		return nil, err
	}
	ownGroup(p.command, p.guard != nil)
	// A process that left the group and keeps the pipe open must not block Wait forever.
	p.command.WaitDelay = cmp.Or(p.command.WaitDelay, time.Second)
	err = p.command.Start()
	p.guard.begin(err == nil)
	if err != nil {
		return nil, err
	}
	if p.guard == nil {
		p.job = enclose(p.command)
	}
	go p.reap() // ends with the command
	return p, nil
}

// reap waits for the command and kills what is left of its group. The kernel reserves the number of
// the group until the ended command has been waited for. So the group is killed before that, where
// the operating system allows it. A guard does all that by itself.
func (p *process) reap() {
	defer close(p.ended)
	if p.guard == nil && awaitEnd(p.command.Process) {
		p.linger()
		p.disown()
	}
	err := p.command.Wait()
	p.disown()
	p.job.close()
	if errors.Is(err, exec.ErrWaitDelay) { // a process that left the group is no failure
		err = nil
	}
	if p.guard == nil {
		p.end = endingOf(p.command.ProcessState, err)
	} else {
		p.end = p.guard.told(err)
	}
	p.atEnd()
}

// linger gives the rest of a group time to end if all were asked to: a shell ends before the program that
// it waits for.
func (p *process) linger() {
	asked := func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.asked
	}
	for asked() && groupLives(p.command.Process.Pid) {
		time.Sleep(killAgain)
	}
}

// disown kills the group, and lets no further signal through.
func (p *process) disown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone && p.guard == nil {
		kill(p.command)
	}
	p.gone = true
}

// terminate asks everything to end.
func (p *process) terminate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = true
	switch {
	case p.gone:
	case p.guard != nil:
		p.guard.say(pleaseEnd)
	default:
		terminate(p.command)
	}
}

// kill ends everything.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.gone:
	case p.guard != nil:
		p.guard.say(endNow)
		go p.insist() // ends with the command, or after guardPatience
	default:
		kill(p.command)
	}
}

// insist ends a guard that hangs.
func (p *process) insist() {
	select {
	case <-p.ended:
	case <-time.After(guardPatience):
		_ = p.command.Process.Kill() // an error means that it has ended
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
func (p *process) wait(ctx context.Context) {
	defer context.AfterFunc(ctx, p.kill)()
	<-p.ended
}
