package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// killAfter is how long a process may take to end before it is killed.
const killAfter = 5 * time.Second

// invocation is one run of a generator, in a directory of its own.
type invocation struct {
	args    []string          // the program comes first
	files   map[string]string // to write into the directory before
	output  string            // the file there that has the figures; empty for stdout
	then    []string          // a command to run afterwards, whose stdout has the figures; not measured
	allowed []int             // exit statuses of a good run, besides 0
}

// measured is what one run of a generator gave.
type measured struct {
	output  []byte
	elapsed time.Duration
	cpu     time.Duration // user and system time of the generator
	served  int64         // requests that the server counted; 0 if it does not count
}

// pinned prepares a command on one core, in its own process group. So an interrupt at the terminal
// reaches only peerbench, which then ends the group. When ctx ends, the group is asked to end, and
// killed after killAfter.
func pinned(ctx context.Context, core int, dir string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", strconv.Itoa(core)}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = killAfter
	return cmd
}

// endGroup kills what an ended command left behind.
func endGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // usually fails, as nothing is left
	}
}

// generate runs a generator to its end and reads its figures.
func generate(ctx context.Context, core int, dir string, v invocation) (m measured, err error) {
	if err := v.write(dir); err != nil {
		return m, err
	}
	cmd := pinned(ctx, core, dir, v.args)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err = cmd.Run()
	m.elapsed = time.Since(start)
	endGroup(cmd)
	if ctx.Err() != nil {
		return m, fmt.Errorf("%s: %w", v.args[0], context.Cause(ctx))
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && slices.Contains(v.allowed, exit.ExitCode()) {
		err = nil
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w: %s", strings.Join(v.args, " "), err, lastOf(stderr.Bytes(), stdout.Bytes()))
	}
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	m.output, err = v.read(ctx, dir, stdout.Bytes())
	return m, err
}

func (v invocation) write(dir string) error {
	for name, text := range v.files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// read returns the output with the figures, after the run.
func (v invocation) read(ctx context.Context, dir string, stdout []byte) ([]byte, error) {
	switch {
	case v.then != nil:
		cmd := exec.CommandContext(ctx, v.then[0], v.then[1:]...)
		cmd.Dir = dir
		return cmd.Output()
	case v.output != "":
		return os.ReadFile(filepath.Join(dir, v.output))
	default:
		return stdout, nil
	}
}

// lastOf is the end of the first text that is not empty, for use in an error.
func lastOf(texts ...[]byte) string {
	const enough = 600
	for _, text := range texts {
		text = bytes.TrimSpace(text)
		if len(text) > 0 {
			return string(text[max(0, len(text)-enough):])
		}
	}
	return "it printed nothing"
}

// twoCores picks the first two cores that this process may use.
func twoCores() (generator, server int, err error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0, err
	}
	cores, err := parseCores(procField(status, "Cpus_allowed_list"))
	if err != nil {
		return 0, 0, err
	}
	if len(cores) < 2 {
		return 0, 0, errors.New("this process may use one core only; the generator and the server need one each")
	}
	return cores[0], cores[1], nil
}

// parseCores reads the kernel's list of cores, such as 0-3,7.
func parseCores(list string) (cores []int, err error) {
	for span := range strings.SplitSeq(list, ",") {
		low, high, isRange := strings.Cut(span, "-")
		if !isRange {
			high = low
		}
		first, err1 := strconv.Atoi(low)
		last, err2 := strconv.Atoi(high)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("list of cores %q: %w", list, err)
		}
		for core := first; core <= last; core++ {
			cores = append(cores, core)
		}
	}
	return cores, nil
}

// procField is the value of one field of /proc/PID/status.
func procField(status []byte, name string) string {
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// residentKB is VmRSS of a process: resident memory in units of 1,024 bytes.
func residentKB(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	kb, err := strconv.ParseFloat(strings.TrimSuffix(procField(status, "VmRSS"), " kB"), 64)
	if err != nil {
		return 0, fmt.Errorf("VmRSS of process %d: %w", pid, err)
	}
	return kb, nil
}

// clockTicks is USER_HZ, the unit of /proc/PID/stat: 100 on every architecture of Linux that Go
// runs on (proc(5)).
const clockTicks = 100

// cpuTime is the user and system time of a process and its living children so far.
func cpuTime(pid int) (time.Duration, error) {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	var ticks int64
	for _, id := range append(strings.Fields(string(children)), strconv.Itoa(pid)) {
		stat, err := os.ReadFile("/proc/" + id + "/stat")
		if err != nil {
			return 0, err
		}
		// The second field is the name in brackets, which may hold blanks; utime and stime are
		// the fields 14 and 15.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, field := range fields[11:13] {
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("/proc/%s/stat: %w", id, err)
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * time.Second / clockTicks, nil
}

// raiseFileLimit lets this process and its children open a number of files. Only root can raise the hard
// limit.
func raiseFileLimit(want uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	// Always set it, as Go otherwise gives children the limit that it found at its start.
	limit.Cur, limit.Max = max(limit.Cur, want), max(limit.Max, want)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("allow %d open files (ulimit -n): %w", want, err)
	}
	return nil
}
