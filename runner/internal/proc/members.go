package proc

import "time"

// Member is a process of a tree.
type Member struct {
	PID    int
	Start  uint64 // with the PID, the identity of a process
	Parent int
	// Waited is the user and system time of the children that the process has waited for, each rounded down to 10 ms. It
	// is 0 where the system does not tell.
	Waited time.Duration
}
