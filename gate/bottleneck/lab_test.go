package bottleneck_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// readings are those of a system on one core of a machine with two, idle but for what the test says.
func readings(changes map[string]float64) map[string]float64 {
	all := map[string]float64{
		"system.cpu_share": 0.05, "system.cpu_cores": 0.05, "system.cpu_capacity": 1, "system.run_delay_cores": 0.1,
		"system.busiest_thread": 0.04, "system.blocked_threads": 0, "system.throttled_share": 0, "system.major_faults_per_sec": 0,
		"machine.pressure_io_share": 0, "machine.pressure_memory_share": 0, "machine.disk_busy_share.vda": 0.02, "machine.cpu_cores": 1.2,
		"machine.cpu_stolen_share": 0, "machine.listen_overflows_per_sec": 0, "machine.retransmitted_share": 0, "generator.cpu_cores": 0.2,
		"system.accept_queue_share.8080": 0,
	}
	for name, x := range changes {
		if x < 0 { // not read
			delete(all, name)
			continue
		}
		all[name] = x
	}
	if _, told := changes["system.cpu_share"]; !told {
		all["system.cpu_share"] = all["system.cpu_cores"] / all["system.cpu_capacity"]
	}
	return all
}

// ramp is a load of 1, 2, 4 … 64 users on a system with a best throughput, a last one and response times in milliseconds.
// Throughput is that of one user times the users until it reaches the best.
func ramp(alone, best, last, firstMS, lastMS float64, read map[string]float64) []bottleneck.Step {
	var steps []bottleneck.Step
	for users := 1.0; users <= 64; users *= 2 {
		s := bottleneck.Step{Load: users, Length: 2 * time.Second, Throughput: min(best, alone*users), Response: firstMS / 1000, Readings: readings(map[string]float64{"system.run_delay_cores": 0})}
		if s.Throughput >= 0.9*best {
			s.Readings, s.Response = read, lastMS/1000
		}
		if users == 64 {
			s.Throughput = last
		}
		if users == 1 {
			s.Response, s.Readings = firstMS/1000, readings(map[string]float64{"system.run_delay_cores": 0})
		}
		steps = append(steps, s)
	}
	return steps
}

// lab has the rows of the lab that the rules were tuned on: a Go server on one core with one known fault each, loaded
// with 1 to 64 users, beside other programs. All figures are measured.
var lab = []struct {
	fault                              string
	alone, best, last, firstMS, lastMS float64
	read                               map[string]float64
	kind                               bottleneck.Kind
	grade                              bottleneck.Grade
	atATime                            float64
	what                               string
}{
	{"1 ms of CPU", 829, 926, 877, 1.2, 70, map[string]float64{"system.cpu_cores": 0.88, "system.run_delay_cores": 0.14}, bottleneck.CPU, bottleneck.Shown, 0, ""},
	{"spin under a lock", 1682, 1699, 1412, 0.6, 45, map[string]float64{"system.cpu_cores": 0.74, "system.run_delay_cores": 0.39}, bottleneck.CPU, bottleneck.Shown, 0, ""},
	{"lock held asleep", 392, 410, 383, 2.6, 161, map[string]float64{"system.cpu_cores": 0.05, "system.run_delay_cores": 0.33}, bottleneck.Waiting, bottleneck.Inferred, 1.1, ""},
	{"pool of 8", 44, 381, 369, 22.7, 167, map[string]float64{"system.cpu_cores": 0.02, "system.run_delay_cores": 0.16}, bottleneck.Waiting, bottleneck.Inferred, 8.6, ""},
	{"8 connections to a database", 49, 379, 377, 20.5, 160, map[string]float64{
		"system.cpu_cores": 0.04, "system.run_delay_cores": 0.08, "system.connections.127.0.0.1:18081": 8, "system.connections.127.0.0.1:9090": 1,
	}, bottleneck.Waiting, bottleneck.Inferred, 7.8, "127.0.0.1:18081"},
	{"waiting without a limit", 49, 2790, 2790, 20.5, 23, map[string]float64{"system.cpu_cores": 0.11, "system.run_delay_cores": 0.54}, bottleneck.None, bottleneck.Shown, 0, ""},
	{"quota of half a core", 365, 365, 348, 2.7, 180, map[string]float64{
		"system.cpu_capacity": 0.5, "system.cpu_cores": 0.36, "system.run_delay_cores": 0.96, "system.throttled_share": 0.24, "system.quota_cores": 0.5,
	}, bottleneck.CPUQuota, bottleneck.Shown, 0, ""},
	{"fsync", 217, 709, 709, 4.6, 90, map[string]float64{
		"system.cpu_cores": 0.17, "system.run_delay_cores": 5.2, "system.blocked_threads": 55, "machine.pressure_io_share": 0.49, "machine.disk_busy_share.vda": 0.97,
	}, bottleneck.Disk, bottleneck.Shown, 0, "vda"},
	{"garbage", 2616, 4924, 4693, 0.4, 14, map[string]float64{"system.cpu_cores": 0.73, "system.run_delay_cores": 0.30}, bottleneck.CPU, bottleneck.Shown, 0, ""},
	{"garbage, and the runtime tells", 2616, 4924, 4693, 0.4, 14, map[string]float64{
		"system.cpu_cores": 0.73, "system.run_delay_cores": 0.30, "system.gc_cpu_share": 0.41,
	}, bottleneck.GC, bottleneck.Shown, 0, ""},
	{"backlog of 4", 349, 376, 138, 2.9, 124, map[string]float64{
		"system.cpu_cores": 0.03, "system.run_delay_cores": 0.23, "machine.listen_overflows_per_sec": 33, "system.accept_queue_share.8080": 1, "machine.retransmitted_share": 0.02,
	}, bottleneck.AcceptQueue, bottleneck.Shown, 0, "8080"},
}

