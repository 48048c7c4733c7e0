package sut

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// awaitEnd waits until a process has ended, and leaves it to be waited for: until then nobody
// else gets its number. It reports whether it could.
func awaitEnd(p *os.Process) bool {
	for {
		err := unix.Waitid(unix.P_PID, p.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err == nil
		}
	}
}
