package proc_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"
	gopsprocess "github.com/shirou/gopsutil/v4/process"

	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
)

// between tells whether a counter that was read in the middle lies between two others.
func between[T int64 | uint64 | float64](t *testing.T, what string, before, got, after T) {
	t.Helper()
	if got < before || got > after {
		t.Errorf("%s: %v, gopsutil says %v before and %v after", what, got, before, after)
	}
}

// What is read of this machine is what gopsutil reads of it.
func TestMachineAgainstGopsutil(t *testing.T) {
	r := proc.NewReader("/")
	defer r.Close()
	var m proc.Machine
	before := gopsutil(t)
	r.Machine(&m)
	after := gopsutil(t)
	if !m.CPU.Known || !m.Memory.Known || !m.Paging.Known || !m.Load.Known || !m.TCP.Known {
		t.Fatalf("%+v", m)
	}
	between(t, "user time", before.cpu.User-0.001, m.CPU.Total.User.Seconds(), after.cpu.User+0.001)
	between(t, "system time", before.cpu.System-0.001, m.CPU.Total.System.Seconds(), after.cpu.System+0.001)
	between(t, "idle time", before.cpu.Idle-0.001, m.CPU.Total.Idle.Seconds(), after.cpu.Idle+0.001)
	between(t, "stolen time", before.cpu.Steal-0.001, m.CPU.Total.Steal.Seconds(), after.cpu.Steal+0.001)
	if len(m.CPU.Cores) != before.cores || m.Memory.Total != int64(before.memory.Total) {
		t.Errorf("%d cores and %d bytes; gopsutil says %d and %d", len(m.CPU.Cores), m.Memory.Total, before.cores, before.memory.Total)
	}
	for _, d := range m.Disks {
		between(t, "bytes written to "+d.Name, before.disks[d.Name].WriteBytes, d.WrittenBytes, after.disks[d.Name].WriteBytes)
		between(t, "reads of "+d.Name, before.disks[d.Name].ReadCount, d.Reads, after.disks[d.Name].ReadCount)
		between(t, "busy time of "+d.Name, before.disks[d.Name].IoTime, uint64(d.Busy.Milliseconds()), after.disks[d.Name].IoTime)
	}
	for _, n := range m.Networks {
		if n.Name == "lo" {
			t.Error("the loopback interface counts")
		}
		between(t, "bytes that came by "+n.Name, before.networks[n.Name].BytesRecv, n.InBytes, after.networks[n.Name].BytesRecv)
		between(t, "bytes that went by "+n.Name, before.networks[n.Name].BytesSent, n.OutBytes, after.networks[n.Name].BytesSent)
	}
}

// told is what gopsutil says.
type told struct {
	cpu      cpu.TimesStat
	cores    int
	memory   *mem.VirtualMemoryStat
	disks    map[string]disk.IOCountersStat
	networks map[string]net.IOCountersStat
}

func gopsutil(t *testing.T) (g told) {
	t.Helper()
	total, err1 := cpu.Times(false)
	cores, err2 := cpu.Times(true)
	memory, err3 := mem.VirtualMemory()
	disks, err4 := disk.IOCounters()
	networks, err5 := net.IOCounters(true)
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			t.Fatal(err)
		}
	}
	g = told{cpu: total[0], cores: len(cores), memory: memory, disks: disks, networks: map[string]net.IOCountersStat{}}
	for _, n := range networks {
		g.networks[n.Name] = n
	}
	return g
}

