package result

// Subjects of readings that this program names itself. Others are named by the profile: the entries of
// monitor.also, the exporters of monitor.prometheus.
const (
	OfSystem    = "system"    // the system under test: all its processes
	OfMachine   = "machine"   // the machine on which this program runs
	OfGenerator = "generator" // this program
	OfGPU       = "gpu"       // followed by its index: gpu.0
)

// Figures of readings. The unit is part of the name. A share lies between 0 and 1. A figure that counts is written
// as its rate for each second, and ends in _per_sec.
const (
	// Of processes.
	CPUCores        = "cpu_cores"        // cores in use, user and system time
	CPUCapacity     = "cpu_capacity"     // cores that may be used: the lesser of affinity and quota
	CPUShare        = "cpu_share"        // CPUCores of CPUCapacity
	RunDelayCores   = "run_delay_cores"  // seconds that runnable threads waited for a core, for each second
	BusiestThread   = "busiest_thread"   // the share of one core that the busiest thread used; a fact names it
	BlockedThreads  = "blocked_threads"  // in uninterruptible sleep (D)
	Processes       = "processes"        // alive
	Threads         = "threads"          //
	RSSBytes        = "rss_bytes"        // resident memory, shared memory included
	OpenFiles       = "open_files"       // file descriptors
	OpenFilesShare  = "open_files_share" // of the limit, of the process that is nearest to its own
	MinorFaults     = "minor_faults_per_sec"
	MajorFaults     = "major_faults_per_sec"
	ReadBytes       = "read_bytes_per_sec"    // from disks
	WrittenBytes    = "written_bytes_per_sec" // to disks
	Restarts        = "restarts"              // starts of the main process after the first
	Connections     = "connections"           // established; followed by the remote address: connections.127.0.0.1:5432
	AcceptQueue     = "accept_queue"          // connections that wait to be accepted; followed by the port
	AcceptQueueFull = "accept_queue_share"    // of the backlog; followed by the port

	// Of a cgroup.
	ThrottledShare = "throttled_share" // of the periods of the CPU quota
	QuotaShared    = "quota_shared"    // 1 if the quota holds this program back too, 0 if not
	QuotaCores     = "quota_cores"
	MemoryLimit    = "memory_limit_bytes"
	MemoryBytes    = "memory_bytes" // page cache included
	MemoryAtLimit  = "memory_at_limit_per_sec"
	OOMKills       = "oom_kills_per_sec"

	// Of machines and cgroups: the share of time in which some task waited for the resource.
	PressureCPU    = "pressure_cpu_share"
	PressureIO     = "pressure_io_share"
	PressureMemory = "pressure_memory_share"

	// Of machines.
	StolenShare        = "cpu_stolen_share" // by the hypervisor
	IOWaitShare        = "cpu_iowait_share"
	LoadAverage        = "load_average"
	Runnable           = "runnable"
	MemoryUsed         = "memory_used_bytes"  // all but what is available
	MemoryTotal        = "memory_total_bytes" //
	SwapIn             = "swap_in_per_sec"    // pages
	SwapOut            = "swap_out_per_sec"   // pages
	DiskBusy           = "disk_busy_share"    // followed by the device: disk_busy_share.vda; without a device, of the busiest
	DiskFree           = "disk_free_bytes"    // of the file system of the working directory
	NetIn              = "net_in_bytes_per_sec"
	NetOut             = "net_out_bytes_per_sec"
	NetLinkShare       = "net_link_share" // of the speed of the link that is nearest to it
	ListenOverflows    = "listen_overflows_per_sec"
	RetransmittedShare = "retransmitted_share" // of TCP segments

	// Of the generator, in each round.
	Users       = "users"         // at work by the plan, on average. Only in the closed model
	TasksPerSec = "tasks_per_sec" // due by the plan, on average. Only in the open model

	// Of GPUs.
	GPUBusy        = "busy_share" // of the time in which some kernel ran
	GPUMemoryUsed  = "memory_used_bytes"
	GPUMemoryTotal = "memory_total_bytes"
	GPUPower       = "power_watts"
	GPUTemperature = "temperature_celsius"

	// Of runtimes and exporters.
	GCCPUShare     = "gc_cpu_share"
	GCPauseShare   = "gc_pause_share"
	LiveHeapBytes  = "live_heap_bytes" // after a collection
	Goroutines     = "goroutines"
	EventLoopLag   = "event_loop_lag_seconds"
	PoolInUse      = "pool_in_use" // followed by the pool's name, if it has one
	PoolMax        = "pool_max"
	PoolPending    = "pool_pending"
	PoolWait       = "pool_wait_seconds_per_sec"
	Deadlocks      = "deadlocks_per_sec"
	ReadHitShare   = "read_hit_share" // of a database's blocks
	TempBytes      = "temp_bytes_per_sec"
	RunningQueries = "running_queries" // of a database, at this instant
	// Waiting counts goroutines of a Go service that wait at one place of its code, which follows:
	// system.waiting.lab/server.go:60. A fact of the same name says what they wait in.
	Waiting = "waiting"
)

// Reading is the name of a figure of a subject, such as system.rss_bytes. Further parts name what is counted, such as a
// device or a remote address.
func Reading(subject, figure string, of ...string) string {
	name := subject + "." + figure
	for _, part := range of {
		name += "." + part
	}
	return name
}
