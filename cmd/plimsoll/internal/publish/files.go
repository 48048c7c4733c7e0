package publish

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
)

// maxMarkdown is how long a report is at most, in bytes: GitHub takes 65,536 characters in a comment, and a
// marker stands before it.
const maxMarkdown = 60_000

// Files are where a gate leaves what it found; an empty path is for nowhere.
type Files struct {
	Report  string // markdown
	Verdict string // the report as data, for plimsoll comment
	Result  string // the run that was judged
}

// Write writes the report and the verdict.
func (f Files) Write(rep report.Report) error {
	if f.Report != "" {
		write := func(w io.Writer) error { return report.Markdown(w, rep, maxMarkdown) }
		if err := whole.Write(f.Report, write); err != nil {
			return err
		}
	}
	if f.Verdict == "" {
		return nil
	}
	return whole.Write(f.Verdict, func(w io.Writer) error { return report.Encode(w, rep) })
}

// Fit are the files that can be written, and an error about those that cannot.
func (f Files) Fit() (Files, error) {
	noReport, noVerdict := CheckPlace("--report", f.Report), CheckPlace("--verdict-file", f.Verdict)
	if noReport != nil {
		f.Report = ""
	}
	if noVerdict != nil {
		f.Verdict = ""
	}
	return f, errors.Join(noReport, noVerdict)
}

func (f Files) output(c *console.Console) {
	for _, one := range [][2]string{{"report", f.Report}, {"verdict-file", f.Verdict}, {"result", f.Result}} {
		if one[1] != "" {
			c.OutputFile(one[0], one[1])
		}
	}
}

// Read reads a verdict file that a stranger may have written: a plain file, and no link to one of ours.
func Read(path string) (rep report.Report, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return rep, exit.BadInput("read the verdict: %w", err)
	}
	if !info.Mode().IsRegular() {
		return rep, exit.BadInput("read the verdict: %s is no plain file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return rep, exit.BadInput("read the verdict: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	if rep, err = report.Decode(f); err != nil {
		return rep, exit.BadInput("read the verdict %s: %w", path, err)
	}
	return rep, nil
}

// CheckPlace reports, before anything is measured, that no file can be written where a flag wants it.
func CheckPlace(flag, path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return exit.BadInput("%s %s: that is a directory; name a file", flag, path)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return exit.BadInput("%s %s: there is no directory %s", flag, path, filepath.Dir(path))
	}
	return nil
}

// worstChange is by how many percent the worst metric is worse; empty when none was compared.
func worstChange(v gate.Verdict) string {
	worst := math.Inf(-1)
	for _, c := range v.Comparisons {
		switch {
		case c.Status == gate.NotJudged || c.Metric == gate.FailureRate:
		case c.Metric == gate.Throughput:
			worst = max(worst, -c.Change)
		default:
			worst = max(worst, c.Change)
		}
	}
	if math.IsInf(worst, -1) {
		return ""
	}
	return fmt.Sprintf("%.1f", 100*worst)
}