// What is read of a process is what gopsutil reads of it, and what /usr/bin/time says of it at its end.
func TestProcessAgainstOthers(t *testing.T) {
	timed := filepath.Join(t.TempDir(), "time")
	c := exec.Command("/usr/bin/time", "-o", timed, "-f", "%U %S %M", os.Args[0])
	c.Env = append(os.Environ(), "PROC_TEST_ROLE=worker")
	if _, err := os.Stat(c.Path); err != nil {
		t.Skipf("%v", err)
	}
	w := run(t, c)
	pid := number(t, w.line(t, "pid"))
	tree := follow(t, pid)
	w.line(t, "memory 134217728")
	w.line(t, "burn 400ms")
	p, err := gopsprocess.NewProcess(int32(pid))
	if err != nil {
		t.Fatal(err)
	}
	s := search(tree)
	times, err := p.Times()
	if err != nil {
		t.Fatal(err)
	}
	if difference := s.CPU().Seconds() - times.User - times.System; difference < -0.03 || difference > 0.01 {
		t.Errorf("%v of CPU time, gopsutil says %v", s.CPU(), times)
	}
	if files, err := p.NumFDs(); err != nil || int(files) != s.Files.Open {
		t.Errorf("%d open files, gopsutil says %d, %v", s.Files.Open, files, err)
	}
	if cores, err := p.CPUAffinity(); err == nil && len(cores) != s.CPUs {
		t.Errorf("%d cores, gopsutil says %d", s.CPUs, len(cores))
	}
	_ = w.in.Close()
	_ = w.Wait() // its status does not matter
	text, err := os.ReadFile(timed)
	if err != nil {
		t.Fatal(err)
	}
	var said [3]float64
	for i, field := range strings.Fields(string(text)) {
		if said[i], err = strconv.ParseFloat(field, 64); err != nil {
			t.Fatal(err)
		}
	}
	if used := said[0] + said[1]; s.CPU().Seconds() < used*0.8-0.03 || s.CPU().Seconds() > used+0.03 {
		t.Errorf("%v of CPU time, time says %v", s.CPU(), used)
	}
	// The kernel keeps the peak from a counter that is exact to some pages for each core only.
	if most := int64(said[2]) << 10; s.RSSBytes < most*8/10 || s.RSSBytes > most*105/100 {
		t.Errorf("%d bytes, time says %d", s.RSSBytes, most)
	}
}

