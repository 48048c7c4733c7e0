package sut

import (
	"net"
	"testing"
)

// A free port is free at every address. No outgoing connection can get it.
func TestFreePort(t *testing.T) {
	low, high, known := outgoingPorts()
	seen := map[int]bool{}
	for range 20 {
		port, err := FreePort()
		if err != nil || port < 1024 || !isFree(port) {
			t.Fatalf("port %d, %v", port, err)
		}
		if known && low > 10_100 && port >= low && port <= high {
			t.Errorf("%d lies in the range for outgoing connections, %d to %d", port, low, high)
		}
		seen[port] = true
	}
	if len(seen) < 15 {
		t.Errorf("the same ports again and again: %v", seen)
	}
	for _, host := range []string{"127.0.0.1", "0.0.0.0"} {
		listener, err := net.Listen("tcp", host+":0")
		if err != nil {
			t.Fatal(err)
		}
		if isFree(listener.Addr().(*net.TCPAddr).Port) {
			t.Errorf("somebody listens at %v", listener.Addr())
		}
		_ = listener.Close()
	}
}