func TestLab(t *testing.T) {
	for _, c := range lab {
		f := bottleneck.FindIn(ramp(c.alone, c.best, c.last, c.firstMS, c.lastMS, readings(c.read)), nil)
		if f.Kind != c.kind || f.Grade != c.grade || f.What != c.what {
			t.Errorf("%s: %s (%s) %q, want %s (%s) %q: %+v", c.fault, f.Kind, f.Grade, f.What, c.kind, c.grade, c.what, f)
		}
		if got, _ := f.Number(bottleneck.AtATime); c.atATime > 0 && fmt.Sprintf("%.1f", got) != fmt.Sprintf("%.1f", c.atATime) {
			t.Errorf("%s: %.1f at a time, want %.1f", c.fault, got, c.atATime)
		}
		if len(f.Unread) > 0 {
			t.Errorf("%s: unread %v", c.fault, f.Unread)
		}
	}
}

// pool8 is the lab's pool of 8, with other readings.
func pool8(changes map[string]float64) []bottleneck.Step {
	read := readings(map[string]float64{"system.cpu_cores": 0.02, "system.run_delay_cores": 0.16})
	for name, x := range changes {
		read[name] = x
		if x < 0 {
			delete(read, name)
		}
	}
	return ramp(44, 381, 369, 22.7, 167, read)
}

// interpreter is a Python service with 1.7 ms of work on two cores, measured beside 17 other programs.
func interpreter() (steps []bottleneck.Step) {
	for _, m := range []struct{ users, throughput, ms, used, delay float64 }{
		{1, 276.6, 3.6, 0.46, 0.535}, {2, 340.8, 5.9, 0.695, 1.11}, {4, 474.3, 8.5, 0.87, 2.32}, {8, 282.2, 28.5, 0.865, 2.61},
		{16, 460.9, 34.7, 0.875, 2.77}, {32, 490.3, 65.8, 0.94, 3.25}, {64, 453.4, 257.6, 0.46, 8.04},
	} {
		steps = append(steps, bottleneck.Step{Load: m.users, Length: 2 * time.Second, Throughput: m.throughput, Response: m.ms / 1000, Readings: readings(map[string]float64{
			"system.cpu_cores": m.used, "system.cpu_capacity": 2, "system.run_delay_cores": m.delay, "machine.cpu_cores": 2})})
	}
	return steps
}

