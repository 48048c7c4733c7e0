package html

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/chart"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// maxLines is the most lines in one lane.
const maxLines = 6

// colours are given to the lines of a lane in turn. From the fourth on they are dashed too.
var colours = []chart.Colour{chart.Blue, chart.Orange, chart.Green, chart.Purple, chart.Red, chart.Grey}

// reader reads columns of a Watch.
type reader struct{ *result.Watch }

// maxValue is the largest reading that is drawn.
const maxValue = 1e18

// column returns a reading over time; nil if it was never read. Impossible values count as not read.
func (r reader) column(subject, figure string, of ...string) []float64 {
	possible := func(v float64) bool { return v >= 0 && v <= maxValue }
	column := each(r.Timeline[result.Reading(subject, figure, of...)], func(v float64) float64 {
		if !possible(v) {
			return math.NaN()
		}
		return v
	})
	if !slices.ContainsFunc(column, possible) {
		return nil
	}
	return column
}

// x are the times of the columns.
func (r reader) x(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.Start.Seconds() + (float64(i)+0.5)*r.Step.Seconds()
	}
	return x
}

// line is a column as a line; one without a value has no points.
func (r reader) line(name string, column []float64) laneLine {
	return laneLine{name: name, x: r.x(len(column)), y: column}
}

// coloured gives each line a colour, and leaves out lines without points and those that are too many.
func coloured(lines ...laneLine) (all []laneLine) {
	for _, l := range lines {
		if len(l.y) == 0 || len(all) == maxLines {
			continue
		}
		l.colour, l.dashed = colours[len(all)], len(all) >= 3
		all = append(all, l)
	}
	return all
}

// systemLanes are the readings of the system and of its machine.
func (p *page) systemLanes() (lanes []lane) {
	if p.head.Watch == nil || len(p.head.Watch.Timeline) == 0 {
		return nil
	}
	r := reader{p.head.Watch}
	lanes = append(lanes, r.cpu(), r.run())
	for _, one := range []struct {
		title string
		words func(float64) string
		lines []laneLine
	}{
		{"Memory of the system", report.Bytes, []laneLine{
			r.line("resident", r.column(result.OfSystem, result.RSSBytes)), r.line("live heap", r.column(result.OfSystem, result.LiveHeapBytes)),
			r.line("cgroup", r.column(result.OfSystem, result.MemoryBytes)), r.line("limit", r.column(result.OfSystem, result.MemoryLimit))}},
		{"Memory in use on the machine", report.Bytes, []laneLine{r.line("", r.column(result.OfMachine, result.MemoryUsed))}},
		{"Garbage collection", inPercent, []laneLine{
			r.line("share of the CPU time", r.column(result.OfSystem, result.GCCPUShare)), r.line("share of the time in pauses", r.column(result.OfSystem, result.GCPauseShare))}},
		{"Disk", report.Traffic, []laneLine{
			r.line("read", r.column(result.OfMachine, result.ReadBytes)), r.line("written", r.column(result.OfMachine, result.WrittenBytes))}},
		{"Time that a disk was busy", inPercent, r.parts(result.OfMachine, result.DiskBusy)},
		{"Network", report.Traffic, []laneLine{
			r.line("in", r.column(result.OfMachine, result.NetIn)), r.line("out", r.column(result.OfMachine, result.NetOut))}},
		{"Time that a GPU was busy", inPercent, r.subjects(result.OfGPU+".", result.GPUBusy)},
		{"Memory of GPUs", report.Bytes, r.subjects(result.OfGPU+".", result.GPUMemoryUsed)},
		{"Threads", report.Trimmed, []laneLine{
			r.line("threads", r.column(result.OfSystem, result.Threads)), r.line("goroutines", r.column(result.OfSystem, result.Goroutines))}},
		{"Open files", report.Trimmed, []laneLine{r.line("", r.column(result.OfSystem, result.OpenFiles))}},
		{"CPU of others that were watched", inPercent, r.subjects("", result.CPUShare)},
	} {
		lanes = append(lanes, lane{title: one.title, words: one.words, bytes: strings.HasPrefix(one.title, "Memory"), lines: coloured(one.lines...)})
	}
	return lanes
}

// cpu says who used the machine's CPU time. Each line lies above the one before it.
func (r reader) cpu() lane {
	l := lane{title: "CPU of the machine", words: inPercent}
	all := r.column(result.OfMachine, result.CPUShare)
	cores := r.Mean[result.Reading(result.OfMachine, result.CPUCapacity)]
	share := func(subject string) []float64 {
		column := r.column(subject, result.CPUCores)
		if column == nil || !(cores > 0) {
			return nil
		}
		return each(column, func(v float64) float64 { return v / cores })
	}
	system, generator := share(result.OfSystem), share(result.OfGenerator)
	var others []float64
	if all != nil && system != nil && generator != nil {
		others = make([]float64, len(all))
		for i := range others {
			others[i] = max(all[i]-system[i]-generator[i], 0)
		}
	}
	l.lines = coloured(r.line("all of it", all), r.line("the system", system), r.line("this generator", generator), r.line("others", others),
		r.line("stolen", r.column(result.OfMachine, result.StolenShare)))
	if all != nil {
		l.lines[0].filled = true
	}
	return l
}

