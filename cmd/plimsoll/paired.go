package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/worktree"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// pairFlags choose the paired gate and its two sides.
type pairFlags struct {
	Against string `placeholder:"REF" xor:"base" help:"Compare with this commit, built and loaded in turn with the working tree, and not with the store."`
	Paired  bool   `xor:"base" help:"As --against, with the commit at which the pull request, or this branch, left its base."`
	BaseURL string `name:"base-url" xor:"base" placeholder:"URL" help:"With --head-url: compare what runs at these two addresses. Nothing is started."`
	HeadURL string `name:"head-url" placeholder:"URL" help:"See --base-url."`
}

// paired reports whether the gate is asked to compare two sides.
func (f pairFlags) paired() bool {
	return f.Against != "" || f.Paired || f.BaseURL != "" || f.HeadURL != ""
}

// leastRound is the shortest round that means anything.
const leastRound = 100 * time.Millisecond

// judgePaired loads base and head in turn until the verdict is clear or the budget is spent.
func (c *gateCmd) judgePaired(a *app, asked *asked, workflow github.Run) (rep report.Report, err error) {
	if len(c.Result) > 0 {
		return rep, badInput("--result is judged by the store; two results of a paired gate are judged by `plimsoll compare`")
	}
	if err := c.change(asked.Profile); err != nil {
		return rep, err
	}
	base, head, done, err := c.sides(a, asked, workflow)
	if err != nil {
		return rep, err
	}
	defer func() {
		if doneErr := done(); doneErr != nil {
			a.warn(doneErr.Error()) // the verdict stands
		}
	}()
	if round := asked.Load.Judged() / gate.MaxPairs; round < leastRound {
		return rep, badInput("a run_time of %v makes %d rounds of %v for each side, too short to mean anything: %v is the least", asked.Load.Judged(), gate.MaxPairs, round, gate.MaxPairs*leastRound)
	}
	b, h, err := c.pair(a, asked, base, head)
	if b != nil && h != nil {
		err = errors.Join(err, c.keep(a, b, h))
	}
	if err != nil {
		return rep, err
	}
	return report.New(gate.JudgePairs(asked.policy, b, h, true), h), nil
}

// pair measures until the gate can tell.
func (c *runFlags) pair(a *app, asked *asked, base, head runner.Side) (b, h *result.Result, err error) {
	reference, err := asked.control()
	if err != nil {
		return nil, nil, err
	}
	pairing := runner.Pairing{
		Control: reference, Environ: a.environ(), Secrets: a.secrets(),
		Runner: a.getenv(runnerVariable), Stop: a.stop, Rounds: gate.MostPairs, RoundLength: base.Plan.RoundLength * time.Duration(base.Plan.Rounds) / gate.MaxPairs, Seed: rand.Uint64(),
		Decide: func(b, h *result.Result) bool { return gate.JudgePairs(asked.policy, b, h, false).More == 0 },
	}
	if c.Verbose {
		pairing.Log = a.stderr
	}
	progress := newProgress(a.stderr)
	if !c.Quiet {
		fmt.Fprintf(a.stderr, "%s: %s and %s in turn, in rounds of %v, at most %d that count\n", head.Plan.Series, base.Name, head.Name, pairing.RoundLength.Round(time.Millisecond), gate.MaxPairs)
		pairing.Progress = progress.show
	}
	b, h, err = runner.Pair(a.ctx, base, head, pairing)
	progress.end()
	return b, h, err
}

// keep writes both results, also those of a pairing that was cut short.
func (c *gateCmd) keep(a *app, base, head *result.Result) error {
	err := result.Write(c.Out, head)
	if err == nil {
		err = result.Write(c.baseOut(), base)
	}
	if err == nil {
		a.output("result", absolute(c.Out))
	}
	return err
}

// baseOut is where the result of base goes, beside that of head.
func (c *gateCmd) baseOut() string { return suffixed(c.Out, "base") }

