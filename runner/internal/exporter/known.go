package exporter

import (
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// speakers are names by which an exporter is known that speaks of others. What its page says of a process is about the
// exporter itself, so it is left out.
var speakers = []string{
	"node_cpu_seconds_total", "namedprocess_namegroup_num_procs", "container_cpu_usage_seconds_total", "pg_up", "DCGM_FI_DEV_GPU_UTIL",
}

// known lists the beginnings of the names that the functions of this file ask for. A page's other series are not kept.
var known = []string{
	"node_", "namedprocess_namegroup_", "container_", "pg_", "DCGM_FI_", "process_", "go_", "python_gc_", "jvm_",
	"hikaricp_connections", "jdbc_connections_", "tomcat_threads_", "nodejs_",
}

// figures puts all figures that the page tells.
func (v *view) figures() {
	v.node()
	v.groups()
	v.containers()
	v.postgres()
	v.pools()
	if !v.speaksOfOthers() {
		v.process()
		v.collections()
	}
}

func (v *view) speaksOfOthers() bool { return slices.ContainsFunc(speakers, v.has) }

// node reads a machine: node_exporter 1.5.0.
func (v *view) node() {
	const cpu, memory, vm = "node_cpu_seconds_total", "node_memory_", "node_vmstat_"
	none := v.rate(cpu).times(0)
	all, idle := v.rate(cpu), v.rate(cpu, is("mode", "idle"))
	waits, stolen := v.rate(cpu, is("mode", "iowait")).or(none), v.rate(cpu, is("mode", "steal")).or(none)
	busy := all.minus(idle).minus(waits).minus(stolen)
	v.count(busy, result.CPUCores)
	v.count(busy.share(all), result.CPUShare)
	v.count(waits.share(all), result.IOWaitShare)
	v.count(stolen.share(all), result.StolenShare)
	if v.has(cpu) {
		v.put(float64(len(v.distinct(cpu, "cpu"))), result.CPUCapacity)
	}
	v.put(v.gauge("node_load1"), result.LoadAverage)
	v.put(v.gauge("node_procs_running"), result.Runnable)
	v.put(v.gauge(memory+"MemTotal_bytes"), result.MemoryTotal)
	v.put(v.gauge(memory+"MemTotal_bytes")-v.gauge(memory+"MemAvailable_bytes"), result.MemoryUsed)
	v.count(v.rate(vm+"pgmajfault"), result.MajorFaults)
	v.count(v.rate(vm+"pswpin"), result.SwapIn)
	v.count(v.rate(vm+"pswpout"), result.SwapOut)
	v.count(v.rate(vm+"oom_kill"), result.OOMKills)
	v.count(v.rate("node_pressure_cpu_waiting_seconds_total").upTo1(), result.PressureCPU)
	v.count(v.rate("node_pressure_io_waiting_seconds_total").upTo1(), result.PressureIO)
	v.count(v.rate("node_pressure_memory_waiting_seconds_total").upTo1(), result.PressureMemory)
	v.disks()
	v.networks()
}

// disks reads the disks of node_exporter. What stands on other devices would count twice.
func (v *view) disks() {
	whole := without("device", "loop", "ram", "zram", "dm-", "md", "sr", "fd")
	busiest := unknown
	for s := range v.matching("node_disk_io_time_seconds_total", []match{whole}) {
		if !v.usable(s, true) {
			continue
		}
		busy, _ := v.rateOf(s)
		busy = busy.upTo1()
		v.count(busy, result.DiskBusy, s.Label("device"))
		if busy.known() && !(busy.value() <= busiest.value()) {
			busiest = busy
		}
	}
	v.count(busiest, result.DiskBusy)
	v.count(v.rate("node_disk_read_bytes_total", whole), result.ReadBytes)
	v.count(v.rate("node_disk_written_bytes_total", whole), result.WrittenBytes)
}

// networks reads the network of node_exporter. Devices that only pass on what others receive are left out.
func (v *view) networks() {
	outside := without("device", "lo", "veth", "docker", "br-", "virbr", "cni", "ifb", "tun", "tap", "dummy")
	v.count(v.rate("node_network_receive_bytes_total", outside), result.NetIn)
	v.count(v.rate("node_network_transmit_bytes_total", outside), result.NetOut)
	v.count(v.rate("node_netstat_TcpExt_ListenOverflows"), result.ListenOverflows)
	v.count(v.rate("node_netstat_Tcp_RetransSegs").share(v.rate("node_netstat_Tcp_OutSegs")), result.RetransmittedShare)
}

// without matches series whose label begins with none of the prefixes.
func without(label string, prefixes ...string) match {
	return func(s *Series) bool {
		value := s.Label(label)
		for _, prefix := range prefixes {
			if strings.HasPrefix(value, prefix) {
				return false
			}
		}
		return true
	}
}

// groups reads groups of processes: process-exporter 0.7.10.
func (v *view) groups() {
	const of, label = "namedprocess_namegroup_", "groupname"
	for _, group := range v.values(of+"num_procs", label) {
		mine := is(label, group)
		v.count(v.rate(of+"cpu_seconds_total", mine), result.CPUCores, group)
		v.put(v.gauge(of+"memory_bytes", mine, is("memtype", "resident")), result.RSSBytes, group)
		v.put(v.gauge(of+"num_procs", mine), result.Processes, group)
		v.put(v.gauge(of+"num_threads", mine), result.Threads, group)
		v.put(v.gauge(of+"open_filedesc", mine), result.OpenFiles, group)
		v.put(v.gauge(of+"worst_fd_ratio", mine), result.OpenFilesShare, group)
		v.put(v.gauge(of+"states", mine, is("state", "Waiting")), result.BlockedThreads, group)
		v.count(v.rate(of+"major_page_faults_total", mine), result.MajorFaults, group)
		v.count(v.rate(of+"minor_page_faults_total", mine), result.MinorFaults, group)
		v.count(v.rate(of+"read_bytes_total", mine), result.ReadBytes, group)
		v.count(v.rate(of+"write_bytes_total", mine), result.WrittenBytes, group)
	}
}

// containers reads containers: cAdvisor. The page gives a time with each series, so that a rate is that of the seconds
// between two counts of cAdvisor, however often it is asked.
func (v *view) containers() {
	const of = "container_"
	label := "name" // Kubernetes' own has container
	if len(v.values(of+"cpu_usage_seconds_total", label)) == 0 {
		label = "container"
	}
	for _, name := range v.values(of+"cpu_usage_seconds_total", label) {
		mine := is(label, name)
		periods := v.rate(of+"cpu_cfs_periods_total", mine)
		quota := v.limit(of+"spec_cpu_quota", mine) / v.gauge(of+"spec_cpu_period", mine)
		v.count(v.rate(of+"cpu_usage_seconds_total", mine), result.CPUCores, name)
		v.put(quota, result.QuotaCores, name)
		v.count(v.rate(of+"cpu_cfs_throttled_periods_total", mine).share(periods), result.ThrottledShare, name)
		v.put(v.gauge(of+"memory_working_set_bytes", mine), result.MemoryBytes, name)
		v.put(v.gauge(of+"memory_rss", mine), result.RSSBytes, name)
		v.put(v.limit(of+"spec_memory_limit_bytes", mine), result.MemoryLimit, name)
		v.count(v.rate(of+"oom_events_total", mine), result.OOMKills, name)
	}
}

// postgres reads a database: postgres_exporter 0.11.1. Its connections are a pool that all its clients share.
func (v *view) postgres() {
	const database = "pg_stat_database_"
	hit, read := v.rate(database+"blks_hit"), v.rate(database+"blks_read")
	v.put(v.gauge("pg_stat_activity_count"), result.PoolInUse)
	v.put(v.gauge("pg_stat_activity_count", is("state", "active")), result.RunningQueries)
	v.put(v.gauge("pg_settings_max_connections"), result.PoolMax)
	if read.known() {
		v.count(hit.share(hit.plus(read)), result.ReadHitShare)
	}
	v.count(v.rate(database+"temp_bytes"), result.TempBytes)
	v.count(v.rate(database+"deadlocks"), result.Deadlocks)
}

// pool names what a library tells of its pools.
type pool struct{ label, inUse, most, pending, wait string }

// pools of database/sql (client_golang), and of HikariCP, JDBC and Tomcat (Micrometer).
func (v *view) pools() {
	for _, p := range []pool{
		{"db_name", "go_sql_in_use_connections", "go_sql_max_open_connections", "", "go_sql_wait_duration_seconds_total"},
		{"pool", "hikaricp_connections_active", "hikaricp_connections_max", "hikaricp_connections_pending", "hikaricp_connections_acquire_seconds_sum"},
		{"name", "jdbc_connections_active", "jdbc_connections_max", "", ""},
		{"name", "tomcat_threads_busy_threads", "tomcat_threads_config_max_threads", "", ""},
	} {
		for _, name := range v.values(p.inUse, p.label) {
			mine := is(p.label, name)
			v.put(v.gauge(p.inUse, mine), result.PoolInUse, name)
			v.put(v.limit(p.most, mine), result.PoolMax, name)
			v.put(v.gauge(p.pending, mine), result.PoolPending, name)
			v.count(v.rate(p.wait, mine), result.PoolWait, name)
		}
	}
}

// process reads the process that answers: the client libraries of Prometheus, and Micrometer.
func (v *view) process() {
	files := or(v.gauge("process_open_fds"), v.gauge("process_files_open_files"))
	most := or(v.limit("process_max_fds"), v.limit("process_files_max_files"))
	v.count(v.rate("process_cpu_seconds_total").or(v.rate("process_cpu_time_ns_total").times(1e-9)), result.CPUCores)
	v.put(v.gauge("process_resident_memory_bytes"), result.RSSBytes)
	v.put(files, result.OpenFiles)
	v.put(files/most, result.OpenFilesShare)
	threads := or(v.gauge("go_threads"), v.gauge("jvm_threads_live_threads"))
	v.put(or(threads, v.gauge("jvm_threads_current")), result.Threads)
	v.put(v.gauge("go_goroutines"), result.Goroutines)
	v.put(or(v.gauge("nodejs_eventloop_lag_p99_seconds"), v.gauge("nodejs_eventloop_lag_seconds")), result.EventLoopLag)
}

// collections reads what the garbage collector of Go, the JVM or Node takes and leaves.
func (v *view) collections() {
	const cpu = "go_cpu_classes_"
	v.count(v.rate(cpu+"gc_total_cpu_seconds_total").share(v.rate(cpu+"total_cpu_seconds_total")), result.GCCPUShare)
	pause := v.rate("go_gc_duration_seconds_sum").or(v.rate("jvm_gc_pause_seconds_sum")).or(v.rate("jvm_gc_collection_seconds_sum"))
	v.count(pause.or(v.rate("nodejs_gc_duration_seconds_sum")), result.GCPauseShare)
	live := or(v.gauge("go_gc_heap_live_bytes"), v.gauge("go_memstats_next_gc_bytes")/v.growth())
	v.put(or(live, v.gauge("jvm_gc_live_data_size_bytes")), result.LiveHeapBytes)
}

// growth is how far a Go heap grows until the next collection: to its double at GOGC=100, which a page that does not
// tell it has in all likelihood.
func (v *view) growth() float64 {
	percent := or(v.sum("go_gc_gogc_percent", false, nil), 100)
	if percent <= 0 || percent > 10_000 { // switched off
		return math.NaN()
	}
	return 1 + percent/100
}
