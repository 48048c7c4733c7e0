package cost

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What a thread starts is counted, ended processes included, as CPU time of the kernel's own clock shows: no virtual
// machine lacks it, unlike cycles and instructions.
func TestCountersAreInherited(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := open(unix.Gettid(), unix.PERF_TYPE_SOFTWARE, unix.PERF_COUNT_SW_TASK_CLOCK)
	if err != nil {
		t.Skip(err)
	}
	defer c.close()
	before := time.Duration(c.read())
	program := exec.Command("sh", "-c", `i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; (i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done)`)
	if err := program.Run(); err != nil {
		t.Fatal(err)
	}
	got := time.Duration(c.read()) - before
	want := program.ProcessState.UserTime() + program.ProcessState.SystemTime()
	if got < want*9/10 || got > want*3/2+20*time.Millisecond { // this thread has its part
		t.Errorf("counted %v, the kernel says %v", got, want)
	}
}

// A program that lives on is counted while it does.
func TestCountersOfTheLiving(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := open(unix.Gettid(), unix.PERF_TYPE_SOFTWARE, unix.PERF_COUNT_SW_TASK_CLOCK)
	if err != nil {
		t.Skip(err)
	}
	defer c.close()
	program := exec.Command("sh", "-c", `i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; read end`)
	in, err := program.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	before := c.read()
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	bufio.NewScanner(out).Scan()
	living := time.Duration(c.read() - before)
	_ = in.Close()
	_ = program.Wait() // its read failed
	want := program.ProcessState.UserTime() + program.ProcessState.SystemTime()
	if living < want/2 || living > want*3/2+20*time.Millisecond {
		t.Errorf("counted %v while the program lived, the kernel says %v at its end", living, want)
	}
}

// A machine without the counters says so, and counts nothing.
func TestCountersAreAbsent(t *testing.T) {
	c, err := Count(os.Getpid())
	t.Cleanup(c.Close)
	cycles, instructions := c.Read()
	if err == nil {
		t.Skipf("this machine counts: %d cycles, %d instructions", cycles, instructions)
	}
	if cycles != 0 && instructions != 0 {
		t.Errorf("%d cycles and %d instructions, with %v", cycles, instructions, err)
	}
	if _, err := open(os.Getpid(), unix.PERF_TYPE_HARDWARE, 1<<20); err == nil {
		t.Error("an event that does not exist is counted")
	}
}
