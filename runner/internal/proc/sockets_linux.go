package proc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
)

// inodes lists the sockets that a process has open.
func (r *Reader) inodes(pid int) (inodes []uint64, err error) {
	r.of(pid, "/fd")
	if r.pids, err = r.numbers(r.pids[:0]); err != nil {
		return nil, err
	}
	for _, fd := range r.pids {
		r.name = append(strconv.AppendInt(r.name[:0], int64(pid), 10), "/fd/"...)
		r.name = strconv.AppendInt(r.name, int64(fd), 10)
		r.and("")
		text, err := r.link() // such as socket:[4711]
		if err != nil {
			if denied(err) {
				return nil, err
			}
			continue // closed since
		}
		if rest, ok := bytes.CutPrefix(text, []byte("socket:[")); ok {
			inodes = append(inodes, number(bytes.TrimSuffix(rest, []byte("]"))))
		}
	}
	return inodes, nil
}

// namespace names the network namespace of a process, or is empty.
func (r *Reader) namespace(pid int) string {
	r.of(pid, "/ns/net")
	text, err := r.link()
	if err != nil {
		return ""
	}
	return string(text)
}

func (r *Reader) ownNamespace() string {
	r.name = r.name[:0]
	r.and("self/ns/net")
	text, err := r.link()
	if err != nil || !r.real {
		return "unknown"
	}
	return string(text)
}

// tcp lists the sockets of a network namespace, with a function that reads its files.
func (r *Reader) tcp(read func(string) ([]byte, error)) (sockets []socket) {
	for _, file := range [...]string{"net/tcp", "net/tcp6"} {
		text, err := read(file)
		if err != nil {
			continue // no IPv6
		}
		_, text = cutLine(text) // the header
		for len(text) > 0 {
			var line []byte
			line, text = cutLine(text)
			if s, ok := parseSocket(line); ok {
				sockets = append(sockets, s)
			}
		}
	}
	return sockets
}

// parseSocket reads a line such as
//
//	0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000 0 0 4711 …
//
// The second number of the queues is, of a listening socket, the number of connections that wait to be accepted.
func parseSocket(line []byte) (s socket, ok bool) {
	var fields [10][]byte
	for i := range fields {
		if fields[i], line = word(line); len(fields[i]) == 0 {
			return s, false
		}
	}
	local, ok1 := parseAddress(fields[1])
	remote, ok2 := parseAddress(fields[2])
	state, err1 := strconv.ParseUint(string(fields[3]), 16, 8)
	_, queue, _ := bytes.Cut(fields[4], []byte{':'})
	waiting, err2 := strconv.ParseUint(string(queue), 16, 32)
	inode, ok3 := whole(fields[9])
	if !ok1 || !ok2 || !ok3 || err1 != nil || err2 != nil {
		return s, false
	}
	return socket{local, remote, int(state), int(waiting), inode}, true
}

// parseAddress reads an address such as 0100007F:1F90. The kernel writes it as words of 32 bits, each in the order of the
// machine, and the port as a number.
func parseAddress(text []byte) (a netip.AddrPort, ok bool) {
	host, port, ok := bytes.Cut(text, []byte{':'})
	n, err := strconv.ParseUint(string(port), 16, 16)
	if !ok || err != nil || len(host) != 8 && len(host) != 32 {
		return a, false
	}
	var raw [16]byte
	for i := 0; i < len(host); i += 8 {
		w, err := strconv.ParseUint(string(host[i:i+8]), 16, 32)
		if err != nil {
			return a, false
		}
		binary.NativeEndian.PutUint32(raw[i/2:], uint32(w))
	}
	address, _ := netip.AddrFromSlice(raw[:len(host)/2])
	return netip.AddrPortFrom(address.Unmap(), uint16(n)), true
}

// Listening finds the process that accepts connections on a TCP port. Of several that share the socket, it is the oldest.
func (r *Reader) Listening(port int) (pid int, err error) {
	if r.proc < 0 {
		return 0, fmt.Errorf("read processes: %w", r.err)
	}
	inodes := r.listeners(port)
	if len(inodes) == 0 {
		return 0, fmt.Errorf("no process listens on port %d", port)
	}
	r.name = r.name[:0]
	r.and(".")
	pids, err := r.numbers(nil)
	if err != nil {
		return 0, fmt.Errorf("read processes: %w", err)
	}
	var first uint64
	for _, candidate := range pids {
		open, err := r.inodes(candidate)
		if err != nil || !slices.ContainsFunc(open, func(i uint64) bool { return slices.Contains(inodes, i) }) {
			continue
		}
		text, err := r.file(candidate, "/stat")
		if err != nil {
			continue
		}
		if s, ok := parseStat(text); ok && (pid == 0 || s.start < first || s.start == first && candidate < pid) {
			pid, first = candidate, s.start
		}
	}
	if pid == 0 {
		return 0, fmt.Errorf("port %d has a listener, but this user may not read which process it is", port)
	}
	return pid, nil
}

// listeners are the inodes of the sockets in this program's network namespace that listen on a port.
func (r *Reader) listeners(port int) (inodes []uint64) {
	for _, s := range r.tcp(r.general) {
		if s.state == listen && int(s.local.Port()) == port {
			inodes = append(inodes, s.inode)
		}
	}
	return inodes
}
