package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/sides"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// pairFlags choose the paired gate and its two sides.
type pairFlags struct {
	Against string `placeholder:"REF" xor:"base" help:"Compare the working tree with this commit instead of with the store: both are built, and loaded in turn."`
	Paired  bool   `xor:"base" help:"As --against, with the commit at which the pull request, or this branch, left its base."`
	BaseURL string `name:"base-url" xor:"base" placeholder:"URL" help:"With --head-url: compare what runs at these two addresses. Nothing is started."`
	HeadURL string `name:"head-url" placeholder:"URL" help:"See --base-url."`
}

// paired reports whether the gate is asked to compare two sides.
func (f pairFlags) paired() bool {
	return f.Against != "" || f.Paired || f.BaseURL != "" || f.HeadURL != ""
}

// judgePaired loads base and head in turn until the verdict is clear or the budget is spent.
func (c *gateCmd) judgePaired(ctx context.Context, a *console.Console, ch change) (rep report.Report, err error) {
	if len(c.Result) > 0 {
		return rep, exit.BadInput("--result is judged by the store; two results of a paired gate are judged by `plimsoll compare`")
	}
	bench, err := c.bench(a, ch.Job)
	if err != nil {
		return rep, err
	}
	if err := bench.CheckPair(); err != nil {
		return rep, err
	}
	both, err := c.sides(ctx, a, ch)
	if err != nil {
		return rep, err
	}
	defer func() {
		if err := both.Remove(); err != nil {
			a.Warn(err.Error()) // the verdict stands
		}
	}()
	base, head, err := bench.Pair(ctx, both.Base, both.Head)
	if base != nil && head != nil {
		err = errors.Join(err, bench.KeepPair(base, head))
	}
	if err != nil {
		return rep, err
	}
	return report.New(gate.JudgePairs(ch.Policy, base, head, true), head), nil
}

// sides makes the two sides that the flags ask for.
func (c *gateCmd) sides(ctx context.Context, a *console.Console, ch change) (*sides.Sides, error) {
	id := identity.Of(ctx, a, ch.Dir)
	if c.BaseURL != "" || c.HeadURL != "" {
		return sides.AtAddresses(ch.Job, id, c.BaseURL, c.HeadURL)
	}
	if c.Host != "" {
		return nil, exit.BadInput("--host is one running system, and two sides are compared: give --base-url and --head-url")
	}
	if err := sides.Startable(ch.Job); err != nil {
		return nil, err
	}
	ref := c.Against
	if ref == "" {
		stands := ch.lineage(a)
		stands.Branch, stands.Remote = cmp.Or(ch.workflow.BaseBranch, stands.Branch), nil // base is checked out: git must have it
		var err error
		if ref, err = sides.MergeBase(ctx, stands); err != nil {
			return nil, err
		}
	}
	both, err := sides.AtCommit(ctx, ch.Job, id, a.Git(ch.Dir), ref)
	if err != nil || !c.Paired {
		return both, err
	}
	if err := both.Differ(ctx, a.Git(ch.Dir)); err != nil {
		return nil, errors.Join(err, both.Remove())
	}
	return both, nil
}
