//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package wire

import "syscall"

// readable reports, without waiting, whether a socket has something to be read: bytes, an
// error, or its end.
func readable(c syscall.Conn) bool {
	socket, err := c.SyscallConn()
	if err != nil {
		return true
	}
	var peek error
	var one [1]byte
	err = socket.Control(func(fd uintptr) {
		for {
			_, _, peek = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			if peek != syscall.EINTR {
				return
			}
		}
	})
	return err != nil || (peek != syscall.EAGAIN && peek != syscall.EWOULDBLOCK)
}
