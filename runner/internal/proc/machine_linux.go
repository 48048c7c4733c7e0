package proc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Machine reads the machine. The slices of a Machine that is passed in again are used again.
func (r *Reader) Machine(m *Machine) {
	*m = Machine{CPU: CPU{Cores: m.CPU.Cores[:0]}, Disks: m.Disks[:0], Networks: m.Networks[:0], Absent: m.Absent[:0]}
	r.part(m, "stat", "stat", m.readCPU)
	r.part(m, "meminfo", "meminfo", m.readMemory)
	r.part(m, "vmstat", "vmstat", m.readPaging)
	r.part(m, "loadavg", "loadavg", m.readLoad)
	r.part(m, "diskstats", "diskstats", func(text []byte) bool { return r.readDisks(m, text) })
	r.part(m, "net/dev", "net/dev", func(text []byte) bool { return r.readNetworks(m, text) })
	r.part(m, "net/snmp", "net/snmp", m.TCP.readSegments)
	known := m.TCP.Known
	r.part(m, "net/netstat", "net/netstat", m.TCP.readListening)
	m.TCP.Known = m.TCP.Known && known
	r.part(m, "net/sockstat", "net/sockstat", m.Sockets.read)
	r.part(m, "pressure", "pressure/cpu", m.CPUPressure.read)
	if m.CPUPressure.Known { // one sentence is enough
		r.part(m, "pressure", "pressure/io", m.IOPressure.read)
		r.part(m, "pressure", "pressure/memory", m.MemoryPressure.read)
	}
}

// part reads one file, and says why if there is none.
func (r *Reader) part(m *Machine, source, name string, parse func([]byte) bool) {
	text, err := r.general(name)
	switch {
	case err != nil:
		m.Absent = append(m.Absent, Absent{source, why(source, err)})
	case !parse(text):
		m.Absent = append(m.Absent, Absent{source, fmt.Sprintf("/proc/%s has another form", name)})
	}
}

// why says in half a sentence why a file could not be read.
func why(source string, err error) string {
	switch {
	case source == "pressure" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.EOPNOTSUPP)):
		return "this kernel does not have it, or has it switched off (psi=0)"
	case errors.Is(err, fs.ErrNotExist):
		return "this kernel does not have it"
	case denied(err):
		return "this user may not read it"
	default:
		return err.Error()
	}
}

func ticks(text []byte) time.Duration { return time.Duration(number(text)) * tick }

func (m *Machine) readCPU(text []byte) bool {
	for len(text) > 0 {
		var line []byte
		line, text = cutLine(text)
		name, rest := word(line)
		switch {
		case string(name) == "cpu":
			m.CPU.Total, m.CPU.Known = coreTimes(rest), true
		case bytes.HasPrefix(name, []byte("cpu")):
			m.CPU.Cores = append(m.CPU.Cores, coreTimes(rest))
		case string(name) == "procs_running":
			first, _ := word(rest)
			m.CPU.Runnable = int(number(first))
		case string(name) == "procs_blocked":
			first, _ := word(rest)
			m.CPU.Blocked = int(number(first))
		}
	}
	return m.CPU.Known
}

func coreTimes(line []byte) (c CoreTimes) {
	for _, to := range [...]*time.Duration{&c.User, &c.Nice, &c.System, &c.Idle, &c.IOWait, &c.IRQ, &c.SoftIRQ, &c.Steal} {
		var next []byte
		next, line = word(line)
		*to = ticks(next)
	}
	return c
}

func (m *Machine) readMemory(text []byte) bool {
	for _, f := range [...]struct {
		name string
		to   *int64
	}{
		{"MemTotal:", &m.Memory.Total}, {"MemAvailable:", &m.Memory.Available}, {"SwapTotal:", &m.Memory.SwapTotal},
		{"SwapFree:", &m.Memory.SwapFree}, {"Dirty:", &m.Memory.Dirty}, {"Cached:", &m.Memory.Cached}, {"Shmem:", &m.Memory.Shmem},
	} {
		kib, ok := field(text, f.name)
		if !ok && (f.to == &m.Memory.Total || f.to == &m.Memory.Available) {
			return false
		}
		*f.to = int64(kib) << 10
	}
	m.Memory.Known = true
	return true
}

func (m *Machine) readPaging(text []byte) bool {
	faults, ok := field(text, "pgmajfault ")
	in, _ := field(text, "pswpin ")
	out, _ := field(text, "pswpout ")
	kills, _ := field(text, "oom_kill ")
	m.Paging = Paging{Known: ok, MajorFaults: faults, SwapIn: in, SwapOut: out, OOMKills: kills}
	return ok
}

func (m *Machine) readLoad(text []byte) bool {
	for _, to := range [...]*float64{&m.Load.One, &m.Load.Five, &m.Load.Fifteen} {
		var next []byte
		next, text = word(text)
		value, err := strconv.ParseFloat(string(next), 64)
		if err != nil {
			m.Load = Load{}
			return false
		}
		*to = value
	}
	m.Load.Known = true
	return true
}

// read reads lines such as: some avg10=0.00 avg60=0.00 avg300=0.00 total=27026900973. The total is in microseconds. Older
// kernels have no line "full" for CPU.
func (p *Pressure) read(text []byte) bool {
	some, ok := total(text, "some ")
	full, _ := total(text, "full ")
	*p = Pressure{Known: ok, Some: some, Full: full}
	return ok
}

func total(text []byte, name string) (time.Duration, bool) {
	line, ok := after(text, name)
	if !ok {
		return 0, false
	}
	_, value, ok := bytes.Cut(line, []byte("total="))
	first, _ := word(value)
	return time.Duration(number(first)) * time.Microsecond, ok
}
