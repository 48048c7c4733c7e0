package git

import (
	"context"
	"strconv"
	"strings"
)

// Parents are the parents of a commit, the first of a merge being what was merged into. They
// are read from the commit itself, so that a shallow clone, which does not have them, knows
// their names all the same.
func (d Dir) Parents(ctx context.Context, commit string) (parents []string, err error) {
	text, err := d.Run(ctx, "cat-file", "commit", commit)
	if err != nil {
		return nil, err
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" {
			break // the message begins
		}
		if parent, is := strings.CutPrefix(line, "parent "); is {
			parents = append(parents, parent)
		}
	}
	return parents, nil
}

// Ancestors are a commit and those before it, the newest first, at most so many. whole tells
// that there are no more than these, or most of them: a shallow clone knows only some.
func (d Dir) Ancestors(ctx context.Context, commit string, most int) (commits []string, whole bool, err error) {
	if _, err := d.Resolve(ctx, commit); err != nil {
		return nil, false, err
	}
	listed, err := d.Run(ctx, "rev-list", "--max-count="+strconv.Itoa(most), commit, "--")
	if err != nil {
		return nil, false, err
	}
	commits = strings.Fields(listed)
	return commits, len(commits) == most || d.shallow(ctx) == "", nil
}
