package git

import (
	"context"
	"strconv"
	"strings"
)

// Parents are the parents of a commit, the first of a merge being what was merged into. They
// are read from the commit itself, so that a shallow clone, which does not have them, knows
// their names all the same.
func Parents(ctx context.Context, dir, commit string) (parents []string, err error) {
	text, err := Run(ctx, dir, "cat-file", "commit", commit)
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
func Ancestors(ctx context.Context, dir, commit string, most int) (commits []string, whole bool, err error) {
	if _, err := Resolve(ctx, dir, commit); err != nil {
		return nil, false, err
	}
	listed, err := Run(ctx, dir, "rev-list", "--max-count="+strconv.Itoa(most), commit, "--")
	if err != nil {
		return nil, false, err
	}
	commits = strings.Fields(listed)
	return commits, len(commits) == most || shallow(ctx, dir) == "", nil
}
