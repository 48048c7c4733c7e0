//go:build unix

package runner

import "syscall"

// openFiles is the number of file descriptors that this process may have; 0 if it cannot be read.
// Go itself raises the soft limit to the hard one.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur) //nolint:unconvert // signed on some systems
}
