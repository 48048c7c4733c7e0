package proc

import "time"

// Members searches for processes that belong to the tree, and appends all that have not been waited for, in the order
// of their pids. It reads much less than a Sample. Use a tree for members or for samples, not for both.
func (t *Tree) Members(to []Member) []Member {
	t.update()
	t.searchAll()
	for _, p := range t.known {
		to = append(to, Member{
			PID: p.pid, Start: p.start, Parent: p.parent, Waited: time.Duration(p.waited.user+p.waited.system) * tick,
		})
	}
	return to
}
