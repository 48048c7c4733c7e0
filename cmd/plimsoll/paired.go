package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/lineage"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/measure"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/sides"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
)

// pairFlags choose the paired gate and its two sides.
type pairFlags struct {
	Against   string `placeholder:"REF" xor:"base" help:"Build the working tree and this commit, load both in turn and compare them, instead of the store's runs."`
	Paired    bool   `xor:"base" help:"Like --against, with the commit at which the pull request (or this branch) left its base."`
	UnderLoad bool   `xor:"base" help:"Judge only how much slower the system answers under its full load than when it is idle: both loads in turn, on one process."`
	BaseURL   string `name:"base-url" xor:"base" placeholder:"URL" help:"With --head-url: compare the systems at these two addresses. Nothing is started."`
	HeadURL   string `name:"head-url" placeholder:"URL" help:"See --base-url."`

	BaseGRPCURL string `name:"base-grpc-url" placeholder:"URL" help:"With --base-url: where its gRPC is, instead of target.grpc.url."`
	HeadGRPCURL string `name:"head-grpc-url" placeholder:"URL" help:"With --head-url: where its gRPC is, instead of target.grpc.url."`
}

// paired reports whether the gate is asked to compare two sides.
func (f pairFlags) paired() bool {
	return f.Against != "" || f.Paired || f.atAddresses()
}

// atAddresses reports whether the two sides run already.
func (f pairFlags) atAddresses() bool {
	return f.BaseURL != "" || f.HeadURL != "" || f.BaseGRPCURL != "" || f.HeadGRPCURL != ""
}

// judgePaired loads base and head in turn until the verdict is clear or the budget is spent.
func (f pairFlags) judgePaired(ctx context.Context, bench measure.Bench, workflow github.Run) (m report.Material, err error) {
	if err := bench.CheckPair(); err != nil {
		return m, err
	}
	both, err := f.sides(ctx, bench, workflow)
	if err != nil {
		return m, err
	}
	defer func() {
		if err := both.Remove(); err != nil {
			bench.Console.Warn(err.Error()) // the verdict stands
		}
	}()
	v, base, head, err := bench.SteadyPair(ctx, both.Base, both.Head)
	if base != nil && head != nil {
		err = errors.Join(err, bench.KeepPair(base, head))
	}
	if err != nil {
		return m, f.withBase(ctx, bench, both.Base.Identity.Commit, err)
	}
	rep := report.New(v, head)
	return report.Material{Report: &rep, Run: head, Base: base}, nil
}

// withBase adds to an error of base that the profile of the change is used for base too, if base has another one.
func (f pairFlags) withBase(ctx context.Context, bench measure.Bench, commit string, err error) error {
	var side *runner.SideError
	if f.atAddresses() || !errors.As(err, &side) || side.Name != "base" {
		return err
	}
	j := bench.Job
	if same, gitErr := j.Unchanged(ctx, bench.Console.Git(j.Dir), commit); same || gitErr != nil {
		return err
	}
	return fmt.Errorf("%w; base, commit %.12s, is built, started and loaded as %s says now: if base cannot do that, change the service first, and the profile in a later pull request", err, commit, j.File)
}

// sides makes the two sides that the flags name.
func (f pairFlags) sides(ctx context.Context, bench measure.Bench, workflow github.Run) (*sides.Sides, error) {
	a, j := bench.Console, bench.Job
	id := identity.Of(ctx, a, j.Dir)
	if f.atAddresses() {
		return sides.AtAddresses(j, id, sides.Address{URL: f.BaseURL, GRPC: f.BaseGRPCURL}, sides.Address{URL: f.HeadURL, GRPC: f.HeadGRPCURL})
	}
	if err := sides.Startable(j); err != nil {
		return nil, err
	}
	ref := f.Against
	if ref == "" {
		change := lineage.Of(a, j.Dir, cmp.Or(workflow.BaseBranch, j.Policy.Baseline.Branch), workflow)
		change.Remote = nil // base is checked out: git itself must have it
		var err error
		if ref, err = sides.MergeBase(ctx, change); err != nil {
			return nil, err
		}
	}
	both, err := sides.AtCommit(ctx, j, id, a.Git(j.Dir), ref)
	if err != nil || !f.Paired {
		return both, err
	}
	if err := both.Differ(ctx, a.Git(j.Dir)); err != nil {
		return nil, errors.Join(err, both.Remove())
	}
	return both, nil
}
