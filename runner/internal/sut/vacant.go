package sut

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Vacant returns an error if another program already listens where the system will, or at one of the free ports
// that it was given: that program would be loaded instead. The error names the program. Vacant first gives it a
// moment to end. In doubt the place is vacant: if the name does not resolve yet, the host does not answer, or the
// target is behind a proxy.
func (d *Door) Vacant(ctx context.Context, ports ...int) error {
	if d.grpc != nil {
		if err := d.grpc.Vacant(ctx); err != nil {
			return err
		}
	}
	if err := vacant(ctx, d.place(), d.occupant); err != nil {
		return err
	}
	for _, port := range ports {
		at := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if err := vacant(ctx, at, func(ctx context.Context) (string, bool) { return listener(ctx, at) }); err != nil {
			return err
		}
	}
	return nil
}

// vacant returns an error if something keeps listening at a place.
func vacant(ctx context.Context, place string, occupant func(context.Context) (who string, taken bool)) error {
	for deadline := time.Now().Add(patience); ; {
		who, taken := occupant(ctx)
		if !taken || ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return &Failure{What: fmt.Sprintf("something listens at %s already: %s. It is not the system that this profile starts. End it, or let the system listen at a free port with ${port}",
				place, who)}
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * pollEvery):
		}
	}
}

// place is where the system will listen.
func (d *Door) place() string {
	if d.target.Socket != "" {
		return d.target.Socket
	}
	return d.dialer.Target().Address()
}

// occupant names the program that listens at the door.
func (d *Door) occupant(ctx context.Context) (who string, taken bool) {
	if d.target.Socket != "" {
		if !accepts(ctx, "unix", d.target.Socket) {
			return "", false
		}
		return owner(unixInodes(d.target.Socket)), true
	}
	if d.proxied {
		return "", false
	}
	return listener(ctx, d.dialer.Target().Address())
}

// listener names the program that listens at an address.
func listener(ctx context.Context, at string) (who string, taken bool) {
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return "", false
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", false
	}
	for _, address := range addresses { // localhost may have two
		if accepts(ctx, "tcp", net.JoinHostPort(address.String(), port)) {
			return owner(tcpInodes(address.Unmap(), port)), true
		}
	}
	return "", false
}

// accepts reports whether somebody listens. If a firewall drops the packets, it reports false.
func accepts(ctx context.Context, network, address string) bool {
	dialer := net.Dialer{Timeout: patience / 2}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return network == "unix" && errors.Is(err, syscall.EAGAIN) // its queue is full
	}
	_ = conn.Close() // nothing was sent
	return true
}

// nameless stands for a process that we may not inspect.
const nameless = "a process that Plimsoll cannot identify (another user's, or in a container)"

// owner names the process that has one of the sockets open, on Linux only.
func owner(inodes map[string]bool) string {
	if len(inodes) == 0 {
		return nameless
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*") // no error: the pattern is good
	for _, link := range links {
		to, err := os.Readlink(link)
		if err != nil || !inodes[strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")] {
			continue
		}
		pid := strings.Split(link, "/")[2]
		name, err := os.ReadFile("/proc/" + pid + "/comm")
		if err != nil {
			continue
		}
		who := fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(name)), pid)
		if strings.HasPrefix(string(name), "docker-proxy") || strings.HasPrefix(string(name), "rootlessport") {
			who += ", for a container (docker ps)"
		}
		return who
	}
	return nameless
}

// unixInodes are the sockets that listen at a path.
func unixInodes(path string) map[string]bool {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	return sockets("/proc/net/unix", func(f []string) (inode string, ok bool) {
		return field(f, 6), len(f) > 7 && (f[7] == path || f[7] == absolute)
	})
}

// tcpInodes are the sockets that listen at an address and port, or at all addresses.
func tcpInodes(address netip.Addr, port string) map[string]bool {
	const listening = "0A"
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil
	}
	found := map[string]bool{}
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		for inode := range sockets(file, func(f []string) (inode string, ok bool) {
			local, at, _ := strings.Cut(field(f, 1), ":")
			if field(f, 3) != listening || at != fmt.Sprintf("%04X", number) {
				return "", false
			}
			ip := kernelAddress(local)
			return field(f, 9), ip.IsUnspecified() || ip.Unmap() == address.WithZone("")
		}) {
			found[inode] = true
		}
	}
	return found
}

// sockets returns the inodes that pick finds in the lines of a table.
func sockets(table string, pick func(fields []string) (inode string, ok bool)) map[string]bool {
	text, err := os.ReadFile(table)
	if err != nil {
		return nil
	}
	found := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if inode, ok := pick(strings.Fields(line)); ok {
			found[inode] = true
		}
	}
	return found
}

func field(fields []string, i int) string {
	if i >= len(fields) {
		return ""
	}
	return fields[i]
}

// kernelAddress reads an address of /proc/net/tcp: words of 32 bits in hexadecimal, each in the byte order
// of the machine, taken as little-endian.
func kernelAddress(text string) netip.Addr {
	var bytes []byte
	for ; len(text) >= 8; text = text[8:] {
		word, err := strconv.ParseUint(text[:8], 16, 32)
		if err != nil {
			return netip.Addr{}
		}
		bytes = append(bytes, byte(word), byte(word>>8), byte(word>>16), byte(word>>24))
	}
	address, _ := netip.AddrFromSlice(bytes)
	return address
}