// The parts that no other reader here tells, from recorded files.
func TestRecordedMachine(t *testing.T) {
	m := record(t)
	m.write("proc/stat", "cpu  100 20 300 4000 50 6 70 8 0 0\ncpu0 50 10 150 2000 25 3 35 4 0 0\ncpu1 50 10 150 2000 25 3 35 4 0 0\nintr 1 2\nctxt 5\nprocs_running 3\nprocs_blocked 2\n")
	m.write("proc/meminfo", "MemTotal:        1000 kB\nMemFree:          1 kB\nMemAvailable:     400 kB\nSwapTotal: 8 kB\nSwapFree: 4 kB\nDirty: 2 kB\n")
	m.write("proc/vmstat", "pswpin 5\npswpout 6\npgfault 9\npgmajfault 7\noom_kill 1\n")
	m.write("proc/diskstats", strings.Join([]string{
		"   7       0 loop0 1 0 2 0 0 0 0 0 0 0 0", " 254       0 vda 10 0 20 0 30 0 40 0 1 50 60 0 0 0 0 0 0", " 254       1 vda1 10 0 20 0 30 0 40 0 1 50 60 0 0 0 0 0 0",
		" 252       0 dm-0 10 0 20 0 30 0 40 0 1 50 60 0 0 0 0 0 0", " 259       0 nvme0n1 1 0 2 0 3 0 4 0 0 5 6 0 0 0 0 0 0", "damaged",
	}, "\n"))
	for _, name := range []string{"loop0", "vda", "dm-0", "nvme0n1"} {
		m.write("sys/block/"+name+"/size", "1\n")
	}
	m.write("proc/net/dev", "Inter-|   Receive\n face |bytes\n    lo: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n  eth0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\ndocker0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n")
	m.write("sys/class/net/eth0/device/vendor", "0x1af4\n")
	m.write("sys/class/net/eth0/speed", "10000\n")
	m.write("sys/class/net/docker0/speed", "-1\n")
	m.write("proc/net/snmp", "Ip: Forwarding\nIp: 1\nTcp: RtoAlgorithm OutSegs RetransSegs InErrs\nTcp: 1 1000 20 0\n")
	m.write("proc/net/netstat", "TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPTimeouts\nTcpExt: 0 402 403 5\nIpExt: InNoRoutes\nIpExt: 0\n")
	m.write("proc/net/sockstat", "sockets: used 300\nTCP: inuse 27 orphan 1 tw 14 alloc 35 mem 9\nUDP: inuse 1 mem 0\n")
	m.write("proc/pressure/cpu", "some avg10=99.02 avg60=96.52 avg300=61.08 total=27026900973\n")
	m.write("proc/pressure/io", "some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n")
	m.write("proc/pressure/memory", "nonsense\n")
	var got proc.Machine
	r := proc.NewReader(m.root)
	defer r.Close()
	for range 2 { // the second time into the same value
		r.Machine(&got)
	}
	if c := got.CPU; c.Total.Steal != 80*time.Millisecond || c.Total.IOWait != 500*time.Millisecond || c.Total.Busy() != 4960*time.Millisecond ||
		c.Total.All() != 45540*time.Millisecond || len(c.Cores) != 2 || c.Runnable != 3 || c.Blocked != 2 {
		t.Errorf("%+v", c)
	}
	if got.Memory != (proc.Memory{Known: true, Total: 1000 << 10, Available: 400 << 10, SwapTotal: 8 << 10, SwapFree: 4 << 10, Dirty: 2 << 10}) {
		t.Errorf("%+v", got.Memory)
	}
	if got.Paging != (proc.Paging{Known: true, MajorFaults: 7, SwapIn: 5, SwapOut: 6, OOMKills: 1}) || got.Load != (proc.Load{Known: true, One: 0.5, Five: 0.25, Fifteen: 0.1}) {
		t.Errorf("%+v %+v", got.Paging, got.Load)
	}
	vda := proc.Disk{Name: "vda", Reads: 10, ReadBytes: 20 * 512, Writes: 30, WrittenBytes: 40 * 512, Busy: 50 * time.Millisecond, Waited: 60 * time.Millisecond}
	nvme := proc.Disk{Name: "nvme0n1", Reads: 1, ReadBytes: 2 * 512, Writes: 3, WrittenBytes: 4 * 512, Busy: 5 * time.Millisecond, Waited: 6 * time.Millisecond}
	if !slices.Equal(got.Disks, []proc.Disk{vda, nvme}) {
		t.Errorf("%+v", got.Disks)
	}
	eth0 := proc.Network{Name: "eth0", InBytes: 1, InErrors: 3, InDropped: 4, OutBytes: 9, OutErrors: 11, OutDropped: 12, BitsPerSec: 10_000_000_000}
	if !slices.Equal(got.Networks, []proc.Network{eth0}) {
		t.Errorf("%+v", got.Networks)
	}
	if got.TCP != (proc.TCP{Known: true, OutSegments: 1000, Retransmitted: 20, ListenOverflows: 402, ListenDrops: 403, Timeouts: 5}) ||
		got.Sockets != (proc.Sockets{Known: true, TCPInUse: 27, Orphans: 1, TimeWait: 14}) {
		t.Errorf("%+v %+v", got.TCP, got.Sockets)
	}
	if got.CPUPressure != (proc.Pressure{Known: true, Some: 27026900973 * time.Microsecond}) ||
		got.IOPressure != (proc.Pressure{Known: true, Some: 2 * time.Second, Full: time.Second}) || got.MemoryPressure.Known {
		t.Errorf("%+v %+v %+v", got.CPUPressure, got.IOPressure, got.MemoryPressure)
	}
	if len(got.Absent) != 1 || got.Absent[0] != (proc.Absent{Source: "pressure", Why: "/proc/pressure/memory has another form"}) {
		t.Errorf("%+v", got.Absent)
	}
	m.remove("proc/pressure")
	m.write("proc/stat", "nothing\n")
	r.Machine(&got)
	if got.CPU.Known || got.CPUPressure.Known || !names(got.Absent, "stat") || !names(got.Absent, "pressure") {
		t.Errorf("%+v", got)
	}
}

func TestDiskSpace(t *testing.T) {
	r := proc.NewReader("/")
	defer r.Close()
	s, err := r.DiskSpace(t.TempDir())
	if err != nil || s.Total <= 0 || s.Free <= 0 || s.Free > s.Total {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := r.DiskSpace("/none/of/this"); err == nil {
		t.Error("no error")
	}
}
