package sut

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
)

// FreePort finds a TCP port that nobody listens on, on loopback and on all addresses. If possible, it lies
// outside the range for outgoing connections: the load comes from the same machine, and one of its
// connections could occupy the port when the system restarts. The port is random, because another program
// may look for one at the same time.
func FreePort() (int, error) {
	const lowest = 10_000 // well-known services have lower ports
	highest := 32_767     // the usual ranges for outgoing connections begin above it
	if low, _, ok := outgoingPorts(); ok {
		highest = min(highest, low-1)
	}
	for range 100 {
		if highest <= lowest {
			break
		}
		if port := lowest + rand.IntN(highest-lowest); isFree(port) {
			return port, nil
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close() //nolint:errcheck // it has served its purpose
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// FreePorts finds n different ones, as FreePort does.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for len(ports) < n {
		port, err := FreePort()
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports, nil
}

// isFree reports whether a program could listen on a port at every address.
func isFree(port int) bool {
	return canListen("127.0.0.1", port) && canListen("", port) && (canListen("::1", port) || !canListen("::1", 0)) // 0: is there IPv6 at all?
}

func canListen(host string, port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// outgoingPorts is the range of ports for outgoing connections, where the system tells.
func outgoingPorts() (low, high int, ok bool) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0, 0, false
	}
	_, err = fmt.Sscan(string(text), &low, &high)
	return low, high, err == nil
}
