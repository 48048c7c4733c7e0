package sut

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Windows has no process groups with signals. A job object holds a command and all that it starts.
// Closing the job ends them: we close it, or Windows does when this program has ended.

// hasGuard says that a job does a guard's work.
const hasGuard = false

// IsGuard reports whether this process was started to guard a system: never, on Windows.
func IsGuard() bool { return false }

// Guard does nothing on Windows.
func Guard() int { return 0 }

func self() (string, error) { return os.Executable() }

func endMarked(string) {}

func ownGroup(*exec.Cmd, bool) {}

// shell runs a script. cmd.exe takes it as one text, and strips the quotes around it.
func shell(script string) *exec.Cmd {
	c := exec.Command(windowsShell)
	c.SysProcAttr = &syscall.SysProcAttr{CmdLine: windowsShell + ` /d /s /c "` + script + `"`}
	return c
}

// enclosure is a job object; the zero enclosure is none.
type enclosure struct{ job windows.Handle }

// close ends everything in the job.
func (e enclosure) close() {
	if e.job != 0 {
		_ = windows.CloseHandle(e.job) // once
	}
}

// enclose puts a command that has just started into a job of its own, if Windows allows that.
func enclose(c *exec.Cmd) enclosure {
	handle, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return enclosure{}
	}
	j := enclosure{handle}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE},
	}
	if _, err := windows.SetInformationJobObject(handle, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits))); err != nil {
		j.close()
		return enclosure{}
	}
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(c.Process.Pid))
	if err == nil {
		err = windows.AssignProcessToJobObject(handle, process)
		_ = windows.CloseHandle(process) // the job has its own
	}
	if err != nil {
		j.close()
		return enclosure{}
	}
	return j
}

func terminate(c *exec.Cmd) { kill(c) }

// kill ends the tree. An error means that it has ended already.
func kill(c *exec.Cmd) {
	_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(c.Process.Pid)).Run()
}

func groupLives(int) bool { return false }

func awaitEnd(*os.Process) bool { return false }