// sides makes both sides; the caller must call done, which takes the checkout of base away.
func (c *gateCmd) sides(a *app, asked *asked, workflow github.Run) (base, head runner.Side, done func() error, err error) {
	nothing := func() error { return nil }
	id := a.identity(asked.dir)
	base, head = runner.Side{Name: "base", Dir: asked.dir, Identity: id}, runner.Side{Name: "head", Dir: asked.dir, Identity: id}
	if c.BaseURL != "" || c.HeadURL != "" {
		if c.BaseURL == "" || c.HeadURL == "" {
			return base, head, nothing, badInput("--base-url and --head-url belong together")
		}
		if base.Plan, err = asked.planAt(c.BaseURL); err != nil {
			return base, head, nothing, err
		}
		if c.BaseURL == c.HeadURL {
			return base, head, nothing, badInput("--base-url and --head-url are the same: that would compare a system with itself")
		}
		base.Identity.Commit, base.Identity.Dirty = "", false // of another checkout, which nobody named
		if head.Plan, err = asked.planAt(c.HeadURL); err == nil {
			base.Plan.ProfileDigest, head.Plan.ProfileDigest = asked.Digest(), asked.Digest() // but for the address
		}
		return base, head, nothing, err
	}
	if c.Host != "" {
		return base, head, nothing, badInput("--host is one running system, and two sides are compared: give --base-url and --head-url")
	}
	if asked.Target.Start == nil {
		return base, head, nothing, badInput("%s has no target.start: to compare with another commit it must say how the system is built and started; what runs already is compared with --base-url and --head-url", c.Profile)
	}
	if filepath.IsAbs(asked.Target.Start.Dir) {
		return base, head, nothing, badInput("target.start.dir is %s, the same for both sides: to compare two commits it must be seen from the profile", asked.Target.Start.Dir)
	}
	ref, err := c.ref(a, asked, workflow)
	if err != nil {
		return base, head, nothing, err
	}
	if dirty, dirtyErr := git.Dirty(a.ctx, asked.dir, ours...); dirtyErr == nil {
		head.Identity.Dirty = dirty
	}
	tree, err := worktree.Checkout(a.ctx, asked.dir, ref)
	if err != nil {
		return base, head, nothing, asInput(err)
	}
	done = tree.Remove
	base.Dir, base.Identity.Commit, base.Identity.Dirty = tree.Dir, tree.Commit, false
	if base.Plan, err = asked.sidePlan("base"); err == nil {
		head.Plan, err = asked.sidePlan("head")
	}
	switch {
	case err != nil:
	case base.Plan.Target.URL == head.Plan.Target.URL:
		err = badInput("both sides would listen at %s: write ${port} into target.url and target.start, which is another port for each", base.Plan.Target.Shown)
	case c.Paired && !head.Identity.Dirty && git.Same(a.ctx, asked.dir, tree.Commit):
		err = badInput("there is nothing to compare: the working tree is %.12s itself, where this branch leaves its base; in a workflow check out the pull request", tree.Commit)
	}
	if err != nil {
		err = errors.Join(err, done())
	}
	return base, head, done, err
}

// ours are files that an earlier gate has left, and that are no change of the service.
var ours = []string{"**/result*.json", "**/.plimsoll/**"}

// sidePlan resolves the profile for one side, which is told which one it is: what it builds
// outside of its checkout must not be what the other runs.
func (p *asked) sidePlan(name string) (*plan.Plan, error) {
	pl, err := p.plan()
	if err == nil {
		pl.Start.Env = append(pl.Start.Env, "PLIMSOLL_SIDE="+name)
	}
	return pl, err
}

// ref is the commit that stands as base: the one that was named, or where this branch left
// the branch that it is to be merged into.
func (c *gateCmd) ref(a *app, asked *asked, workflow github.Run) (string, error) {
	if c.Against != "" {
		return c.Against, nil
	}
	l := lineage{dir: asked.dir, branch: cmp.Or(workflow.BaseBranch, asked.policy.Baseline.Branch), workflow: workflow}
	find := l.base
	if workflow.BaseSHA == "" && l.isBranch(a.ctx) { // what is not pushed yet is compared with what is
		find = func(ctx context.Context) (string, error) { return parted(ctx, l.dir, l.branch) }
	}
	ref, err := find(a.ctx)
	return ref, asInput(err)
}

// asInput makes the user's slip out of a commit that is not there.
func asInput(err error) error {
	if errors.Is(err, git.ErrNoCommit) {
		return inputError{err}
	}
	return err
}

// planAt resolves the profile for a system that runs at an address.
func (p *asked) planAt(url string) (*plan.Plan, error) {
	there := *p.Profile
	if err := (loadFlags{Host: url}).change(&there); err != nil {
		return nil, err
	}
	pl, err := plan.Make(&there, plan.Values{Env: os.LookupEnv})
	if err != nil {
		return nil, badInput("plan %s at the address of one side: %w", p.Name, err)
	}
	return pl, nil
}
