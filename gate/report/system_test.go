package report_test

import (
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

const gib = 1 << 30

// large is what was read of a system on a machine with 16 cores and two GPUs.
func large() *result.Watch {
	return &result.Watch{
		Every: time.Second,
		Mean: map[string]float64{
			"machine.cpu_share": 0.78, "machine.cpu_capacity": 16, "machine.cpu_stolen_share": 0,
			"system.cpu_cores": 11.36, "system.cpu_capacity": 16, "system.cpu_share": 0.71, "generator.cpu_cores": 0.8,
			"machine.memory_used_bytes": 62 * gib, "machine.memory_total_bytes": 78 * gib, "system.rss_bytes": 4.1 * gib,
			"machine.read_bytes_per_sec": 3.1e6, "machine.written_bytes_per_sec": 14e6,
			"machine.disk_busy_share": 0.12, "machine.disk_busy_share.vda": 0.12, "machine.disk_busy_share.vdb": 0.03,
			"machine.net_in_bytes_per_sec": 38e6, "machine.net_out_bytes_per_sec": 41e6,
			"machine.listen_overflows_per_sec": 0, "machine.retransmitted_share": 0,
			"gpu.0.busy_share": 0.85, "gpu.0.memory_used_bytes": 61.2 * gib, "gpu.0.memory_total_bytes": 80 * gib, "gpu.0.power_watts": 540,
			"gpu.1.busy_share": 0.82, "gpu.1.memory_used_bytes": 59.8 * gib, "gpu.1.memory_total_bytes": 80 * gib, "gpu.1.power_watts": 533,
		},
		Peak: map[string]float64{
			"machine.cpu_share": 0.95, "system.cpu_cores": 14.1, "system.rss_bytes": 4.3 * gib, "gpu.0.busy_share": 0.98, "gpu.1.busy_share": 0.96,
		},
		Absent: []result.Absent{{Source: "pressure", Why: "this kernel has it switched off"}},
	}
}

// bare is what was read of a system in a container of two cores, without GPUs and without much else.
func bare() *result.Watch {
	return &result.Watch{
		Mean: map[string]float64{
			"machine.cpu_share": 0.034, "machine.cpu_capacity": 8, "system.cpu_cores": 0.2, "system.cpu_capacity": 2, "system.cpu_share": 0.1, "system.throttled_share": 0.24,
			"system.rss_bytes": 87 << 20, "machine.net_in_bytes_per_sec": 1200, "machine.net_out_bytes_per_sec": 230_000,
			"machine.listen_overflows_per_sec": 3.35, "system.busiest_thread": 0.17,
			"postgres.cpu_cores": 0.81, "postgres.rss_bytes": 512 << 20, "db-host.cpu_share": 0.34, "db-host.cpu_capacity": 4, "db-host.memory_used_bytes": 3.1 * gib, "db-host.memory_total_bytes": 8 * gib,
		},
		Peak:  map[string]float64{"machine.cpu_share": 0.1, "system.busiest_thread": 0.4, "postgres.cpu_cores": 1.2},
		Facts: map[string]string{"system.busiest_thread": "worker-3"},
		Absent: []result.Absent{
			{Source: "gpu", Why: "no nvidia-smi, no AMD device"}, {Source: "disk", Why: "this container does not show it"}, {Source: "pressure", Why: "this kernel has it switched off"},
			{Source: "pressure", Why: "this kernel has it switched off"},
		},
	}
}

func system(t *testing.T, u report.Usage) string {
	t.Helper()
	return render(t, func(w io.Writer, _ report.Report) error { return report.System(w, u) }, report.Report{})
}

func TestSystem(t *testing.T) {
	for name, c := range map[string]struct {
		usage report.Usage
		want  string
	}{
		"two GPUs": {report.Usage{Watch: large(), Over: 300 * time.Second, CPUPerRequest: 5200 * time.Microsecond}, `
- CPU: 78% average, 95% peak of 16 cores (the system 71%, this generator 5%, others 2%, stolen 0%)
- CPU per request: 5.2 ms
- Memory: 62GB / 78GB (79%); the system 4.1GB, peak 4.3GB
- Disk: 3.1 MB/s read, 14.0 MB/s written, busy 12% (vda)
- Network: 38 MB/s in, 41 MB/s out; 0 listen overflows, 0.00% retransmitted
- GPU 0: 85% average, 98% peak (time busy); memory 61.2GB / 80.0GB; 540 W
- GPU 1: 82% average, 96% peak (time busy); memory 59.8GB / 80.0GB; 533 W
- not read: pressure (this kernel has it switched off)
`},
		"a bare machine": {report.Usage{Watch: bare(), Over: 12 * time.Second}, `
- CPU: 3% average, 10% peak of 8 cores (the system 2%, others 0.9%); the system used 10% of the 2 cores that it may use; throttled in 24% of the periods of its quota
- Busiest thread: worker-3, 17% average, 40% peak of one core
- Memory: the system 87MB, peak -
- Network: 1.2 kB/s in, 0.2 MB/s out; 40 listen overflows, - retransmitted
- GPU: none (no nvidia-smi, no AMD device)
- db-host: CPU 34% average, - peak of 4 cores; memory 3.1GB / 8.0GB (39%)
- postgres: CPU 0.81 cores average, 1.2 peak; memory 512MB, peak -
- not read: disk (this container does not show it); pressure (this kernel has it switched off)
`},
		"elsewhere": {report.Usage{Watch: &result.Watch{
			Mean:   map[string]float64{"machine.cpu_share": 0.5, "machine.cpu_capacity": 1, "generator.cpu_cores": 0.5},
			Absent: []result.Absent{{Source: "system", Why: "it runs at 192.168.10.30; add monitor.prometheus"}, {Source: "gpu", Why: "nvidia-smi ended with status 9"}},
		}}, `
- System: not read: it runs at 192.168.10.30; add monitor.prometheus
- CPU: 50% average, - peak of 1 core (this generator 50%, others 0%)
- GPU: not read: nvidia-smi ended with status 9
`},
		"it was restarted, and ended": {report.Usage{Watch: &result.Watch{
			Mean: map[string]float64{"machine.cpu_share": 0.5, "machine.cpu_capacity": 1, "system.cpu_cores": 0.3, "system.restarts": 1.3},
			Peak: map[string]float64{"system.restarts": 2}, Absent: []result.Absent{{Source: "system", Why: "its processes have ended"}},
		}}, `
- System: not read all the time: its processes have ended; its figures are of the rest
- Restarts: the system was restarted 2 times
- CPU: 50% average, - peak of 1 core (the system 30%)
`},
		"nothing was loaded": {report.Usage{Unloaded: true, Watch: &result.Watch{
			Mean: map[string]float64{"machine.cpu_share": 0.5, "machine.cpu_capacity": 1, "generator.cpu_cores": 0.05},
		}}, `
- CPU: 50% average, - peak of 1 core (Plimsoll 5%, others 45%)
`},
		"processes alone": {report.Usage{Watch: &result.Watch{Mean: map[string]float64{"system.cpu_cores": 1.5, "machine.listen_overflows_per_sec": 0.5}}}, `
- CPU: the system 1.5 cores average, - peak
- Network: - in, - out; 0.50 listen overflows a second, - retransmitted
`},
		"no watch": {report.Usage{Machine: result.Machine{Generator: 0.05, System: 0.71, Others: 0.02}, Cores: 2}, `
- CPU: 78% average, - peak of 2 cores (the system 71%, this generator 5%, others 2%, stolen 0%)
- not read: memory, disk, network and GPUs (nothing was watched)
`},
		"only what was missed": {report.Usage{Watch: &result.Watch{Absent: []result.Absent{{Source: "cost", Why: "its processes cannot be read"}}}, Machine: result.Machine{Generator: 0.05}, Cores: 1}, `
- CPU: 5% average, - peak of 1 core (the system 0%, this generator 5%, others 0%, stolen 0%)
- not read: memory, disk, network and GPUs (nothing was watched); cost (its processes cannot be read)
`},
		"nothing at all": {report.Usage{}, `
- not read: CPU, memory, disk, network and GPUs (nothing was watched)
`},
	} {
		if got := system(t, c.usage); got != "System Resource Usage:"+c.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, c.want)
		}
	}
}

