package report

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Usage is what the system and the machine used while they were watched.
type Usage struct {
	Watch *result.Watch // nil if nothing was watched
	// Over is the time over which the means of the Watch were taken; 0 if it is not known.
	Over time.Duration
	// CPUPerRequest is what the system used to answer a request; 0 if that was not counted.
	CPUPerRequest time.Duration
	// Machine and Cores say who used the CPU time of how many cores, for a run without a Watch.
	Machine result.Machine
	Cores   int
	// Unloaded says that Plimsoll only watched.
	Unloaded bool
}

// UsageOf is the usage of a run.
func UsageOf(r *result.Result) Usage {
	u := Usage{Watch: r.Watch, Over: r.Length(), Machine: r.Generator.Machine, Cores: r.Environment.CPUCores}
	var cpu time.Duration
	var requests int64
	for i := range r.Rounds {
		if c := r.Rounds[i].Cost; c != nil {
			cpu, requests = cpu+c.CPU, requests+c.Requests
		}
	}
	if requests > 0 {
		u.CPUPerRequest = cpu / time.Duration(requests)
	}
	return u
}

// System writes a line for each resource that was watched, and one about what was not read and why. A run and
// `plimsoll monitor` print it.
func System(w io.Writer, u Usage) error {
	return write(w, []section{{UsageTitle, u.lines()}})
}

// UsageTitle is the title of the list of what was used.
const UsageTitle = "System Resource Usage"

// The most lines about GPUs and about further subjects, and the most sources in the line of what was not read.
const (
	maxGPUs     = 16
	maxSubjects = 16
	maxNotRead  = 10
)

func (u Usage) lines() (lines []string) {
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, name+": "+text)
		}
	}
	blind := u.Watch == nil || len(u.Watch.Mean)+len(u.Watch.Peak) == 0
	if u.Watch == nil {
		u.Watch = &result.Watch{}
	}
	add("System", u.elsewhere())
	add("Restarts", u.restarts())
	add("CPU", u.cpu())
	add("CPU per request", u.perRequest())
	add("Busiest thread", u.thread())
	add("Memory", u.memory())
	add("Disk", u.disk())
	add("Network", u.network())
	lines = append(lines, u.gpus()...)
	lines = append(lines, u.others()...)
	add("not read", u.notRead(blind))
	return lines
}

// generatorsView is the CPU line of a run whose machine was not watched, from what the load generator saw of the machine.
func (u Usage) generatorsView() string {
	m := u.Machine
	if m == (result.Machine{}) || u.Cores == 0 {
		return ""
	}
	return fmt.Sprintf("%s average, %s peak of %s (the system %s, this generator %s, others %s, stolen %s)", portion(m.Generator+m.System+m.Others), unread,
		count(u.Cores, "core"), portion(m.System), portion(m.Generator), portion(m.Others), portion(m.Stolen))
}

func (u Usage) perRequest() string {
	if u.CPUPerRequest == 0 {
		return ""
	}
	return trimmedSpan(u.CPUPerRequest)
}

// elsewhere says why the system itself was not watched, or not all the time; empty if it was.
func (u Usage) elsewhere() string {
	why, ok := u.absent(result.OfSystem)
	switch {
	case !ok:
		return ""
	case noneRead(u.reading(result.OfSystem, result.CPUCores)):
		return "not read: " + why
	}
	return notAlways + why + "; its figures are of the rest"
}

const notAlways = "not read all the time: "

// restarts says how often the system was restarted; empty if it never was.
func (u Usage) restarts() string {
	if _, most := u.reading(result.OfSystem, result.Restarts); most > 0 {
		return "the system was restarted " + times(most)
	}
	return ""
}

func (u Usage) cpu() string {
	mean, peak := u.reading(result.OfMachine, result.CPUShare)
	cores := u.mean(result.OfMachine, result.CPUCapacity)
	system, peakOfSystem := u.reading(result.OfSystem, result.CPUCores)
	if noneRead(mean, peak) {
		if noneRead(system, peakOfSystem) {
			return u.generatorsView()
		}
		return fmt.Sprintf("the system %s cores average, %s peak", or(system, trimmed), or(peakOfSystem, trimmed))
	}
	text := fmt.Sprintf("%s average, %s peak", or(mean, portion), or(peak, portion))
	if cores > 0 && !noneRead(cores) {
		text += " of " + coreCount(cores)
	}
	if who := u.who(mean, cores); len(who) > 0 {
		text += " (" + strings.Join(who, ", ") + ")"
	}
	return text + u.quota(cores)
}

