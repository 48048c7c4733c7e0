package issues

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// issue is an issue on GitHub and the note in its body.
type issue struct {
	github.Issue
	since  time.Time // when the first run of the setback began, to the microsecond
	run    string    // its ID
	closed string    // why Plimsoll closed the issue; empty if it did not
	falls  []known
}

// known is a fall as a note keeps it, so that its end is seen when the runs before it are gone.
type known struct {
	id            string
	before, after float64
}

// ours reports whether Plimsoll may change an issue. One that a person has closed, or opened again after Plimsoll had
// closed it, is that person's.
func (i issue) ours() bool { return i.Open && i.closed == "" }

// noted are the falls of a setback that a note keeps: those that the issue shows.
func noted(s site.Setback) (falls []known) {
	for _, f := range s.Falls[:min(len(s.Falls), report.MaxSetbackRows)] {
		falls = append(falls, known{f.ID, f.Before, f.After})
	}
	return falls
}

// notClosed stands in a note for an issue that Plimsoll did not close.
const notClosed = "no"

// note is what an issue remembers: since=MICROSECONDS run=ID closed=WORD falls=ID:BEFORE:AFTER,…
func (i issue) note() string {
	var falls []string
	for _, f := range i.falls {
		falls = append(falls, fmt.Sprintf("%s:%.6g:%.6g", f.id, f.before, f.after))
	}
	return fmt.Sprintf("since=%d run=%s closed=%s falls=%s", i.since.UnixMicro(), i.run, cmp.Or(i.closed, notClosed), strings.Join(falls, ","))
}

var (
	noteForm = regexp.MustCompile(`^since=(\d{1,16}) run=([0-9a-f]{1,64}) closed=([a-z]+) falls=(\S*)$`)
	fallForm = regexp.MustCompile(`^([0-9a-f]{16}):([0-9.e+-]+):([0-9.e+-]+)$`)
)

// read reads the notes of issues. It leaves out issues whose notes it cannot read: a newer Plimsoll may have written them.
func read(listed []github.Issue) (all []issue) {
	for _, one := range listed {
		match := noteForm.FindStringSubmatch(one.Note)
		if match == nil {
			continue
		}
		micros, _ := strconv.ParseInt(match[1], 10, 64) // 16 digits fit
		i := issue{Issue: one, since: time.UnixMicro(micros), run: match[2]}
		if match[3] != notClosed {
			i.closed = match[3]
		}
		for text := range strings.SplitSeq(match[4], ",") {
			if fall := fallForm.FindStringSubmatch(text); fall != nil {
				before, err := strconv.ParseFloat(fall[2], 64)
				after, err2 := strconv.ParseFloat(fall[3], 64)
				if err == nil && err2 == nil && before > 0 && after > 0 {
					i.falls = append(i.falls, known{fall[1], before, after})
				}
			}
		}
		all = append(all, i)
	}
	return all
}
