package measure

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/plimsoll-ci/plimsoll/runner"
)

// logEvery is how many seconds pass between two lines of progress in a log.
const logEvery = 10

// progress shows how far a run has come: on a terminal one line that is redrawn, elsewhere a
// line each ten seconds, the first after one.
type progress struct {
	w        io.Writer
	terminal bool
	told     int             // times that show was called while loading
	open     bool            // the terminal shows an unfinished line
	phases   map[string]bool // phases without load that the log already has
}

func newProgress(w io.Writer) *progress {
	f, isFile := w.(*os.File)
	return &progress{w: w, phases: map[string]bool{}, terminal: isFile && term.IsTerminal(int(f.Fd()))}
}

func (p *progress) show(now runner.Progress) {
	line := now.Phase
	if now.Loading {
		users := ""
		if now.Users > 0 { // none in the open model
			users = fmt.Sprintf("  %d users", now.Users)
		}
		line = fmt.Sprintf("%s  %s%s  %.0f req/s  p95 %.1f ms  %d failed  %s left",
			clock(now.Elapsed), now.Phase, users, now.PerSec, float64(now.P95)/float64(time.Millisecond), now.Failures, clock(now.Remaining))
		p.told++
	}
	switch {
	case p.terminal:
		fmt.Fprintf(p.w, "\r\x1b[K%s", line)
		p.open = true
	case now.Loading && p.told%logEvery == 1:
		fmt.Fprintln(p.w, line)
	case !now.Loading && !p.phases[line]: // a pairing starts its systems again and again
		p.phases[line] = true
		fmt.Fprintln(p.w, line)
	}
}

// end clears the line on the terminal.
func (p *progress) end() {
	if p.open {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.open = false
	}
}

// clock is a span as minutes and seconds.
func clock(d time.Duration) string {
	seconds := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}
