package git

import (
	"context"
	"strconv"
	"strings"
)

// Parents lists the parents of a commit. The first parent of a merge is the commit that was merged
// into. Parents reads the commit itself, because a shallow clone lacks the parents but the commit
// names them.
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

// Ancestors lists a commit and its ancestors, the newest first, at most so many. whole is false when
// a shallow clone may lack some of them.
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
