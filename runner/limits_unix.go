//go:build unix

package runner

import "syscall"

// openFiles is how many descriptors this process may have; 0 where it cannot be read. (Go
// raises the soft limit to the hard one by itself.)
func openFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur) //nolint:unconvert // signed on some systems
}
