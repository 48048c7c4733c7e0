package report_test

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Each kind of finding has a line with its grade and its numbers.
func TestBottleneck(t *testing.T) {
	n := func(name string, value float64) bottleneck.Number { return bottleneck.Number{Name: name, Value: value} }
	finding := func(kind bottleneck.Kind, what string, numbers ...bottleneck.Number) bottleneck.Finding {
		return bottleneck.Finding{Kind: kind, Grade: bottleneck.Shown, Subject: result.OfSystem, What: what, Evidence: numbers}
	}
	cpu := &bottleneck.Ceiling{Kind: bottleneck.CPU, Subject: result.OfSystem, Used: 0.78, Throughput: 2500}
	with := func(f bottleneck.Finding, change func(*bottleneck.Finding)) bottleneck.Finding { change(&f); return f }
	inferred := func(f *bottleneck.Finding) { f.Grade = bottleneck.Inferred }
	for _, c := range []struct {
		f    bottleneck.Finding
		want string
	}{
		{bottleneck.Finding{Kind: bottleneck.Generator}, "not judged: the run is incomplete"},
		{with(finding(bottleneck.None, "", n(bottleneck.Load, 100)), func(f *bottleneck.Finding) { f.Next = cpu }), "none up to 100 users; nearest to its limit: CPU 78%"},
		{bottleneck.Finding{Kind: bottleneck.Nearest, Resource: bottleneck.Disk, Subject: result.OfMachine, What: "vda", Evidence: []bottleneck.Number{n(bottleneck.UsedShare, 0.12)}}, "nearest to its limit: disk vda 12%"},
		{bottleneck.Finding{Kind: bottleneck.Nearest, Resource: bottleneck.GPU, Subject: "gpu.1", Evidence: []bottleneck.Number{n(bottleneck.UsedShare, 0.82)}}, "nearest to its limit: GPU 1 82%"},
		{bottleneck.Finding{Kind: bottleneck.Nearest, Resource: bottleneck.CPU, Subject: "db-host"}, "nearest to its limit: CPU of db-host -"},
		{bottleneck.Finding{Kind: bottleneck.Unknown, Unread: []string{"machine.disk_busy_share"}}, "could not tell; not read: machine.disk_busy_share"},
		{finding(bottleneck.AcceptQueue, "8080", n(bottleneck.Overflows, 402)), "the accept queue of port 8080 (shown): 402 connections found it full"},
		{finding(bottleneck.CPUQuota, "", n("system.throttled_share", 0.24), n("system.quota_cores", 0.5)), "the CPU quota (shown): throttled in 24% of its periods, quota 0.5 cores"},
		{finding(bottleneck.GC, "", n("system.gc_cpu_share", 0.45)), "garbage collection (shown): 45% of the CPU time"},
		{finding(bottleneck.CPU, "", n("system.cpu_share", 0.88), n("system.cpu_capacity", 1), n(bottleneck.OtherCores, 0.4)), "CPU (shown): 88% used of 1 core, others used 0.4 cores"},
		{finding(bottleneck.OneThread, "worker-3", n("system.busiest_thread", 0.93)), "one thread, worker-3 (shown): it used 93% of one core"},
		{with(finding(bottleneck.OneThread, "", n(bottleneck.OneCore, 0.97)), inferred), "one core's worth of work at a time, such as under a lock (inferred): all threads together used 97% of one core"},
		{finding(bottleneck.Memory, "", n("system.pressure_memory_share", 0.2)), "memory (shown): tasks waited for it 20% of the time"},
		{finding(bottleneck.Disk, "vda", n("system.blocked_threads", 55), n("machine.disk_busy_share", 0.99)), "the disk vda (shown): 55 threads wait for it, busy 99%"},
		{bottleneck.Finding{Kind: bottleneck.Network, Grade: bottleneck.Shown, Subject: result.OfMachine, Evidence: []bottleneck.Number{n("machine.retransmitted_share", 0.02)}}, "network (shown): 2.00% retransmitted"},
		{bottleneck.Finding{Kind: bottleneck.GPU, Grade: bottleneck.Shown, Subject: "gpu.0", Evidence: []bottleneck.Number{n("gpu.0.busy_share", 0.98)}}, "GPU 0 (shown): busy 98% of the time, and throughput has stopped growing"},
		{with(finding(bottleneck.Pool, "orders", n("app.pool_in_use.orders", 8), n("app.pool_max.orders", 8), n("app.pool_pending.orders", 56)), func(f *bottleneck.Finding) { f.Subject = "app" }), "a pool, orders (shown): 8 of 8 in use, 56 wait"},
		{finding(bottleneck.Lock, "lab/server.go:58", n(bottleneck.WaitingAtOnce, 63)), "a lock, lab/server.go:58 (shown): 63 wait there"},
		{with(finding(bottleneck.Waiting, "127.0.0.1:18081", n(bottleneck.Throughput, 379), n(bottleneck.AloneSeconds, 0.0205), n(bottleneck.AtATime, 7.8), n("system.connections.127.0.0.1:18081", 8)), func(f *bottleneck.Finding) { f.Grade, f.Next = bottleneck.Inferred, cpu }),
			"a pool, a lock or somebody downstream (inferred): throughput stops at 379/s and one answer takes 20.5 ms: about 8 at a time; it holds 8 connections to 127.0.0.1:18081; next: CPU, at 2,500/s"},
		{bottleneck.Finding{Kind: bottleneck.Unknown, Grade: bottleneck.CouldNotTell, Evidence: []bottleneck.Number{{Name: "system.run_delay_cores", Value: 1.87}, {Name: bottleneck.OtherCores, Value: 1.52}}},
			"could not tell: its threads waited for a core for 1.87 seconds of each second, and others used 1.52 cores"},
		{bottleneck.Finding{Kind: bottleneck.Waiting, Grade: bottleneck.Inferred, Evidence: []bottleneck.Number{{Name: bottleneck.Throughput, Value: 196}, {Name: bottleneck.AloneSeconds, Value: 0.0205},
			{Name: bottleneck.AtATime, Value: 4.02}, {Name: "db.running_queries", Value: 4.5}}},
			"a pool, a lock or somebody downstream (inferred): throughput stops at 196/s and one answer takes 20.5 ms: about 4 at a time; db runs 4.5 queries at a time"},
	} {
		if got := report.Bottleneck(c.f, true); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		for _, name := range hostileNames {
			hostile := c.f
			hostile.What, hostile.Subject, hostile.Unread = name, name, []string{name}
			if got := report.Bottleneck(hostile, false); strings.ContainsFunc(got, unicode.IsControl) {
				t.Errorf("%q: %q", name, got)
			}
		}
	}
}

// A run that was watched says which resource is nearest to its limit, one that was not says nothing.
func TestFoundIn(t *testing.T) {
	r := run(6, map[string]int{"GET /": 20})
	if got := report.FoundIn(r); got != (report.Found{Stability: "not judged: 60 s; a soak takes 30 min"}) {
		t.Errorf("without readings: %+v", got)
	}
	for i := range r.Rounds {
		r.Rounds[i].Readings = map[string]float64{"system.cpu_share": 0.78, "system.cpu_capacity": 4}
	}
	if got := report.FoundIn(r).Bottleneck; got != "nearest to its limit: CPU 78%" {
		t.Errorf("got %q", got)
	}
	r.Problems, r.Generator.LagP99 = []result.Problem{{Kind: result.Saturated, Text: "x"}}, time.Minute
	if got := report.FoundIn(r); got.Bottleneck != "" {
		t.Errorf("of a run that is not whole: %+v", got)
	}
}