// A figure that cannot be counts as not read: it is no 0, and no line of 300 digits.
func TestImpossibleReadings(t *testing.T) {
	for _, v := range []float64{-1, 1e300, math.Inf(1), math.NaN()} {
		w := large()
		for name := range w.Mean {
			w.Mean[name] = v
		}
		w.Peak = nil
		text := system(t, report.Usage{Watch: w, Over: time.Minute})
		if strings.ContainsAny(strings.NewReplacer("GPU 0", "", "GPU 1", "").Replace(text), "0123456789") || strings.Contains(text, "NaN") {
			t.Errorf("%g: got\n%s", v, text)
		}
	}
}

// Many GPUs and machines are cut, in the order of their numbers.
func TestManySubjects(t *testing.T) {
	w := &result.Watch{Mean: map[string]float64{}, Facts: map[string]string{}}
	for i := range 40 {
		w.Mean[fmt.Sprintf("gpu.%d.busy_share", i)], w.Mean[fmt.Sprintf("host%d.cpu_share", i)] = 0.5, 0.5
		w.Facts[fmt.Sprintf("gpu.%d.name", i)] = "NVIDIA H100 80GB HBM3"
		w.Absent = append(w.Absent, result.Absent{Source: fmt.Sprint("page", i), Why: "it hangs"})
	}
	text := system(t, report.Usage{Watch: w})
	for _, want := range []string{
		"- GPU 9: 50% average, - peak (time busy); memory - / -; - W\n- GPU 10: ", "- and 24 more GPUs\n- GPU models: NVIDIA H100 80GB HBM3 (0, 1, 2,", "14, 15, and 24 more of them)\n",
		"- host15: CPU 50% average, - peak\n- and 24 more subjects\n", "page8, page9, and 30 more sources (it hangs)\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
}

// grouped is a run with three groups, whose figures are those of the requests together.
func grouped() *result.Result {
	r := run(2, nil)
	r.Load = result.Load{SpawnRate: 10}
	for i := range r.Rounds {
		t := &tally.Tally{}
		add := func(route string, n int, took time.Duration, class tally.Class) {
			for range n {
				t.Add(tally.Sample{Route: route, Class: class, Ended: took})
			}
		}
		add("POST /embed", 125, 89*time.Millisecond, tally.OK)
		add("POST /search", 900, 5*time.Millisecond, tally.OK)
		add("GET /points", 100, 105*time.Millisecond, tally.OK)
		add("DELETE /points", 3, 2*time.Millisecond, tally.Status)
		add("GET /points", 1, 2*time.Millisecond, tally.Status)
		t.Add(tally.Sample{Route: "WS /live", Class: tally.OK, Ended: 700 * time.Microsecond})
		t.Add(tally.Sample{Route: "WS /live each message", Class: tally.OK, Ended: time.Second})
		t.Routes["WS /live each message"].Part = true
		r.Rounds[i] = result.NewRound(10*time.Second+time.Duration(i)*10*time.Second, 10*time.Second, t)
		r.Tally.Merge(t)
	}
	r.Groups = map[string][]string{
		"Embedding Generation": {"POST /embed"}, "Vector Search": {"GET /points", "POST /search"}, "Collection Operations": {"DELETE /points"},
		"Live": {"WS /live", "WS /live each message"}, "Never": {"GET /never"},
	}
	r.Watch = large()
	r.Rounds[0].Cost, r.Rounds[1].Cost = &result.Cost{Requests: 1000, CPU: 5 * time.Second}, &result.Cost{Requests: 1000, CPU: 5400 * time.Millisecond}
	return r
}

func TestGoldenEnding(t *testing.T) {
	found := report.Found{
		UnderLoad: "+12.4% at p50 against 10 users (limit +20%): within", Stability: "300 s, no drift seen (would see 9% and more); memory not judged: 4 collections",
		Bottleneck: "none up to 100 users; nearest to its limit: CPU 78%",
	}
	golden(t, "ending.txt", render(t, func(w io.Writer, _ report.Report) error { return report.Run(w, grouped(), found) }, report.Report{}))
}

func TestGoldenRunSummary(t *testing.T) {
	golden(t, "ending.summary.md", render(t, func(w io.Writer, _ report.Report) error {
		return report.RunSummary(w, grouped(), report.Found{Bottleneck: "none up to 100 users; nearest to its limit: CPU 78%"})
	}, report.Report{}))
	r := grouped()
	r.Rounds, r.Problems = nil, []result.Problem{{Kind: result.TargetDied, Text: "the system ended: `x`"}}
	text := render(t, func(w io.Writer, _ report.Report) error { return report.RunSummary(w, r, report.Found{}) }, report.Report{})
	if want := "### Plimsoll: `shop` under load\n\nThis run is incomplete:\n\n```text\nthe system ended: `x`\n```\n\nThere are no figures: no round was measured to its end.\n"; text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
}

// Names change nothing of the markdown outside of the code that they stand in.
func TestRunSummaryIsHarmless(t *testing.T) {
	summary := func(name string) string {
		r := grouped()
		r.Series, r.Watch, r.Groups = name, lacedWatch(name), map[string][]string{name: {"POST /embed"}}
		r.Problems = []result.Problem{{Text: name}}
		r.Tally.Add(tally.Sample{Route: name, Class: tally.OK})
		return render(t, func(w io.Writer, _ report.Report) error {
			return report.RunSummary(w, r, report.Found{Stability: name})
		}, report.Report{})
	}
	want := skeleton(summary("a"))
	for _, name := range hostileNames {
		text := summary("a" + name)
		inert(t, text)
		if got := skeleton(text); got != want {
			t.Errorf("%q changes the markdown outside of code:\n%s\nwant:\n%s", name, got, want)
		}
	}
}

// What the run prints at its end is in the gate's summary, and in the file that another job shows.
func TestMeasuredInTheSummary(t *testing.T) {
	r := report.New(verdicts()["pass"], grouped())
	var file strings.Builder
	if err := report.Encode(&file, r); err != nil {
		t.Fatal(err)
	}
	again, err := report.Decode(strings.NewReader(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	text := render(t, report.Summary, again)
	for _, want := range []string{"```text\nLoad Test Summary:\n- Total Users: 100\n", "\n\nPerformance Metrics:\n- Collection", "\n\nSystem Resource Usage:\n- CPU: 78% average"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	if text := render(t, comment, again); strings.Contains(text, "Load Test Summary") {
		t.Errorf("the comment has the lists too:\n%s", text)
	}
}

// What was asked of the system, in the forms that a load has.
func TestAsked(t *testing.T) {
	for want, change := range map[string]func(*result.Result){
		"- Total Users: 1,200\n- Spawn Rate: -\n- Duration: 20 seconds (judged; warm-up 10 seconds before)\n":                                       func(r *result.Result) { r.Users, r.Load = 1200, result.Load{} },
		"- Total Users: 100 (the most of 3 stages)\n- Spawn Rate: in 3 stages\n":                                                                    func(r *result.Result) { r.Load = result.Load{Stages: 3} },
		"- Rate: 12.5 tasks/sec\n- Duration: 20 seconds (judged; no warm-up)\n":                                                                     func(r *result.Result) { r.Users, r.Load, r.Rounds[0].Start = 0, result.Load{Rate: 12.5}, 0 },
		"- Rate: 50 tasks/sec (the most of 2 stages)\n":                                                                                             func(r *result.Result) { r.Users, r.Load = 0, result.Load{Rate: 50, Stages: 2} },
		"- Rate: -\n- Duration: 20 seconds (judged)\n":                                                                                              func(r *result.Result) { r.Users, r.Load, r.Starts = 0, result.Load{}, 3 },
		"- Duration: 10.9 seconds (judged; warm-up 1 second before)\n":                                                                              func(r *result.Result) { r.Rounds[0].Start, r.Rounds[0].Length = time.Second, 900*time.Millisecond },
		"- Total Requests: 0\n- Failure Rate: -\n- Average Response Time: -\n- 95th Percentile: -\n- Requests per Second: 0.0\n":                    func(r *result.Result) { r.Tally = tally.Tally{} },
		"- Total Requests: 2,260\n- Failure Rate: 0.35%\n- Average Response Time: 23.1ms\n- 95th Percentile: 105ms\n- Requests per Second: 113.0\n": func(*result.Result) {},
	} {
		r := grouped()
		change(r)
		text := render(t, func(w io.Writer, _ report.Report) error { return report.Run(w, r, report.Found{}) }, report.Report{})
		if !strings.Contains(text, want) || strings.Contains(text, "Bottleneck") || strings.Contains(text, "Stability") {
			t.Errorf("want\n%sin\n%s", want, text)
		}
	}
}

// lacedWatch is a Watch whose foreign texts are all name.
func lacedWatch(name string) *result.Watch {
	w := large()
	w.Mean["machine.disk_busy_share."+name], w.Mean["gpu."+name+".busy_share"], w.Mean[name+".cpu_share"] = 0.9, 0.5, 0.5
	w.Mean["system.busiest_thread"] = 0.3
	w.Facts = map[string]string{"system.busiest_thread": name, "gpu.0.name": name, "gpu." + name + ".name": name}
	w.Absent = append(w.Absent, result.Absent{Source: name, Why: name}, result.Absent{Source: "system", Why: name})
	return w
}

// No name of a group, thread, device, GPU or exporter adds a line to the lists, or steers a terminal.
func TestHostileNamesInLists(t *testing.T) {
	lists := func(name string) string {
		r := grouped()
		r.Watch, r.Groups = lacedWatch(name), map[string][]string{name: {"POST /embed"}}
		return render(t, func(w io.Writer, _ report.Report) error { return report.Run(w, r, report.Found{Bottleneck: name}) }, report.Report{})
	}
	want := strings.Count(lists("a"), "\n")
	for _, name := range hostileNames {
		text := lists("a" + name)
		if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && unicode.Is(unicode.C, r) }); i >= 0 {
			t.Errorf("%q: a terminal gets %q", name, text[max(i-20, 0):min(i+20, len(text))])
		}
		if got := strings.Count(text, "\n"); got != want {
			t.Errorf("%q: %d lines, want %d", name, got, want)
		}
	}
}

// A slow answer under load is explained by a busy CPU only where it is busy.
func TestUnderLoadOfABusySystem(t *testing.T) {
	for busy, want := range map[float64]bool{0.1: false, 0.78: true} {
		text := render(t, report.Terminal, report.New(slowUnderLoad(busy), shopRun()))
		if got := strings.Contains(text, "wait for a busy CPU"); got != want {
			t.Errorf("at %.0f %% of its CPU: %v, want %v:\n%s", 100*busy, got, want, text)
		}
	}
}
