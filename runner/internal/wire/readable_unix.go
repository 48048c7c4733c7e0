//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package wire

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// looker looks at a socket again and again without an allocation.
type looker struct {
	socket syscall.RawConn // nil if it cannot be looked at
	peek   func(fd uintptr)
	found  error
	one    [1]byte
	poll   func(fd uintptr)
	asked  []unix.PollFd
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
	l.asked = make([]unix.PollFd, 1)
	l.poll = func(fd uintptr) {
		for {
			l.asked[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT}
			if _, err := unix.Poll(l.asked, 0); !errors.Is(err, unix.EINTR) {
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

// free reports, without waiting, whether the socket takes bytes and has none to be read. The kernel calls a
// socket writable once a third of its buffer is free.
func (l *looker) free() bool {
	return l.socket != nil && l.socket.Control(l.poll) == nil && l.asked[0].Revents == unix.POLLOUT
}
