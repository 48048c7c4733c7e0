package cost

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Counters count the cycles and the instructions, in user mode, of a thread and of all that it starts from now on.
type Counters struct {
	cycles, instructions counter
}

// Count opens the counters of a thread. Call it before the thread starts the program to count. If the machine does not
// count cycles or instructions, the error says why, and the counters still count the other one.
func Count(thread int) (*Counters, error) {
	cycles, err1 := open(thread, unix.PERF_TYPE_HARDWARE, unix.PERF_COUNT_HW_CPU_CYCLES)
	instructions, err2 := open(thread, unix.PERF_TYPE_HARDWARE, unix.PERF_COUNT_HW_INSTRUCTIONS)
	err := err1
	if err == nil {
		err = err2
	}
	return &Counters{cycles, instructions}, err
}

// Read returns what was counted so far, 0 for what is not counted.
func (c *Counters) Read() (cycles, instructions int64) { return c.cycles.read(), c.instructions.read() }

// Close ends the counting.
func (c *Counters) Close() {
	c.cycles.close()
	c.instructions.close()
}

// counter is the file of an event of perf_event_open(2); 0 for none.
type counter int

// open opens an event. The kernel sums it up over all that the thread starts, ended threads and processes included.
func open(thread int, kind uint32, event uint64) (counter, error) {
	attributes := unix.PerfEventAttr{
		Type: kind, Config: event, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
		Read_format: unix.PERF_FORMAT_TOTAL_TIME_ENABLED | unix.PERF_FORMAT_TOTAL_TIME_RUNNING,
		Bits:        unix.PerfBitInherit | unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv,
	}
	fd, err := unix.PerfEventOpen(&attributes, thread, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	switch {
	case err == nil:
		return counter(fd), nil
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENODEV):
		return 0, errors.New("this machine does not count them")
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return 0, errors.New("this user may not count them (kernel.perf_event_paranoid)")
	case errors.Is(err, unix.ENOSYS):
		return 0, errors.New("this kernel does not count them")
	}
	return 0, fmt.Errorf("open the counter: %w", err)
}

// read returns the count so far. Where more is counted than the processor has counters for, each runs for a part of the
// time, and the count is extended to the whole.
func (c counter) read() int64 {
	var text [24]byte // value, time enabled, time running
	if c == 0 {
		return 0
	}
	if n, err := unix.Read(int(c), text[:]); err != nil || n != len(text) {
		return 0
	}
	value, enabled, running := binary.NativeEndian.Uint64(text[:]), binary.NativeEndian.Uint64(text[8:]), binary.NativeEndian.Uint64(text[16:])
	if running == 0 || running >= enabled {
		return int64(value)
	}
	high, low := bits.Mul64(value, enabled)
	if high >= running {
		return 0
	}
	whole, _ := bits.Div64(high, low, running)
	return int64(whole)
}

func (c counter) close() {
	if c > 0 {
		_ = unix.Close(int(c)) // nothing was written
	}
}
