// Package sides makes the two sides that a paired gate compares: base, and head.
//
// AtCommit checks out the commit of base; head is the working tree. AtAddresses takes two systems that run already.
// Each side has its own plan and port. Mistakes in the user's input exit with status 2.
package sides

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/lineage"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/worktree"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Sides are the two sides to compare. The caller must call Remove.
type Sides struct {
	Base, Head runner.System

	tree *worktree.Tree // of base; nil when nothing was checked out
}

// Remove removes the checkout of base.
func (s *Sides) Remove() error {
	if s.tree == nil {
		return nil
	}
	return s.tree.Remove()
}

// Address is where a system runs.
type Address struct {
	URL  string
	GRPC string // where its gRPC is; empty for where the profile says
}

// AtAddresses compares the systems at two addresses.
func AtAddresses(j *job.Job, id result.Identity, atBase, atHead Address) (*Sides, error) {
	switch {
	case atBase.URL == "" || atHead.URL == "":
		return nil, exit.BadInput("--base-url and --head-url belong together")
	case (atBase.GRPC == "") != (atHead.GRPC == ""):
		return nil, exit.BadInput("--base-grpc-url and --head-grpc-url belong together")
	case atBase.URL == atHead.URL && atBase.GRPC == atHead.GRPC:
		return nil, exit.BadInput("--base-url and --head-url are the same: that would compare a system with itself")
	}
	base, err := planAt(j, atBase, "--base-grpc-url")
	if err != nil {
		return nil, err
	}
	head, err := planAt(j, atHead, "--head-grpc-url")
	if err != nil {
		return nil, err
	}
	if base.Target.GRPC.URL == head.Target.GRPC.URL && base.Target.URL != head.Target.URL {
		return nil, exit.BadInput("the two sides would share gRPC at %s: that would compare a system with itself", base.Target.GRPC.Shown)
	}
	base.ProfileDigest, head.ProfileDigest = j.Digest(), j.Digest() // the plans differ only in the address
	s := &Sides{
		Base: runner.System{Name: "base", Plan: base, Dir: j.Dir, Identity: id},
		Head: runner.System{Name: "head", Plan: head, Dir: j.Dir, Identity: id},
	}
	s.Base.Identity.Commit, s.Base.Identity.Dirty = "", false // base is another checkout, which is not known
	return s, nil
}

// planAt resolves the profile for a system that runs at an address.
func planAt(j *job.Job, at Address, grpcFlag string) (*plan.Plan, error) {
	if j.NeedsGRPCHost() && at.GRPC == "" {
		return nil, exit.BadInput("gRPC has an address of its own in the profile (target.grpc.url): give %s too", grpcFlag)
	}
	return j.PlanAt(at.URL, at.GRPC)
}

// ours matches files that an earlier gate wrote: they do not change the service.
var ours = []string{"**/result*.json", "**/.plimsoll/**"}

// AtCommit checks a commit out and compares the working tree with it.
func AtCommit(ctx context.Context, j *job.Job, id result.Identity, dir git.Dir, ref string) (_ *Sides, err error) {
	dirty := id.Dirty
	if is, err := dir.Dirty(ctx, ours...); err == nil {
		dirty = is
	}
	tree, err := worktree.Checkout(ctx, dir, ref)
	if err != nil {
		return nil, asInput(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tree.Remove())
		}
	}()
	base, err := j.PlanBase()
	if err != nil {
		return nil, err
	}
	head, err := j.Plan()
	if err != nil {
		return nil, err
	}
	if base.Target.GRPC.URL == head.Target.GRPC.URL && base.Target.GRPC.URL != base.Target.URL {
		return nil, exit.BadInput("gRPC of both sides would be at %s: write ${port.grpc} into target.grpc.url and target.start to give each its own port", base.Target.GRPC.Shown)
	}
	if base.Target.URL == head.Target.URL && base.Target.Socket == head.Target.Socket {
		return nil, exit.BadInput("both sides would listen at %s: write ${port} into target.url and target.start to give each its own port, or ${side} into target.socket", base.Target.Shown)
	}
	s := &Sides{
		Base: runner.System{Name: "base", Plan: base, Dir: tree.Dir, Identity: id},
		Head: runner.System{Name: "head", Plan: head, Dir: j.Dir, Identity: id},
		tree: tree,
	}
	s.Base.Identity.Commit, s.Base.Identity.Dirty = tree.Commit, false
	s.Head.Identity.Dirty = dirty
	return s, nil
}

// Startable returns an error if a job cannot be built and started twice.
func Startable(j *job.Job) error {
	switch {
	case j.Target.Start == nil:
		return exit.BadInput("%s has no target.start: write there how to build and start the system, or compare two running systems with --base-url and --head-url", j.File)
	case filepath.IsAbs(j.Target.Start.Dir):
		return exit.BadInput("target.start.dir is %s, the same for both sides: make it relative to the profile to compare two commits", j.Target.Start.Dir)
	}
	return nil
}

// MergeBase is the commit at which the checkout left the branch that it goes into.
func MergeBase(ctx context.Context, change lineage.Change) (string, error) {
	if change.Workflow.BaseSHA == "" && change.IsBranch(ctx) { // compare unpushed commits with the pushed ones
		ref, err := lineage.Parted(ctx, change.Git, change.Branch)
		return ref, asInput(err)
	}
	ref, err := change.Base(ctx)
	return ref, asInput(err)
}

// Differ returns an error if both sides are the same commit.
func (s *Sides) Differ(ctx context.Context, dir git.Dir) error {
	if !s.Head.Identity.Dirty && s.tree != nil && dir.Same(ctx, s.tree.Commit) {
		return exit.BadInput("there is nothing to compare: the working tree is commit %.12s, at which this branch leaves its base; in a workflow, check out the pull request", s.tree.Commit)
	}
	return nil
}

// asInput makes git.ErrNoCommit a mistake in the input.
func asInput(err error) error {
	if errors.Is(err, git.ErrNoCommit) {
		return exit.AsInput(err)
	}
	return err
}
