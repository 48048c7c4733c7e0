package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/soak"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Stability says in one line whether anything grew, drifted or broke over a run.
func Stability(courses []gate.Course, over time.Duration) string {
	by := map[gate.Status][]gate.Course{}
	for _, c := range courses {
		by[c.Status] = append(by[c.Status], c)
	}
	parts := []string{lasting(over)}
	switch bad, noted := by[gate.Worse], by[gate.Suspect]; {
	case len(bad) > 0:
		parts = append(parts, firstOf(bad))
	case len(noted) > 0:
		parts = append(parts, firstOf(noted))
	case len(by[gate.Within]) > 0:
		parts = append(parts, "nothing grew or drifted past its limit")
	}
	for _, c := range by[gate.NotJudged] {
		if c.Kind == gate.Growth && c.Why == gate.FewCollections {
			parts = append(parts, course(&c))
		}
	}
	return strings.Join(parts, "; ")
}

// firstOf is the first course in words, and how many more there are.
func firstOf(courses []gate.Course) string {
	text := course(&courses[0])
	if more := len(courses) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// stabilityOf is the line of a run. A run that is too short for a soak is not judged. A pair has no such line: its load
// comes and goes.
func stabilityOf(r *result.Result) string {
	switch length := r.Length(); {
	case r.Starts > 0 || length == 0:
		return ""
	case length < soak.Least:
		return fmt.Sprintf("not judged: %s; a soak takes %s", lasting(length), lasting(soak.Least))
	default:
		return Stability(soak.Courses(gate.DefaultPolicy(), r, soak.Least), length)
	}
}

// lasting is a span as the line of stability writes it: 60 s, 30 min, 4 h.
func lasting(d time.Duration) string {
	switch {
	case d < 10*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return trimmed(d.Minutes()) + " min"
	default:
		return trimmed(d.Hours()) + " h"
	}
}

// course says how one thing went, in a line of plain text.
func course(c *gate.Course) string {
	if c == nil {
		return "something was not stable"
	}
	switch c.Kind {
	case gate.Drift:
		return drifted(c)
	case gate.Growth:
		return grew(c)
	case gate.Failures:
		text := fmt.Sprintf("%s: %s of its requests failed in the last third of the soak, and %s in all of it", name(c.Name), share(c.Now), share(c.Before))
		return text + fmt.Sprintf(" (limit %s)", share(c.Limit))
	case gate.Restarts:
		return fmt.Sprintf("%s was restarted %s", subjectOf(c.Name), times(c.Now))
	case gate.OutOfMemory:
		return fmt.Sprintf("a process of %s was killed for lack of memory %s", subjectOf(c.Name), times(c.Now))
	case gate.MemoryLimit:
		return fmt.Sprintf("%s came to its memory limit %s", subjectOf(c.Name), times(c.Now))
	case gate.Died:
		return fmt.Sprintf("the system ended after %s of judged load: %s", lasting(c.Over), cmp.Or(plain(c.Text, maxSentence), "nobody knows why"))
	}
	return plain(string(c.Kind), maxName)
}

func times(n float64) string {
	if n == 1 {
		return "once"
	}
	return thousands(int64(math.Round(min(max(n, 0), 1e15)))) + " times"
}

func drifted(c *gate.Course) string {
	text := fmt.Sprintf("%s: %s drifted by %s over %s, from %s to %s (limit %s)", name(c.Name), plain(string(c.Metric), maxName), percent(c.Change),
		lasting(c.Over), figure(c.Metric, c.Before), figure(c.Metric, c.Now), bound(c.Limit))
	if c.Why == gate.OnlyNoted {
		text += "; that may be the machine, so it does not fail"
	}
	return text
}

func figure(m gate.Metric, v float64) string {
	if m.IsLatency() {
		return latency(time.Duration(min(max(v, 0), math.MaxInt64/2)))
	}
	return significant(max(v, 0)) + " /s"
}

// grew says how a level grew, or why that is not known.
func grew(c *gate.Course) string {
	what, size := reading(c.Name)
	over := lasting(c.Over)
	if c.Status == gate.NotJudged {
		if c.Why == gate.FewCollections {
			return fmt.Sprintf("%s not judged: %s in %s", what, count(c.Has, "collection"), over)
		}
		return fmt.Sprintf("%s not judged: too few readings in %s; a longer soak, or a lower monitor.every, takes more", what, over)
	}
	text := fmt.Sprintf("%s: %s over %s, from %s to %s (limit %s)", what, percent(c.Change), over, size(max(c.Before, 0)), size(max(c.Now, 0)), bound(c.Limit))
	switch {
	case c.Why == gate.Slowing:
		return text + "; it grows, and slower: a longer run tells"
	case c.Why == gate.Uneven:
		return text + "; it grew in steps, or up and down: a longer run tells"
	case c.Why == gate.ShortSoak:
		text += "; it still grows, and fails a soak of " + lasting(c.Needs)
	case c.Status == gate.Worse:
		text += "; it grew up to the end"
	}
	if (c.Why == gate.ShortSoak || c.Status == gate.Worse) && c.Has == 0 && strings.HasSuffix(c.Name, "."+result.RSSBytes) {
		text += "; no garbage collection was seen: if its runtime has one, let monitor.prometheus read its live heap"
	}
	return text
}

// growing are the readings that may grow, as words, and how their values are written.
var growing = []struct {
	figure, word string
	size         func(float64) string
}{
	{result.RSSBytes, "memory", inBytes}, {result.LiveHeapBytes, "live heap", inBytes}, {result.OpenFiles, "open files", trimmed},
	{result.Threads, "threads", trimmed}, {result.Goroutines, "goroutines", trimmed}, {result.Connections, "connections", trimmed},
}

func inBytes(v float64) string { return memory(v, 1) }

// reading names a reading, and says how its values are written.
func reading(of string) (what string, size func(float64) string) {
	for _, one := range growing {
		if subject, ok := strings.CutSuffix(of, "."+one.figure); ok && subject == result.OfSystem {
			return one.word, one.size
		} else if ok {
			return one.word + " of " + name80(subject), one.size
		}
	}
	return name80(of), trimmed
}

// levelOf is what a reading counts, without its subject, whose name may be anything.
func levelOf(of string) string {
	for _, one := range growing {
		if strings.HasSuffix(of, "."+one.figure) {
			return one.word
		}
	}
	return "of something"
}

// subjectOf is the subject of a reading.
func subjectOf(of string) string {
	subject := of[:max(strings.LastIndex(of, "."), 0)]
	if subject == result.OfSystem {
		return "the system"
	}
	return name80(subject)
}

// unstableHeadline counts what was not stable; empty if nothing was.
func unstableHeadline(v gate.Verdict) string {
	var words []string
	for _, c := range v.Stability {
		if c.Status != gate.Worse {
			continue
		}
		word := map[gate.CourseKind]string{
			gate.Failures: "requests fail", gate.Restarts: "a process was restarted", gate.OutOfMemory: "a process was killed for lack of memory",
			gate.MemoryLimit: "memory came to its limit", gate.Died: "the system ended",
		}[c.Kind]
		if c.Kind == gate.Growth {
			word = "more and more " + levelOf(c.Name)
		}
		if word != "" && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return strings.Join(atMost(words, 3, "things"), ", ")
}

// stable are the lines of a soak's courses that are judged, worst first; the drift of figures only if it is noted.
func stable(courses []gate.Course) (lines []string) {
	courses = slices.Clone(courses)
	slices.SortStableFunc(courses, func(a, b gate.Course) int { return b.Status.Severity() - a.Status.Severity() })
	for i := range courses {
		if c := &courses[i]; c.Kind == gate.Growth && c.Status != gate.Worse && c.Status != gate.Suspect {
			lines = append(lines, course(c))
		}
	}
	return atMost(lines, maxCourseLines, "readings")
}

// writeStable folds how the readings of a soak went.
func (v view) writeStable(b *strings.Builder) {
	if lines := stable(v.Verdict.Stability); len(lines) > 0 {
		fmt.Fprintf(b, "<details><summary>How the soak went</summary>\n\n%s\n</details>\n\n", block(lines))
	}
}

// steady is the headline of a soak that passes.
func (r Report) steady() string {
	v, over, blind := r.Verdict, lasting(time.Duration(r.Subject.Rounds)*r.Subject.RoundLength), 0
	for _, c := range v.Stability {
		if c.Kind == gate.Growth && c.Status == gate.NotJudged {
			blind++
		}
	}
	text := "stable over " + over
	if blind > 0 {
		text = fmt.Sprintf("nothing failed in %s, %s not judged", over, count(blind, "reading"))
	}
	if v.Total > 0 {
		text += fmt.Sprintf(", and %d of %s within limits of a fresh process", v.Compared, count(v.Total, "route"))
	}
	return text
}

// maxCourseLines is the most readings that are listed.
const maxCourseLines = 20
