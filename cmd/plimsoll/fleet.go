package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/measure"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// fleetFlags share the pairs of a paired gate among several machines.
type fleetFlags struct {
	Fleet        leg      `placeholder:"I/N" help:"With --paired: measure only this machine's share of the pairs, such as 1/4, the first of four machines. There is no verdict: --fleet-results gives one for all."`
	FleetResults []string `placeholder:"GLOB" help:"Judge what the machines of a fleet have measured: the files that --fleet wrote on each, such as 'part-*.json'."`
}

// leg is a flag that names one machine of a fleet.
type leg struct{ plan.Shard }

// UnmarshalText reads 1/4.
func (l *leg) UnmarshalText(text []byte) error {
	part, of, ok := strings.Cut(string(text), "/")
	i, errI := strconv.Atoi(part)
	n, errN := strconv.Atoi(of)
	if !ok || errI != nil || errN != nil || i < 1 || i > n {
		return fmt.Errorf("%q is no leg of a fleet: expected one such as 1/4, the first of four", text)
	}
	if err := gate.CheckLegs(n); err != nil {
		return err
	}
	l.Shard = plan.Shard{I: i - 1, N: n}
	return nil
}

// isLeg reports whether the gate measures a leg and judges nothing.
func (f fleetFlags) isLeg() bool { return f.Fleet.N > 0 }

// judgesFleet reports whether the gate judges legs and measures nothing.
func (f fleetFlags) judgesFleet() bool { return len(f.FleetResults) > 0 }

// checkFleet refuses flags that do not belong to what a fleet does.
func (c *gateCmd) checkFleet() error {
	switch {
	case c.isLeg() && c.judgesFleet():
		return exit.BadInput("--fleet measures a leg, and --fleet-results judges all legs: give one of them")
	case c.isLeg() && c.UnderLoad:
		return exit.BadInput("--fleet is for pairs of base and head, and --under-load measures one system: give --paired instead")
	case c.isLeg() && !c.paired():
		return exit.BadInput("--fleet shares the pairs of a paired gate: give --paired, --against or --base-url too")
	case (c.isLeg() || c.judgesFleet()) && len(c.Result) > 0:
		return exit.BadInput("--result is judged against the store, and a fleet compares base and head: leave one of them out")
	case (c.isLeg() || c.judgesFleet()) && c.Meeting != "":
		return exit.BadInput("the run of --meeting is judged against the store, and a fleet compares base and head: leave one of them out")
	case c.isLeg() && c.VerdictFile != "":
		return exit.BadInput("a leg of a fleet has no verdict, so there is nothing to write into %s: give --verdict-file to the gate with --fleet-results", c.VerdictFile)
	case c.isLeg() && c.publishFlags.Check:
		return exit.BadInput("a leg of a fleet has no verdict, so there is no check to write: give --check to the gate with --fleet-results")
	case c.isLeg() && c.Flags.Any():
		return exit.BadInput("a leg of a fleet has no report: give the flags of reports to the gate with --fleet-results")
	case c.isLeg() && c.JSON:
		return exit.BadInput("a leg of a fleet has no verdict to print: give --json to the gate with --fleet-results")
	case c.judgesFleet() && (c.paired() || c.UnderLoad):
		return exit.BadInput("--fleet-results judges what was measured, so it takes no flags that choose what to measure: leave out --paired, --against, --under-load and addresses")
	}
	return nil
}

