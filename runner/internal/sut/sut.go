// Package sut builds, starts, watches and stops the system under test.
//
// A System is a command and every process that it starts. They end together, and so do a build and its
// helpers. With Place.Guarded, no process can escape, and none outlives this program even if it is
// killed: see Guard. Without, processes that move to another process group escape. Signals never reach
// processes of others, even if the kernel has reused a number.
//
// A Door is where the load connects to the system. The system is ready when it answers there.
//
// The last lines of a system's output are kept to explain a failure. There and in the log, the values of
// environment variables in the profile are masked.
//
// A shell runs the commands: /bin/sh -c, and on Windows cmd.exe /d /s /c. It takes the values of
// variables literally.
package sut

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Failure says what a system did wrong: it could not be built or started, never became ready, or
// exited on its own.
type Failure struct {
	What   string // the sentence
	Output string // the last lines that it wrote, and the first ones of a build; may be empty
}

func (f *Failure) Error() string { return f.What }

// System is a running system under test.
type System struct {
	*launched
	start *plan.Start
	ready bool // it was ready once
	kills int  // oomKills when it started
}

// Build runs the build command, if there is one. When Build returns, the command and everything that
// it started have ended.
func Build(ctx context.Context, s *plan.Start, at Place) error {
	if len(s.Build) == 0 {
		return nil
	}
	build, err := at.launch(s, job{doing: "build the system", line: s.Build, shown: s.ShownBuild, first: headLines})
	if err != nil {
		return err
	}
	build.wait(ctx)
	if build.end.ok() || ctx.Err() != nil {
		return ctx.Err()
	}
	how := build.end.String()
	if missing := build.missing(); missing != "" {
		how += ": " + missing
	}
	return &Failure{fmt.Sprintf("build the system: %q ended with %s", s.ShownBuild, how), build.output.String()}
}

// Start starts the system and returns when it is ready at the door. The caller must Stop it. If Start
// fails, nothing of the system is left running.
func Start(ctx context.Context, s *plan.Start, door *Door, at Place) (*System, error) {
	kills := oomKills()
	started, err := at.launch(s, job{doing: "start the system", line: s.Command, shown: s.ShownCommand, watch: s.Ready.Log, count: at.Count})
	if err != nil {
		return nil, err
	}
	system := &System{launched: started, start: s, kills: kills}
	if err := system.awaitReady(ctx, door); err != nil {
		_ = system.Stop(ctx) // the first error is the one that matters
		return nil, err
	}
	system.ready = true
	return system, nil
}

// Ended is closed when the system has ended.
func (s *System) Ended() <-chan struct{} { return s.ended }

// Output is the last lines that the system wrote; may be empty.
func (s *System) Output() string { return s.output.String() }

// Failure says how the system ended. Call it after Ended is closed.
func (s *System) Failure() *Failure {
	what := s.end.itself(s.ready, oomKills()-s.kills)
	if missing := s.missing(); missing != "" && !s.ready {
		what = "start the system: " + missing
	}
	return &Failure{what, s.output.String()}
}

// Stop asks the system to end, waits as long as the plan allows or until ctx ends, and then kills what
// is left. Having to kill it is an error.
func (s *System) Stop(ctx context.Context) error {
	s.terminate()
	timer := time.NewTimer(s.start.StopWithin)
	defer timer.Stop()
	var err error
	select {
	case <-s.ended:
	case <-timer.C:
		err = fmt.Errorf("the system under test did not stop within %v and was killed", s.start.StopWithin)
	case <-ctx.Done():
	}
	s.kill()
	<-s.ended
	return err
}

// PID is the process that leads the system: its shell, or the guard above it.
func (s *System) PID() int { return s.command.Process.Pid }

// Guarded reports whether PID is a guard, which is no part of the system.
func (s *System) Guarded() bool { return s.guard != nil }
