//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package wire

import "syscall"

// readable cannot tell on this operating system. A call on a connection that the server closed while
// the user was idle counts as a failure here.
func readable(syscall.Conn) bool { return false }
