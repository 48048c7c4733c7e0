//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package wire

import (
	"errors"
	"syscall"
)

// looker looks at a socket again and again without an allocation.
type looker struct {
	socket syscall.RawConn // nil if it cannot be looked at
	peek   func(fd uintptr)
	found  error
	one    [1]byte
}

func newLooker(c syscall.Conn) *looker {
	l := &looker{}
	if socket, err := c.SyscallConn(); err == nil {
		l.socket = socket
	}
	l.peek = func(fd uintptr) {
		for {
			_, _, l.found = syscall.Recvfrom(int(fd), l.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			if !errors.Is(l.found, syscall.EINTR) {
				return
			}
		}
	}
	return l
}

// readable reports, without waiting, whether the socket has something to be read: bytes, an error,
// or its end.
func (l *looker) readable() bool {
	if l.socket == nil || l.socket.Control(l.peek) != nil {
		return true
	}
	return !errors.Is(l.found, syscall.EAGAIN) && !errors.Is(l.found, syscall.EWOULDBLOCK)
}