// shared is garbage on two cores, measured beside a program that uses one of them: what a single user's requests used and
// waited for, how busy the busiest thread was, and what more users used at most.
func shared(used, delay, busiest, most float64) (steps []bottleneck.Step) {
	of := func(used, delay, busiest float64) map[string]float64 {
		return readings(map[string]float64{"system.cpu_cores": used, "system.cpu_capacity": 2, "system.run_delay_cores": delay, "system.busiest_thread": busiest, "machine.cpu_cores": 1.9})
	}
	for i, m := range [][2]float64{{639.2, 1.6}, {563.8, 3.6}, {610.3, 6.6}, {623.2, 13}, {588.5, 27.5}, {621, 53.9}, {609.8, 103.3}} {
		s := bottleneck.Step{Load: float64(int(1) << i), Length: 2 * time.Second, Throughput: m[0], Response: m[1] / 1000, Readings: of(most, 1.3, 0.26)}
		if i == 0 {
			s.Readings = of(used, delay, busiest)
		}
		steps = append(steps, s)
	}
	return steps
}

// uneven lets a few requests take most of the time.
func uneven(steps []bottleneck.Step) []bottleneck.Step {
	for i := range steps {
		steps[i].Median = steps[i].Response / 12
	}
	return steps
}

// What others do on the machine, and what was not read, changes no finding to a wrong one.
func TestAdversarial(t *testing.T) {
	inferred, untold := bottleneck.Inferred, bottleneck.CouldNotTell
	for _, c := range []struct {
		what    string
		steps   []bottleneck.Step
		facts   map[string]string
		kind    bottleneck.Kind
		grade   bottleneck.Grade
		subject string
		unread  []string
	}{
		{what: "a hog has the rest of a core", steps: ramp(483, 483, 480, 2, 130, readings(map[string]float64{"system.cpu_cores": 0.48, "system.run_delay_cores": 0.5})),
			kind: bottleneck.CPU, grade: bottleneck.Shown, subject: "system"},
		{what: "the hypervisor has the rest of a core", steps: ramp(500, 500, 500, 2, 128, readings(map[string]float64{
			"system.cpu_cores": 0.45, "system.run_delay_cores": 0.55, "machine.cpu_stolen_share": 0.3})), kind: bottleneck.CPU, grade: bottleneck.Shown, subject: "system"},
		{what: "a pool, and threads that hardly get a core", steps: pool8(map[string]float64{"system.run_delay_cores": 7}), kind: bottleneck.Unknown, grade: untold, subject: "system"},
		{what: "a pool beside a hog", steps: pool8(map[string]float64{"system.run_delay_cores": 1.1}), kind: bottleneck.Waiting, grade: inferred, subject: "system"},
		{what: "somebody else writes to the disk", steps: pool8(map[string]float64{"machine.pressure_io_share": 0.8, "machine.disk_busy_share.vda": 0.99}),
			kind: bottleneck.Waiting, grade: inferred, subject: "system"},
		{what: "somebody else's queue overflows", steps: ramp(44, 381, 200, 22.7, 167, readings(map[string]float64{"machine.listen_overflows_per_sec": 500})),
			kind: bottleneck.Waiting, grade: inferred, subject: "system"},
		{what: "a queue overflows and whose is not read", steps: ramp(44, 381, 200, 22.7, 167, readings(map[string]float64{"machine.listen_overflows_per_sec": 500, "system.accept_queue_share.8080": -1})),
			kind: bottleneck.AcceptQueue, grade: inferred, subject: "system", unread: []string{"system.accept_queue_share"}},
		{what: "overflows before anything slows down", steps: pool8(map[string]float64{"machine.listen_overflows_per_sec": 500, "system.accept_queue_share.8080": 1}),
			kind: bottleneck.Waiting, grade: inferred, subject: "system"},
		{what: "CPU is not read", steps: pool8(map[string]float64{"system.cpu_share": -1, "system.cpu_cores": -1}), kind: bottleneck.Unknown, grade: untold,
			unread: []string{"system.cpu_share"}},
		{what: "no threads, no disks", steps: pool8(map[string]float64{"system.blocked_threads": -1, "machine.disk_busy_share.vda": -1}), kind: bottleneck.Unknown, grade: untold, subject: "system",
			unread: []string{"system.blocked_threads"}},
		{what: "no run delay on a machine that may be full", steps: pool8(map[string]float64{"system.run_delay_cores": -1}), kind: bottleneck.Unknown, grade: untold, subject: "system",
			unread: []string{"system.run_delay_cores"}},
		{what: "no run delay on a machine with idle cores", steps: pool8(map[string]float64{"system.run_delay_cores": -1, "machine.cpu_share": 0.6}), kind: bottleneck.Waiting, grade: inferred, subject: "system", unread: []string{"system.run_delay_cores"}},
		{what: "no pressure, busy disk", steps: pool8(map[string]float64{"machine.pressure_io_share": -1, "system.blocked_threads": 9, "machine.disk_busy_share.vda": 0.95}),
			kind: bottleneck.Disk, grade: bottleneck.Shown, subject: "system"},
		{what: "blocked threads, and neither pressure nor disks are read", steps: pool8(map[string]float64{"machine.pressure_io_share": -1, "system.blocked_threads": 9, "machine.disk_busy_share.vda": -1}),
			kind: bottleneck.Disk, grade: inferred, subject: "system", unread: []string{"machine.disk_busy_share", "machine.pressure_io_share"}},
		{what: "a quota that a busy generator shares", steps: pool8(map[string]float64{"system.throttled_share": 0.5, "system.quota_shared": 1, "system.quota_cores": 1}),
			kind: bottleneck.CPUQuota, grade: inferred, subject: "system"},
		{what: "a group of its own that does not tell its throttling", steps: pool8(map[string]float64{"system.throttled_share": -1, "system.quota_cores": 1}), kind: bottleneck.Waiting, grade: inferred, subject: "system",
			unread: []string{"system.throttled_share"}},
		{what: "GPU busy", steps: pool8(map[string]float64{"gpu.0.busy_share": 0.98, "gpu.1.busy_share": 0.4}), facts: map[string]string{"gpu.0.name": "L4", "gpu.1.name": "L4"},
			kind: bottleneck.GPU, grade: bottleneck.Shown, subject: "gpu.0"},
		{what: "GPU split by MIG", steps: pool8(nil), facts: map[string]string{"gpu.0.name": "A100"}, kind: bottleneck.Waiting, grade: inferred, subject: "system", unread: []string{"gpu.0.busy_share"}},
		{what: "GPU busy while throughput grows", steps: ramp(49, 2790, 2790, 20.5, 23, readings(map[string]float64{"gpu.0.busy_share": 1})), kind: bottleneck.None, grade: bottleneck.Shown},
		{what: "the database is out of CPU", steps: pool8(map[string]float64{"postgres.cpu_share": 0.97, "postgres.cpu_cores": 0.97, "postgres.cpu_capacity": 1, "postgres.run_delay_cores": 3}),
			kind: bottleneck.CPU, grade: bottleneck.Shown, subject: "postgres"},
		{what: "an exporter's pool is full", steps: pool8(map[string]float64{"app.pool_in_use.main": 8, "app.pool_max.main": 8, "app.pool_pending.main": 50}), kind: bottleneck.Pool, grade: bottleneck.Shown, subject: "app"},
		{what: "a pool is full and nobody waits", steps: pool8(map[string]float64{"app.pool_in_use": 8, "app.pool_max": 8, "app.pool_pending": 0}), kind: bottleneck.Waiting, grade: inferred, subject: "system"},
		{what: "goroutines wait for a lock", steps: ramp(392, 410, 383, 2.6, 161, readings(map[string]float64{"system.waiting.lab/server.go:58": 63})),
			facts: map[string]string{"system.waiting.lab/server.go:58": "sync.(*Mutex).Lock"}, kind: bottleneck.Lock, grade: bottleneck.Shown, subject: "system"},
		{what: "goroutines wait for a channel", steps: pool8(map[string]float64{"system.waiting.lab/server.go:60": 56}), kind: bottleneck.Pool, grade: bottleneck.Shown, subject: "system"},
		{what: "few goroutines wait", steps: pool8(map[string]float64{"system.waiting.lab/server.go:60": 5}), kind: bottleneck.Waiting, grade: inferred, subject: "system"},
		{what: "out of memory", steps: pool8(map[string]float64{"system.oom_kills_per_sec": 0.1}), kind: bottleneck.Memory, grade: bottleneck.Shown, subject: "system"},
		{what: "one thread of a system with more cores", steps: pool8(map[string]float64{"system.cpu_capacity": 2, "system.cpu_cores": 0.99, "system.cpu_share": 0.49, "system.busiest_thread": 0.97}),
			kind: bottleneck.OneThread, grade: bottleneck.Shown, subject: "system"},
		{what: "one thread that a hog takes turns with", steps: pool8(map[string]float64{"system.cpu_capacity": 2, "system.cpu_cores": 0.6, "system.cpu_share": 0.3, "system.busiest_thread": 0.57, "system.run_delay_cores": 0.45}),
			kind: bottleneck.OneThread, grade: bottleneck.Shown, subject: "system"},
		{what: "one core's worth of work under a lock", steps: ramp(980, 1000, 990, 1, 64, readings(map[string]float64{"system.cpu_capacity": 2, "system.cpu_cores": 1, "system.busiest_thread": 0.3})),
			kind: bottleneck.OneThread, grade: inferred, subject: "system"},
		{what: "garbage on two cores that others use up", steps: ramp(300, 355, 290, 2.8, 238, readings(map[string]float64{
			"system.cpu_capacity": 2, "system.cpu_cores": 0.48, "system.busiest_thread": 0.13, "system.run_delay_cores": 1.87, "machine.cpu_cores": 2})),
			kind: bottleneck.Unknown, grade: untold, subject: "system"},
		{what: "garbage on two cores, most of which others use up", steps: ramp(420, 488, 417, 2.4, 154, readings(map[string]float64{
			"system.cpu_capacity": 2, "system.cpu_cores": 0.64, "system.busiest_thread": 0.19, "system.run_delay_cores": 1.22, "machine.cpu_cores": 2})),
			kind: bottleneck.Unknown, grade: untold, subject: "system"},
		{what: "garbage on two cores, one of which others use up: a single user's requests want both", steps: shared(0.935, 0.986, 0.26, 0.95), kind: bottleneck.CPU, grade: bottleneck.Shown, subject: "system"},
		{what: "the same of a single user who wants one core", steps: shared(0.52, 0.48, 0.26, 0.95), kind: bottleneck.Unknown, grade: untold, subject: "system"},
		{what: "the same of a single thread", steps: shared(0.935, 0.986, 0.93, 0.95), kind: bottleneck.Unknown, grade: untold, subject: "system"},
		{what: "the same of a single user who wants both, while others leave less than a core", steps: shared(0.677, 1.27, 0.23, 0.75), kind: bottleneck.Unknown, grade: untold, subject: "system"},
		{what: "garbage on one core that others use up", steps: ramp(240, 762, 240, 5.2, 280, readings(map[string]float64{
			"system.cpu_cores": 0.32, "system.run_delay_cores": 1.18, "machine.cpu_cores": 2})), kind: bottleneck.Unknown, grade: untold, subject: "system"},
		{what: "a disk that is fast, and more threads wait for it than for the core", steps: ramp(902, 1571, 1545, 1.1, 41, readings(map[string]float64{
			"system.cpu_cores": 0.44, "system.run_delay_cores": 3.6, "system.blocked_threads": 13.4, "machine.pressure_io_share": 0.28, "machine.disk_busy_share.vda": 0.43})),
			kind: bottleneck.Disk, grade: bottleneck.Shown, subject: "system"},
		{what: "a queue that stays full, and requests that are tried again", steps: uneven(ramp(421, 441, 441, 2.4, 162, readings(map[string]float64{
			"machine.listen_overflows_per_sec": 60, "system.accept_queue_share.8080": 1.2}))), kind: bottleneck.AcceptQueue, grade: bottleneck.Shown, subject: "system"},
		{what: "an interpreter that runs one thread at a time, or a system that would use both cores, beside others", steps: interpreter(), kind: bottleneck.Unknown, grade: untold, subject: "system"},
		{what: "segments are lost", steps: pool8(map[string]float64{"machine.retransmitted_share": 0.05}), kind: bottleneck.Network, grade: bottleneck.Shown, subject: "machine"},
	} {
		for name, x := range c.steps[6].Readings {
			if x < 0 {
				delete(c.steps[6].Readings, name)
			}
		}
		f := bottleneck.FindIn(c.steps, c.facts)
		if f.Kind != c.kind || f.Grade != c.grade || f.Subject != c.subject && c.subject != "" {
			t.Errorf("%s: %s (%s) of %q, want %s (%s) of %q: %+v", c.what, f.Kind, f.Grade, f.Subject, c.kind, c.grade, c.subject, f)
		}
		for _, name := range c.unread {
			if !slices.Contains(f.Unread, name) {
				t.Errorf("%s: unread %v, want %s among them", c.what, f.Unread, name)
			}
		}
	}
}

