package git

import (
	"context"
	"strings"
)

// MergeBase is the commit at which two commits parted.
func MergeBase(ctx context.Context, dir, a, b string) (commit string, err error) {
	from, err := Resolve(ctx, dir, a)
	if err != nil {
		return "", err
	}
	to, err := Resolve(ctx, dir, b)
	if err != nil {
		return "", err
	}
	commit, err = Run(ctx, dir, "merge-base", from, to)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", Refuse("%s and %s have no commit in common here%s", a, b, shallow(ctx, dir))
	}
	return commit, nil
}

// Dirty reports whether the working tree that dir is in differs from its commit: changed files,
// or new ones that are not ignored. Files that match one of the globs do not count.
func Dirty(ctx context.Context, dir string, globs ...string) (bool, error) {
	args := []string{"status", "--porcelain", "--untracked-files=all", "--", ":/"}
	for _, glob := range globs {
		args = append(args, ":(top,exclude,glob)"+glob)
	}
	changes, err := Run(ctx, dir, args...)
	return changes != "", err
}

// Same reports whether a commit is the one that is checked out in dir.
func Same(ctx context.Context, dir, commit string) bool {
	head, err := Resolve(ctx, dir, "HEAD")
	return err == nil && head == commit
}

// Resolve is the name of the commit that ref stands for.
func Resolve(ctx context.Context, dir, ref string) (string, error) {
	if ref == "" || strings.HasPrefix(ref, "-") {
		return "", Refuse("%q names no commit", ref)
	}
	if _, err := Run(ctx, dir, "rev-parse", "--git-dir"); err != nil {
		return "", err
	}
	commit, err := Run(ctx, dir, "rev-parse", "--verify", "--quiet", ref+"^{commit}")
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", Refuse("there is no commit %s in this repository%s", ref, shallow(ctx, dir))
	case strings.HasPrefix(commit, "^"): // git takes ^ref for "all but ref"
		return "", Refuse("%q names no commit", ref)
	default:
		return commit, nil
	}
}

// shallow is what there is to say when history is missing.
func shallow(ctx context.Context, dir string) string {
	if is, err := Run(ctx, dir, "rev-parse", "--is-shallow-repository"); err == nil && is == "true" {
		return ": it is a shallow clone; fetch its history, with `fetch-depth: 0` in actions/checkout"
	}
	return ""
}
