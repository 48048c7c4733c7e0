//go:build !linux

package proc

import "slices"

// Members searches for processes that belong to the tree, and appends all that are alive.
func (t *Tree) Members(to []Member) []Member {
	t.known = slices.DeleteFunc(t.known, func(m member) bool {
		began, err := m.CreateTime()
		return err != nil || began != m.began
	})
	t.search()
	for _, m := range t.known {
		to = append(to, Member{PID: int(m.Pid), Start: uint64(m.began)})
	}
	return to
}
