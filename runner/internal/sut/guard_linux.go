package sut

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// self is this program, even if its file has been replaced.
func self() (string, error) {
	const link = "/proc/self/exe"
	if _, err := os.Stat(link); err != nil { // no /proc, which os.Executable needs too
		return exec.LookPath(os.Args[0])
	}
	return link, nil
}

// thread is the number of this thread.
func thread() int { return unix.Gettid() }

// adopt makes this process the parent of all its descendants that lose theirs. If the kernel refuses,
// such descendants escape.
func adopt() {
	_ = os.WriteFile("/proc/self/comm", []byte("guard"), 0o644) // its name in ps
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// commandAttributes make the command the leader of a group. The kernel kills it if the guard dies.
func commandAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// empty reports whether no process of the command is left. The guard has no child, and so no descendant.
func (g *guard) empty() bool { return true }

// left names the processes that outlive the command; empty for none.
func (g *guard) left() string {
	var names []string
	for _, d := range descendants(os.Getpid()) {
		if d.state != 'Z' {
			names = append(names, fmt.Sprintf("%s (process %d)", d.name, d.pid))
		}
	}
	if len(names) > 3 {
		names = append(names[:3], fmt.Sprintf("%d more", len(names)-3))
	}
	return strings.Join(names, ", ")
}

// signal sends a signal to each descendant. Without /proc it reaches the group of the command.
func (g *guard) signal(s syscall.Signal) {
	all := descendants(os.Getpid())
	for _, d := range all {
		d.signal(s)
	}
	if len(all) == 0 && !g.ended {
		_ = syscall.Kill(-g.pid, s) // an error means that it has ended
	}
}

// relative is a process as seen in /proc.
type relative struct {
	pid, parent int
	group       int
	name        string
	state       byte
	start       string // when it started: start and number identify a process
}

// signal sends a signal to the process. It never reaches another process that got its number meanwhile.
func (r relative) signal(s syscall.Signal) {
	fd, err := unix.PidfdOpen(r.pid, 0)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // an old kernel, or a container that forbids it
		_ = syscall.Kill(r.pid, s) // an error means that it has ended
		return
	}
	if err != nil {
		return // it has ended
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	if now, ok := readRelative(r.pid); ok && now.start == r.start {
		_ = unix.PidfdSendSignal(fd, s, nil, 0)
	}
}

// processes lists all visible processes.
func processes() (all []relative) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			if r, ok := readRelative(pid); ok {
				all = append(all, r)
			}
		}
	}
	return all
}

// endMarked ends the processes with the mark in their environment. A guard gives the mark to all that it
// starts, and they inherit it unless they clear their environment.
func endMarked(variable string) {
	for deadline := time.Now().Add(giveUp); time.Now().Before(deadline); time.Sleep(killAgain) {
		none := true
		for _, r := range processes() {
			environ, err := os.ReadFile("/proc/" + strconv.Itoa(r.pid) + "/environ")
			if err == nil && slices.Contains(strings.Split(string(environ), "\x00"), variable) {
				none = false
				r.signal(syscall.SIGKILL)
			}
		}
		if none {
			return
		}
	}
}

// groupLives reports whether a process group has a process that has not ended.
func groupLives(group int) bool {
	return slices.ContainsFunc(processes(), func(r relative) bool { return r.group == group && r.state != 'Z' })
}

// descendants lists the children of a process and theirs.
func descendants(of int) (found []relative) {
	children := map[int][]relative{}
	for _, r := range processes() {
		children[r.parent] = append(children[r.parent], r)
	}
	found = children[of]
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	return found
}

// readRelative reads /proc/PID/stat (proc_pid_stat(5)).
func readRelative(pid int) (relative, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return relative{}, false
	}
	begin, end := strings.IndexByte(string(text), '('), strings.LastIndexByte(string(text), ')') // a name may hold anything
	if begin < 0 || end < begin {
		return relative{}, false
	}
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 20 {
		return relative{}, false
	}
	parent, err := strconv.Atoi(fields[1])
	group, _ := strconv.Atoi(fields[2]) // as the parent, it is a number
	return relative{pid: pid, parent: parent, group: group, name: string(text[begin+1 : end]), state: fields[0][0], start: fields[19]}, err == nil
}
