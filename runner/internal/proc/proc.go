// Package proc reads what processes and their machine use: CPU time, memory, threads, files, disks, connections.
//
// A Reader reads one machine. Reader.Tree follows a process and its descendants, Reader.Machine reads the machine
// itself. All counters are raw and count from the start of the process or of the machine: the caller takes the
// difference of two samples and divides it by the time between them. Spans are time.Duration, sizes are bytes.
//
// What cannot be read is never zero: the part's Known is false, and an Absent says why. A part that only some
// processes of a tree tell is not known either.
//
// On Linux all comes from /proc, as proc(5) describes it, below a root directory that the caller names, so that a
// recorded tree of files can stand for a machine. A tree of some fifty processes costs a few milliseconds of CPU time a
// sample, and next to no allocations: buffers belong to the Reader, the files of threads stay open, and the whole
// of /proc is searched for new processes each few seconds only. Elsewhere gopsutil tells CPU time, memory and
// threads, and the rest is absent.
//
// A Reader and what it made are not safe for concurrent use.
package proc

import "time"

// Absent is a source that could not be read.
type Absent struct {
	Source string // such as "io" or "pressure"
	Why    string // half a sentence: "this kernel does not have it"
}

// Sample is what a tree of processes used, read at one instant. The counters never fall: what processes used that have
// ended is still in them.
type Sample struct {
	At    time.Time     // as it was passed in
	Since time.Duration // from the sample before to this one; 0 in the first
	Alive bool          // some process of the tree is alive
	Main  bool          // the main process is alive: see Tree.Connections

	Processes int // alive, without those that have ended and wait for their parent
	Threads   int

	User, System             time.Duration // CPU time, counted
	MinorFaults, MajorFaults uint64        // page faults, counted
	FaultsKnown              bool

	RSSBytes int64 // resident memory. Pages that processes share count for each of them

	IO         IO
	Files      Files
	Scheduling Scheduling

	// CPUs is the number of cores that the processes with work to do may run on, 0 where it is not told.
	CPUs int
	// Restarts counts how often the main process was started anew.
	Restarts int

	Absent []Absent // valid until the next sample
}

// CPU is the user and system time, counted.
func (s *Sample) CPU() time.Duration { return s.User + s.System }

// IO is what was really read from and written to disks, counted.
type IO struct {
	Known                   bool
	ReadBytes, WrittenBytes uint64
}

// Files are the open file descriptors of all processes.
type Files struct {
	Known bool
	Open  int
	// Share is the part of its own limit that the process nearest to it has open, 0..1. It is 0 where no limit is told.
	Share float64
}

// Scheduling is what happened to the threads.
type Scheduling struct {
	Known bool
	// RunDelay is the time that threads were ready to run and waited for a core, counted from the tree's first sample.
	// A thread's wait after its last sample is lost if the thread ends.
	RunDelay time.Duration
	Blocked  int // threads in uninterruptible sleep (D), at this instant
	// Busiest is the thread that used most CPU time since the sample before, of those seen in both.
	Busiest Thread
}

// Thread is the CPU time that a thread used between two samples.
type Thread struct {
	PID, TID int
	Name     string // that the program gave it, or the program's own
	CPU      time.Duration
}

// Share is the part of a core that the thread used, 0..1.
func (t Thread) Share(since time.Duration) float64 {
	if since <= 0 {
		return 0
	}
	return min(1, float64(t.CPU)/float64(since))
}

// Connections are the TCP connections of a tree, at one instant.
type Connections struct {
	Known     bool
	Out       []Remote // that processes of the tree opened, in the order of their addresses
	In        int      // that others opened to ports on which the tree listens
	Listening []Listener
	Absent    []Absent
}

// Remote is an address that the tree is connected to.
type Remote struct {
	Address     string // host:port, IPv6 hosts in brackets
	Established int
}

// Listener is a socket on which the tree accepts connections. Several sockets may share a port.
type Listener struct {
	Address string // host:port
	Port    int
	Waiting int // connections that wait to be accepted
	// Backlog is how many may wait, or 0 where that is not told: only for the network namespace of this program.
	Backlog int
}
