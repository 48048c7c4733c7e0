package proc

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

// The parts of linux/inet_diag.h and linux/sock_diag.h that ask for listening sockets. /proc/net/tcp does not tell their
// backlog: sock_diag(7) does, as the queue for writing.
const (
	diagByFamily  = 20 // SOCK_DIAG_BY_FAMILY
	requestLength = 16 + 56
	messageLength = 16 + 72
	atBacklog     = 16 + 60 // idiag_wqueue
	atInode       = 16 + 68 // idiag_inode
)

// backlogs asks the kernel how many connections may wait at each listening socket of this program's network namespace, by
// inode. It is nil if the kernel does not answer.
func (r *Reader) backlogs() map[uint64]int {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_INET_DIAG)
	if err != nil {
		return nil
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	// The kernel answers within the call that asks. The limit is for a kernel that does not.
	limit := unix.Timeval{Sec: 1}
	if unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit) != nil {
		return nil
	}
	found := map[uint64]int{}
	for _, family := range [...]byte{unix.AF_INET, unix.AF_INET6} {
		if unix.Sendto(fd, diagRequest(family), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) != nil {
			return nil
		}
		if !r.answers(fd, found) {
			return nil
		}
	}
	return found
}

// diagRequest asks for all listening TCP sockets of a family.
func diagRequest(family byte) []byte {
	request := make([]byte, requestLength)
	put := binary.NativeEndian
	put.PutUint32(request[0:], requestLength)
	put.PutUint16(request[4:], diagByFamily)
	put.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request[16], request[17] = family, unix.IPPROTO_TCP
	put.PutUint32(request[20:], 1<<listen) // the states that are asked for
	return request
}

// answers reads messages up to the one that ends them, and tells whether it came.
func (r *Reader) answers(fd int, found map[uint64]int) bool {
	for {
		n, _, err := unix.Recvfrom(fd, r.text, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n < 16 {
			return false
		}
		for text := r.text[:n]; len(text) >= 16; {
			length := int(binary.NativeEndian.Uint32(text))
			if length < 16 || length > len(text) {
				return false
			}
			switch binary.NativeEndian.Uint16(text[4:]) {
			case unix.NLMSG_DONE:
				return true
			case diagByFamily:
				if length >= messageLength {
					inode := uint64(binary.NativeEndian.Uint32(text[atInode:]))
					found[inode] = int(binary.NativeEndian.Uint32(text[atBacklog:]))
				}
			default: // an error
				return false
			}
			text = text[min(len(text), (length+3)&^3):]
		}
	}
}