// measureLeg measures a leg and writes its two results.
func (c *gateCmd) measureLeg(ctx context.Context, a *console.Console, workflow github.Run) error {
	if err := c.checkFleet(); err != nil {
		return err
	}
	j, err := c.job(a)
	if err != nil {
		return err
	}
	if !c.atAddresses() && (c.Host != "" || c.GRPCHost != "") {
		return exit.BadInput("--host names only one system, and this gate compares two: give --base-url and --head-url")
	}
	c.baseBranch(ctx, a, j, workflow)
	bench, err := c.bench(a, j)
	if err != nil {
		return err
	}
	if err := bench.CheckPair(); err != nil {
		return err
	}
	both, err := c.sides(ctx, bench, workflow)
	if err != nil {
		return err
	}
	defer func() {
		if err := both.Remove(); err != nil {
			a.Warn(err.Error())
		}
	}()
	base, head, err := bench.Leg(ctx, both.Base, both.Head, c.Fleet.Shard)
	if err != nil { // part of a leg is of no use
		return c.withBase(ctx, bench, both.Base.Identity.Commit, err)
	}
	if err := bench.KeepSides(base, head); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.Stdout, "%v: %d pairs of rounds are in %s and %s. There is no verdict yet: plimsoll gate --fleet-results judges all legs.\n",
		head.Leg, len(head.Rounds), measure.Beside(c.Out, result.BaseSide), c.Out)
	return err
}

// legFiles are the files that --fleet-results names, each once.
func (f fleetFlags) legFiles() (files []string, err error) {
	for _, pattern := range f.FleetResults {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, exit.BadInput("--fleet-results %s is no pattern of file names: %w", pattern, err)
		}
		for _, file := range found {
			files = append(files, filepath.Clean(file))
		}
	}
	slices.Sort(files)
	files = slices.Compact(files)
	if f.judgesFleet() && len(files) == 0 {
		return nil, fmt.Errorf("no file matches --fleet-results %s: either no leg of the fleet has left a result, because its job failed or was cancelled, or the files are elsewhere", strings.Join(f.FleetResults, " "))
	}
	return files, nil
}

// judgeFleet judges what the legs of a fleet have measured.
func (c *gateCmd) judgeFleet(ctx context.Context, a *console.Console, j *job.Job) (m report.Material, err error) {
	files, err := c.legFiles()
	if err != nil {
		return m, err
	}
	parts, err := readParts(files)
	if err != nil {
		return m, err
	}
	bench, err := c.bench(a, j)
	if err != nil {
		return m, err
	}
	base, head, err := result.JoinLegs(parts)
	if err != nil {
		return m, err
	}
	if err := ofThis(j, head, identity.Of(ctx, a, j.Dir)); err != nil {
		return m, err
	}
	if err := bench.KeepSides(base, head); err != nil {
		return m, err
	}
	v := gate.JudgeFleet(j.Policy, base, head)
	v = v.Differs(c.loadedOtherwise(ctx, a, j, v.Baseline.Commit)...)
	rep := report.New(v, head)
	return report.Material{Report: &rep, Run: head, Base: base}, nil
}

// ofThis returns an error if the legs of a fleet did not measure what is checked out here: if their repository, commit,
// profile, CI run or version of plimsoll is another one.
func ofThis(j *job.Job, head *result.Result, own result.Identity) error {
	if head.Series != j.Name || head.ProfileDigest != j.Digest() {
		return fmt.Errorf("the legs of the fleet measured series %s with a profile of digest %.12s, and %s here gives series %s and digest %.12s: judge them in the same checkout, with the same flags for users, tags and times",
			head.Series, head.ProfileDigest, j.File, j.Name, j.Digest())
	}
	run := func(id string) string { before, _, _ := strings.Cut(id, "/"); return before } // without the attempt: a judge may be repeated alone
	var differ []error
	for _, one := range []struct{ what, there, here string }{
		{"repository", head.Repository, own.Repository}, {"commit", head.Commit, own.Commit}, {"CI run", run(head.CIRun), run(own.CIRun)}, {"version of plimsoll", head.Tool, own.Tool},
	} {
		if one.there != one.here && one.there != "" && one.here != "" {
			differ = append(differ, fmt.Errorf("the legs of the fleet are of another %s: %.60s there, %.60s here", one.what, one.there, one.here))
		}
	}
	return errors.Join(differ...)
}

// lostLeg reports whether a leg of a fleet is missing.
func lostLeg(v gate.Verdict) bool {
	return slices.ContainsFunc(v.Reasons, func(r gate.Reason) bool { return r.Kind == gate.LegsLost })
}

// errLostLeg is the error of a verdict that lacks a leg. Its exit status is that of a load that could not be measured.
var errLostLeg = exit.Verdict{Outcome: gate.Unjudged}