// run is the CPU time of a system with a limit of its own.
func (r reader) run() lane {
	return lane{title: "CPU of the system", words: inPercent, lines: coloured(
		r.line("of what it may use", r.column(result.OfSystem, result.CPUShare)), r.line("busiest thread, of one core", r.column(result.OfSystem, result.BusiestThread)),
		r.line("periods in which its quota ran out", r.column(result.OfSystem, result.ThrottledShare)))}
}

// parts are the readings of a figure whose names go on, such as those of disks.
func (r reader) parts(subject, figure string) (lines []laneLine) {
	prefix := result.Reading(subject, figure)
	for _, name := range slices.Sorted(maps.Keys(r.Timeline)) {
		if part, ok := strings.CutPrefix(name, prefix); ok && (part == "" || part[0] == '.') {
			lines = append(lines, r.line(report.Line80(strings.TrimPrefix(part, ".")), r.column(subject, figure, trimmedDot(part)...)))
		}
	}
	return lines
}

func trimmedDot(part string) []string {
	if part == "" {
		return nil
	}
	return []string{part[1:]}
}

// subjects are the readings of a figure of all subjects that begin so; of all further ones for an empty beginning.
func (r reader) subjects(beginning, figure string) (lines []laneLine) {
	ours := []string{result.OfSystem, result.OfMachine, result.OfGenerator}
	for _, name := range slices.Sorted(maps.Keys(r.Timeline)) {
		subject, ok := strings.CutSuffix(name, "."+figure)
		if !ok || !strings.HasPrefix(subject, beginning) || beginning == "" && (slices.Contains(ours, subject) || strings.HasPrefix(subject, result.OfGPU+".")) {
			continue
		}
		lines = append(lines, r.line(report.Line80(strings.TrimPrefix(subject, beginning)), r.column(subject, figure)))
	}
	return lines
}

// evidence lists the numbers behind the finding about the throughput, folded away.
func (p *page) evidence() {
	for _, f := range bottleneck.Find(p.m.Run) {
		if f.Kind != bottleneck.Generator && len(f.Evidence) > 0 {
			p.numbers(f.Evidence)
			return
		}
	}
}

// maxNumbers is the most numbers of evidence that are listed.
const maxNumbers = 100

// numbers lists the evidence for a finding, folded away; nothing if there is none.
func (p *page) numbers(evidence []bottleneck.Number) {
	if len(evidence) == 0 {
		return
	}
	g := report.Grid{Columns: "lr", Header: []string{"Number", "Value"}, More: max(0, len(evidence)-maxNumbers)}
	for _, n := range evidence[:min(len(evidence), maxNumbers)] {
		g.Rows = append(g.Rows, []string{report.Line80(n.Name), number(n.Value)})
	}
	p.fold("The numbers that the bottleneck rests on")
	p.table(table{caption: "Evidence", Grid: g, upTo: maxPage})
	p.shut("details")
}

// number formats a value with the unit that its name implies.
func number(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case v < 0:
		return "−" + report.Trimmed(-v)
	case v >= 1000:
		return report.Thousands(int64(min(v, 1e15)))
	default:
		return report.Trimmed(v)
	}
}

// loadSteps draws how throughput and response time grow with the load, for a load that has steps.
func (p *page) loadSteps() {
	if p.run == nil || p.head.n() < 2 {
		return
	}
	steps := bottleneck.Steps(p.m.Run)
	if len(steps) < 2 || p.m.Base != nil {
		return
	}
	unit := "Users"
	if steps[0].Open {
		unit = "Tasks each second"
	}
	var load, throughput, response []float64
	g := report.Grid{Columns: "rrrr", Header: []string{unit, "Succeeded each second", "p50", "Failed"}}
	for _, s := range steps {
		load, throughput, response = append(load, s.Load), append(throughput, s.Throughput), append(response, s.Median*1e9)
		median := "–"
		if s.Median > 0 {
			median = nanos(s.Median * 1e9)
		}
		g.Rows = append(g.Rows, []string{report.Trimmed(s.Load), report.Trimmed(s.Throughput), median, report.Share(s.Failures)})
	}
	x := chart.Linear(0, load[len(load)-1], 6, report.Trimmed)
	p.open("div", "class", "pair")
	for _, one := range []struct {
		title string
		y     []float64
		words func(float64) string
	}{{"Requests that succeed each second", throughput, report.Trimmed}, {"Median response time", response, nanos}} {
		p.open("figure")
		p.open("figcaption")
		p.element("strong", one.title)
		p.text("by " + lower(unit))
		p.shut("figcaption")
		p.svg(chart.Plot{
			Title: one.title + " by " + lower(unit), Desc: strings.TrimPrefix(course("", one.y, one.words), ": "), Height: 200, X: x,
			Y: chart.Linear(0, slices.Max(one.y), 4, orZero(one.words)), Lines: []chart.Line{{X: load, Y: one.y, Dots: true}},
		}.SVG())
		p.shut("figure")
	}
	p.shut("div")
	p.table(table{caption: "Steps of the load", Grid: g, upTo: maxPage})
}
