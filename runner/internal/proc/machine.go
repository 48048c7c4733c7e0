package proc

import "time"

// Machine is what a machine used, read at one instant. Counters count from its start.
type Machine struct {
	CPU      CPU
	Memory   Memory
	Paging   Paging
	Load     Load
	Disks    []Disk // whole devices. Partitions, loops and what lies on other devices would count twice
	Networks []Network
	TCP      TCP
	Sockets  Sockets

	CPUPressure, IOPressure, MemoryPressure Pressure

	Absent []Absent
}

// CPU is the time of the machine's cores, by what they did.
type CPU struct {
	Known             bool
	Total             CoreTimes
	Cores             []CoreTimes
	Runnable, Blocked int // threads that run or could; threads that wait for a disk
}

// CoreTimes is the time of one core, or of all, counted. The time of guests is in User and Nice.
type CoreTimes struct {
	User, Nice, System, Idle, IOWait, IRQ, SoftIRQ, Steal time.Duration
}

// All is the time that passed, in all kinds together.
func (c CoreTimes) All() time.Duration { return c.Busy() + c.Idle + c.IOWait + c.Steal }

// Busy is the time that the machine's own programs and its kernel used.
func (c CoreTimes) Busy() time.Duration { return c.User + c.Nice + c.System + c.IRQ + c.SoftIRQ }

// Memory is the machine's memory in bytes.
type Memory struct {
	Known                bool
	Total, Available     int64
	SwapTotal, SwapFree  int64
	Dirty, Cached, Shmem int64
}

// Paging is what moved between memory and disks, counted.
type Paging struct {
	Known           bool
	MajorFaults     uint64
	SwapIn, SwapOut uint64 // pages
	OOMKills        uint64
}

// Load holds the load averages.
type Load struct {
	Known              bool
	One, Five, Fifteen float64
}

// Disk is a whole device's work, counted.
type Disk struct {
	Name                    string
	Reads, Writes           uint64
	ReadBytes, WrittenBytes uint64
	Busy                    time.Duration // the time in which it had something to do
	Waited                  time.Duration // by all requests together
}

// Network is an interface's traffic, counted. The loopback interface is never there, nor is what stands on other
// interfaces, such as a bridge, where the machine has real ones.
type Network struct {
	Name                                       string
	InBytes, OutBytes                          uint64
	InErrors, OutErrors, InDropped, OutDropped uint64
	BitsPerSec                                 int64 // speed of the link, 0 where it is not told
}

// TCP counts what happened to TCP in one network namespace.
type TCP struct {
	Known                        bool
	OutSegments, Retransmitted   uint64
	ListenOverflows, ListenDrops uint64 // connections that a full accept queue, or anything, kept out
	Timeouts                     uint64
}

// Sockets counts sockets, at one instant.
type Sockets struct {
	Known                       bool
	TCPInUse, Orphans, TimeWait int
}

// Pressure is the time in which some, or all, tasks waited for a resource, counted.
type Pressure struct {
	Known      bool
	Some, Full time.Duration
}

// Space is that of a file system, in bytes.
type Space struct {
	Total, Free int64 // Free is what ordinary users may still write
}