// The pool hides what CPU would allow: the utilisation law.
func TestNext(t *testing.T) {
	f := bottleneck.FindIn(pool8(map[string]float64{"system.cpu_share": 0.15, "system.cpu_cores": 0.15}), nil)
	if f.Next == nil || f.Next.Kind != bottleneck.CPU || f.Next.Subject != result.OfSystem {
		t.Fatalf("next: %+v", f.Next)
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if got < want*0.999 || got > want*1.001 {
			t.Errorf("%s: %g, want %g", what, got, want)
		}
	}
	near("CPU allows", f.Next.Throughput, 381/0.15)
	near("a request's CPU", f.Next.Demand, 0.15/381)
	if f.Scaling == nil || f.Scaling.Model != "hard limit" {
		t.Errorf("scaling of a pool: %+v", f.Scaling)
	}
}

// With one load only the nearest limit is told, and an overload is one step that tells.
func TestFixedLoad(t *testing.T) {
	step := bottleneck.Step{Load: 20, Length: time.Minute, Throughput: 1000, Response: 0.02, Readings: readings(map[string]float64{"system.cpu_cores": 0.78, "machine.disk_busy_share.vda": 0.5})}
	f := bottleneck.FindIn([]bottleneck.Step{step}, nil)
	if used, _ := f.Number(bottleneck.UsedShare); f.Kind != bottleneck.Nearest || f.Resource != bottleneck.CPU || used != 0.78 || f.Next == nil || f.Next.Kind != bottleneck.Disk {
		t.Errorf("fixed load: %+v", f)
	}
	step.Readings = nil
	if f = bottleneck.FindIn([]bottleneck.Step{step}, nil); f.Kind != bottleneck.Unknown || f.Grade != bottleneck.CouldNotTell || len(f.Unread) == 0 {
		t.Errorf("nothing read: %+v", f)
	}
	over := bottleneck.Step{Load: 2000, Open: true, Length: time.Minute, Throughput: 1000, Response: 3, Readings: readings(map[string]float64{"system.cpu_cores": 0.99})}
	if f = bottleneck.FindIn([]bottleneck.Step{over}, nil); f.Kind != bottleneck.CPU || f.Grade != bottleneck.Shown {
		t.Errorf("overload: %+v", f)
	}
	if f = bottleneck.FindIn(nil, nil); f.Kind != bottleneck.Unknown || f.Grade != bottleneck.CouldNotTell {
		t.Errorf("no steps: %+v", f)
	}
}

// With a reading less, each row of the lab is found or not told, never taken for something else. What uses up the cores that it may
// use is CPU too, if nothing tells of the quota or the collector.
func TestLabWithoutAReading(t *testing.T) {
	for _, c := range lab {
		for name := range readings(c.read) {
			read := readings(c.read)
			delete(read, name)
			steps := ramp(c.alone, c.best, c.last, c.firstMS, c.lastMS, read)
			for i := range steps {
				delete(steps[i].Readings, name)
			}
			f := bottleneck.FindIn(steps, nil)
			asCPU := f.Kind == bottleneck.CPU && (c.kind == bottleneck.CPUQuota || c.kind == bottleneck.GC)
			if f.Kind != c.kind && f.Grade != bottleneck.CouldNotTell && !asCPU {
				t.Errorf("%s without %s: %s (%s)", c.fault, name, f.Kind, f.Grade)
			}
		}
		if f := bottleneck.FindIn(ramp(c.alone, c.best, c.last, c.firstMS, c.lastMS, nil), nil); f.Grade != bottleneck.CouldNotTell && f.Kind != bottleneck.None {
			t.Errorf("%s without any: %s (%s)", c.fault, f.Kind, f.Grade)
		}
	}
}