// who says who used the CPU time of the machine. What is left of its mean is others'.
func (u Usage) who(mean, cores float64) (who []string) {
	others, known := mean, false
	ourselves := "this generator"
	if u.Unloaded {
		ourselves = "Plimsoll"
	}
	for _, one := range [][2]string{{"the system", result.OfSystem}, {ourselves, result.OfGenerator}} {
		if share := u.mean(one[1], result.CPUCores) / cores; !noneRead(share) {
			who = append(who, one[0]+" "+portion(share))
			others, known = others-share, true
		}
	}
	partly := strings.HasPrefix(u.elsewhere(), notAlways) // then the system's share is of another time than the machine's
	if known && !partly && !noneRead(mean) {
		who = append(who, "others "+portion(max(others, 0)))
	}
	if stolen := u.mean(result.OfMachine, result.StolenShare); !noneRead(stolen) {
		who = append(who, "stolen "+portion(stolen))
	}
	return who
}

// quota says how much a system used of what it may use, if that is less than the machine has.
func (u Usage) quota(cores float64) string {
	own, share := u.mean(result.OfSystem, result.CPUCapacity), u.mean(result.OfSystem, result.CPUShare)
	text := ""
	if own > 0 && own < cores-0.001 && !noneRead(share) {
		text = fmt.Sprintf("; the system used %s of the %s that it may use", portion(share), coreCount(own))
	}
	if throttled := u.mean(result.OfSystem, result.ThrottledShare); throttled > 0 && !noneRead(throttled) {
		text += fmt.Sprintf("; throttled in %s of the periods of its quota", portion(throttled))
	}
	return text
}

// coreCount is a number of cores, which a quota may make a fraction.
func coreCount(n float64) string {
	if n == 1 {
		return "1 core"
	}
	return trimmed(n) + " cores"
}

func (u Usage) thread() string {
	name := plain(u.Watch.Facts[result.Reading(result.OfSystem, result.BusiestThread)], maxName)
	mean, peak := u.reading(result.OfSystem, result.BusiestThread)
	if name == "" || noneRead(mean, peak) {
		return ""
	}
	return fmt.Sprintf("%s, %s average, %s peak of one core", name, or(mean, portion), or(peak, portion))
}

func (u Usage) memory() string {
	used, total := u.mean(result.OfMachine, result.MemoryUsed), u.mean(result.OfMachine, result.MemoryTotal)
	rss, peak := u.reading(result.OfSystem, result.RSSBytes)
	var parts []string
	if !noneRead(used, total) {
		parts = append(parts, usedOf(used, total, 0))
	}
	if !noneRead(rss, peak) {
		whole := func(v float64) string { return memory(v, 1) }
		parts = append(parts, fmt.Sprintf("the system %s, peak %s", or(rss, whole), or(peak, whole)))
	}
	return strings.Join(parts, "; ")
}

// usedOf is memory in use, of how much there is.
func usedOf(used, total float64, decimals int) string {
	words := func(v float64) string { return memory(v, decimals) }
	text := or(used, words) + " / " + or(total, words)
	if !noneRead(used/total) && decimals == 0 {
		text += " (" + portion(used/total) + ")"
	}
	return text
}

func (u Usage) disk() string {
	read, written := u.mean(result.OfMachine, result.ReadBytes), u.mean(result.OfMachine, result.WrittenBytes)
	busy, device := u.mean(result.OfMachine, result.DiskBusy), ""
	prefix := result.Reading(result.OfMachine, result.DiskBusy) + "."
	for _, name := range slices.Sorted(maps.Keys(u.Watch.Mean)) {
		if disk, ok := strings.CutPrefix(name, prefix); ok && (device == "" || u.Watch.Mean[name] > busy) {
			busy, device = u.Watch.Mean[name], disk
		}
	}
	if noneRead(read, written, busy) {
		return ""
	}
	words := func(v float64) string { return traffic(v, 1) }
	text := fmt.Sprintf("%s read, %s written, busy %s", or(read, words), or(written, words), or(busy, portion))
	if device = plain(device, maxName); device != "" {
		text += " (" + device + ")"
	}
	return text
}

func (u Usage) network() string {
	in, out := u.mean(result.OfMachine, result.NetIn), u.mean(result.OfMachine, result.NetOut)
	overflows, again := u.mean(result.OfMachine, result.ListenOverflows), u.mean(result.OfMachine, result.RetransmittedShare)
	if noneRead(in, out, overflows, again) {
		return ""
	}
	words := func(v float64) string { return traffic(v, 0) }
	return fmt.Sprintf("%s in, %s out; %s, %s retransmitted", or(in, words), or(out, words), u.counted(overflows, "listen overflow"), or(again, hundredths))
}

// counted is how often something happened that is read as a rate.
func (u Usage) counted(rate float64, what string) string {
	if rate > 0 && u.Over == 0 && !noneRead(rate) {
		return perSec(rate) + " " + what + "s a second"
	}
	n := or(rate, func(v float64) string { return thousands(int64(math.Round(min(v*u.Over.Seconds(), 1e15)))) })
	if n == "1" {
		return n + " " + what
	}
	return n + " " + what + "s"
}

