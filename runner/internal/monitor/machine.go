package monitor

import (
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// AddMachine adds this machine. The space is that of the file system of a directory.
func (s *Sampler) AddMachine(dir string) {
	s.add(result.OfMachine, &machine{reader: proc.NewReader("/"), dir: dir})
}

// machine reads this machine.
type machine struct {
	reader *proc.Reader
	dir    string
	now    *proc.Machine
	before *proc.Machine
	at     time.Time
}

func (m *machine) Close() { m.reader.Close() }

func (m *machine) take(now time.Time, r *Reading) {
	m.now, m.before = m.before, m.now
	if m.now == nil {
		m.now = &proc.Machine{}
	}
	m.reader.Machine(m.now)
	since := 0.0
	if m.before != nil {
		since = now.Sub(m.at).Seconds()
	}
	m.at = now
	for _, a := range m.now.Absent {
		r.miss(a.Source, a.Why)
	}
	m.readSpace(r)
	m.readState(r)
	if since > 0 {
		m.readCPU(r)
		m.readDisks(since, r)
		m.readNetworks(since, r)
		m.readCounters(since, r)
	}
}

func (m *machine) readSpace(r *Reading) {
	space, err := m.reader.DiskSpace(m.dir)
	if err != nil {
		r.miss("disk space", err.Error())
		return
	}
	r.gauge(of(result.DiskFree), float64(space.Free))
}

func of(figure string, parts ...string) string {
	return result.Reading(result.OfMachine, figure, parts...)
}

// readState adds what holds at this instant.
func (m *machine) readState(r *Reading) {
	if m.now.Memory.Known {
		r.gauge(of(result.MemoryTotal), float64(m.now.Memory.Total))
		r.gauge(of(result.MemoryUsed), float64(m.now.Memory.Total-m.now.Memory.Available))
	}
	if m.now.Load.Known {
		r.gauge(of(result.LoadAverage), m.now.Load.One)
	}
	if m.now.CPU.Known {
		if n := len(m.now.CPU.Cores); n > 0 {
			r.gauge(of(result.CPUCapacity), float64(n))
		}
		if m.now.CPU.Runnable > 0 { // this thread runs, so that 0 means that it is not told
			r.gauge(of(result.Runnable), float64(m.now.CPU.Runnable))
		}
	}
}

// readCPU adds the shares of all cores' time.
func (m *machine) readCPU(r *Reading) {
	if !m.now.CPU.Known || !m.before.CPU.Known {
		return
	}
	now, before := m.now.CPU.Total, m.before.CPU.Total
	all := (now.All() - before.All()).Seconds()
	busy := (now.Busy() - before.Busy()).Seconds()
	r.counted(of(result.CPUShare), busy, all)
	r.counted(of(result.StolenShare), (now.Steal - before.Steal).Seconds(), all)
	r.counted(of(result.IOWaitShare), max(0, (now.IOWait-before.IOWait).Seconds()), all) // it may fall: proc_stat(5)
	if n := len(m.now.CPU.Cores); n > 0 {
		r.counted(of(result.CPUCores), busy, all/float64(n))
	}
}

// readDisks adds each disk's busy time, that of the busiest, and the bytes of all.
func (m *machine) readDisks(since float64, r *Reading) {
	var in, out, most float64
	var busiest string
	seen := 0
	for _, now := range m.now.Disks {
		for _, before := range m.before.Disks {
			if before.Name != now.Name {
				continue
			}
			seen++
			busy := min((now.Busy - before.Busy).Seconds(), since)
			r.counted(of(result.DiskBusy, plainPart(now.Name)), busy, since)
			if busiest == "" || busy > most {
				busiest, most = now.Name, busy
			}
			in += float64(now.ReadBytes) - float64(before.ReadBytes)
			out += float64(now.WrittenBytes) - float64(before.WrittenBytes)
		}
	}
	if seen == 0 {
		return
	}
	r.counted(of(result.DiskBusy), most, since)
	r.fact(of(result.DiskBusy), busiest)
	r.counted(of(result.ReadBytes), in, since)
	r.counted(of(result.WrittenBytes), out, since)
}

// plainPart is a device's name as a part of a reading's name.
func plainPart(name string) string { return strings.ReplaceAll(name, ".", "-") }

// readNetworks adds the bytes of all interfaces, and the share of its link's speed of the one that is nearest to it.
func (m *machine) readNetworks(since float64, r *Reading) {
	var in, out, share float64
	var nearest string
	seen := 0
	for _, now := range m.now.Networks {
		for _, before := range m.before.Networks {
			if before.Name != now.Name || now.InBytes < before.InBytes || now.OutBytes < before.OutBytes {
				continue
			}
			seen++
			came, left := float64(now.InBytes-before.InBytes), float64(now.OutBytes-before.OutBytes)
			in, out = in+came, out+left
			if now.BitsPerSec > 0 { // each direction has the whole speed
				if used := 8 * max(came, left) / (float64(now.BitsPerSec) * since); nearest == "" || used > share {
					nearest, share = now.Name, used
				}
			}
		}
	}
	if seen > 0 {
		r.counted(of(result.NetIn), in, since)
		r.counted(of(result.NetOut), out, since)
	}
	if nearest != "" {
		r.counted(of(result.NetLinkShare), min(share, 1)*since, since)
		r.fact(of(result.NetLinkShare), nearest)
	}
}

// readCounters adds paging, TCP and pressure.
func (m *machine) readCounters(since float64, r *Reading) {
	if now, before := m.now.Paging, m.before.Paging; now.Known && before.Known {
		r.counted(of(result.MajorFaults), float64(now.MajorFaults)-float64(before.MajorFaults), since)
		r.counted(of(result.SwapIn), float64(now.SwapIn)-float64(before.SwapIn), since)
		r.counted(of(result.SwapOut), float64(now.SwapOut)-float64(before.SwapOut), since)
		r.counted(of(result.OOMKills), float64(now.OOMKills)-float64(before.OOMKills), since)
	}
	countTCP(result.OfMachine, m.now.TCP, m.before.TCP, since, r)
	for _, w := range []struct {
		figure      string
		now, before proc.Pressure
	}{
		{result.PressureCPU, m.now.CPUPressure, m.before.CPUPressure}, {result.PressureIO, m.now.IOPressure, m.before.IOPressure},
		{result.PressureMemory, m.now.MemoryPressure, m.before.MemoryPressure},
	} {
		if w.now.Known && w.before.Known {
			r.counted(of(w.figure), min((w.now.Some-w.before.Some).Seconds(), since), since)
		}
	}
}
