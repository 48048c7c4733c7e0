//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package wire

import "syscall"

// looker cannot look at a socket on this operating system. A call that may not be sent again counts
// as a failure here if the server has closed its connection.
type looker struct{}

func newLooker(syscall.Conn) *looker { return &looker{} }

func (*looker) readable() bool { return false }

// free never reports true, so writes are made beside reads where the two could wait for each other.
func (*looker) free() bool { return false }