// gpus has a line for each GPU, one with their models, or one that says why there is none.
func (u Usage) gpus() (lines []string) {
	found := u.subjects(func(subject string) bool { return strings.HasPrefix(subject, result.OfGPU+".") },
		result.GPUBusy, result.GPUMemoryUsed, result.GPUMemoryTotal, result.GPUPower)
	models := map[string][]string{}
	for _, subject := range found {
		busy, peak := u.reading(subject, result.GPUBusy)
		index := name80(strings.TrimPrefix(subject, result.OfGPU+"."))
		lines = append(lines, fmt.Sprintf("GPU %s: %s average, %s peak (time busy); memory %s; %s W", index, or(busy, portion), or(peak, portion),
			usedOf(u.mean(subject, result.GPUMemoryUsed), u.mean(subject, result.GPUMemoryTotal), 1),
			or(u.mean(subject, result.GPUPower), func(v float64) string { return fmt.Sprintf("%.0f", v) })))
		if model := plain(u.Watch.Facts[result.Reading(subject, "name")], maxName); model != "" {
			models[model] = append(models[model], index)
		}
	}
	lines = atMost(lines, maxGPUs, "GPUs")
	var named []string
	for _, model := range slices.Sorted(maps.Keys(models)) {
		named = append(named, fmt.Sprintf("%s (%s)", model, strings.Join(atMost(models[model], maxGPUs, "of them"), ", ")))
	}
	if len(named) > 0 {
		lines = append(lines, "GPU models: "+strings.Join(atMost(named, maxGPUs, "models"), "; "))
	}
	if why, ok := u.absent(result.OfGPU); ok && len(found) == 0 {
		if strings.HasPrefix(why, "no ") {
			return []string{"GPU: none (" + why + ")"}
		}
		return []string{"GPU: not read: " + why}
	}
	return lines
}

// others has a line for each further subject: machines and programs that the profile names.
func (u Usage) others() (lines []string) {
	ours := []string{result.OfSystem, result.OfMachine, result.OfGenerator}
	further := func(subject string) bool {
		return !slices.Contains(ours, subject) && subject != result.OfGPU && !strings.HasPrefix(subject, result.OfGPU+".")
	}
	for _, subject := range u.subjects(further, result.CPUShare, result.CPUCores, result.MemoryUsed, result.RSSBytes, result.MemoryBytes) {
		var parts []string
		if mean, peak := u.reading(subject, result.CPUShare); !noneRead(mean, peak) {
			text := fmt.Sprintf("CPU %s average, %s peak", or(mean, portion), or(peak, portion))
			if cores := u.mean(subject, result.CPUCapacity); cores > 0 && !noneRead(cores) {
				text += " of " + coreCount(cores)
			}
			parts = append(parts, text)
		} else if mean, peak := u.reading(subject, result.CPUCores); !noneRead(mean, peak) {
			parts = append(parts, fmt.Sprintf("CPU %s cores average, %s peak", or(mean, trimmed), or(peak, trimmed)))
		}
		parts = append(parts, u.memoryOf(subject)...)
		lines = append(lines, name80(subject)+": "+strings.Join(parts, "; "))
	}
	return atMost(lines, maxSubjects, "subjects")
}

// memoryOf is the memory of a further subject: of a machine, of processes or of a cgroup.
func (u Usage) memoryOf(subject string) []string {
	if used, total := u.mean(subject, result.MemoryUsed), u.mean(subject, result.MemoryTotal); !noneRead(used, total) {
		return []string{"memory " + usedOf(used, total, 0)}
	}
	for _, figure := range []string{result.RSSBytes, result.MemoryBytes} {
		if mean, peak := u.reading(subject, figure); !noneRead(mean, peak) {
			words := func(v float64) string { return memory(v, 1) }
			return []string{fmt.Sprintf("memory %s, peak %s", or(mean, words), or(peak, words))}
		}
	}
	return nil
}

// notRead names the sources that were not read, by the reasons; the system and GPUs have lines of their own. blind
// says that there are no readings at all.
func (u Usage) notRead(blind bool) string {
	var reasons []string
	sources := map[string][]string{} // by reason
	miss := func(source, why string) {
		switch named := sources[why]; {
		case named == nil:
			reasons = append(reasons, why)
			sources[why] = []string{source}
		case !slices.Contains(named, source):
			sources[why] = append(named, source)
		}
	}
	switch {
	case blind && u.cpu() == "":
		miss("CPU, memory, disk, network and GPUs", "nothing was watched")
	case blind:
		miss("memory, disk, network and GPUs", "nothing was watched")
	}
	for _, a := range u.Watch.Absent {
		if a.Source != result.OfSystem && a.Source != result.OfGPU {
			miss(name80(a.Source), plain(a.Why, maxSentence))
		}
	}
	for i, why := range reasons {
		reasons[i] = fmt.Sprintf("%s (%s)", strings.Join(atMost(sources[why], maxNotRead, "sources"), ", "), why)
	}
	return strings.Join(atMost(reasons, maxNotRead, "reasons"), "; ")
}
