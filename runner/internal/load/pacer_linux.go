package load

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// timerPacer sleeps on a timerfd, which the kernel signals within tens of microseconds. The
// timers of package time are late by up to a millisecond when nothing else happens: the
// runtime waits for them in epoll_wait, whose time-out is whole milliseconds.
type timerPacer struct{ file *os.File }

// finePacer is nil where the kernel has no such timer.
func finePacer() pacer {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil
	}
	// The runtime polls a descriptor that does not block: reading it parks the goroutine, and
	// no thread.
	return timerPacer{os.NewFile(uintptr(fd), "timerfd")}
}

func (p timerPacer) sleep(d time.Duration) {
	at := unix.ItimerSpec{Value: unix.NsecToTimespec(max(int64(d), 1))}
	raw, err := p.file.SyscallConn()
	if err == nil {
		controlErr := raw.Control(func(fd uintptr) { err = unix.TimerfdSettime(int(fd), 0, &at, nil) })
		if err == nil {
			err = controlErr
		}
	}
	var expirations [8]byte
	if err == nil {
		_, err = p.file.Read(expirations[:])
	}
	if err != nil {
		time.Sleep(d)
	}
}

func (p timerPacer) close() { _ = p.file.Close() } // nothing was written
