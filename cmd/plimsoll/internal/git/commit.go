package git

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
)

// MergeBase is the merge base of two commits.
func (d Dir) MergeBase(ctx context.Context, a, b string) (commit string, err error) {
	from, err := d.Resolve(ctx, a)
	if err != nil {
		return "", err
	}
	to, err := d.Resolve(ctx, b)
	if err != nil {
		return "", err
	}
	commit, err = d.Run(ctx, "merge-base", from, to)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", Refuse("%s and %s have no commit in common here%s", a, b, d.shallow(ctx))
	}
	return commit, nil
}

// Dirty reports whether the working tree around d differs from its commit: it has changed files, or
// new ones that are not ignored. Files that match one of the globs do not count.
func (d Dir) Dirty(ctx context.Context, globs ...string) (bool, error) {
	args := []string{"status", "--porcelain", "--untracked-files=all", "--", ":/"}
	for _, glob := range globs {
		args = append(args, ":(top,exclude,glob)"+glob)
	}
	changes, err := d.Run(ctx, args...)
	return changes != "", err
}

// Same reports whether a commit is checked out in d.
func (d Dir) Same(ctx context.Context, commit string) bool {
	head, err := d.Resolve(ctx, "HEAD")
	return err == nil && head == commit
}

// IsOrMerges reports whether a commit equals another, or is a merge of two parents with the other as one of
// them. A workflow for a pull request usually checks out the merge of its head into its base.
func (d Dir) IsOrMerges(ctx context.Context, commit, other string) bool {
	if commit == other {
		return true
	}
	parents, err := d.Parents(ctx, commit)
	return err == nil && len(parents) == 2 && slices.Contains(parents, other)
}

// Resolve is the SHA of the commit that ref names.
func (d Dir) Resolve(ctx context.Context, ref string) (string, error) {
	if ref == "" || strings.HasPrefix(ref, "-") {
		return "", Refuse("%q names no commit", ref)
	}
	if _, err := d.Run(ctx, "rev-parse", "--git-dir"); err != nil {
		return "", err
	}
	commit, err := d.Run(ctx, "rev-parse", "--verify", "--quiet", ref+"^{commit}")
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", Refuse("there is no commit %s in this repository%s", ref, d.shallow(ctx))
	case strings.HasPrefix(commit, "^"): // git takes ^ref for "all but ref"
		return "", Refuse("%q names no commit", ref)
	default:
		return commit, nil
	}
}

// shallow explains missing history; empty when the clone is not shallow.
func (d Dir) shallow(ctx context.Context) string {
	if is, err := d.Run(ctx, "rev-parse", "--is-shallow-repository"); err == nil && is == "true" {
		return ": it is a shallow clone; fetch its history, with `fetch-depth: 0` in actions/checkout"
	}
	return ""
}

// Show returns the content of a file in a commit. name is relative to d. The error is ErrNoCommit if the commit does
// not exist or lacks the file.
func (d Dir) Show(ctx context.Context, commit, name string) ([]byte, error) {
	sha, err := d.Resolve(ctx, commit)
	if err != nil {
		return nil, err
	}
	name = filepath.ToSlash(name)
	object := sha + ":./" + name
	if _, err := d.Run(ctx, "cat-file", "-e", object); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, Refuse("%.12s has no file %s", sha, name)
	}
	var content bytes.Buffer
	err = d.run(ctx, &content, "cat-file", "blob", object)
	return content.Bytes(), err
}
