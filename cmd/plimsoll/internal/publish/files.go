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

// MaxMarkdown bounds a report, in bytes: GitHub takes 65,536 characters in a comment, and our marker needs some of
// them.
const MaxMarkdown = 60_000

// Files are the paths of a gate's files; with an empty path the file is not written.
type Files struct {
	Markdown string // the report
	Verdict  string // the report as data, for plimsoll comment
	Result   string // the run that was judged
}

// Write writes the report and the verdict.
func (f Files) Write(rep report.Report) error {
	if f.Markdown != "" {
		write := func(w io.Writer) error { return report.Markdown(w, rep, MaxMarkdown) }
		if err := whole.Write(f.Markdown, write); err != nil {
			return err
		}
	}
	if f.Verdict == "" {
		return nil
	}
	return whole.Write(f.Verdict, func(w io.Writer) error { return report.Encode(w, rep) })
}

// Fit returns the files that can be written, and an error about the others.
func (f Files) Fit() (Files, error) {
	noReport, noVerdict := CheckPlace("--markdown", f.Markdown), CheckPlace("--verdict-file", f.Verdict)
	if noReport != nil {
		f.Markdown = ""
	}
	if noVerdict != nil {
		f.Verdict = ""
	}
	return f, errors.Join(noReport, noVerdict)
}

func (f Files) output(c *console.Console) {
	for _, one := range [][2]string{{"report", f.Markdown}, {"verdict-file", f.Verdict}, {"result", f.Result}} {
		if one[1] != "" {
			c.OutputFile(one[0], one[1])
		}
	}
}

// Read reads a verdict file that a stranger may have written. It must be a plain file, not a link to one of ours.
func Read(path string) (rep report.Report, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return rep, exit.BadInput("read the verdict: %w", err)
	}
	if !info.Mode().IsRegular() {
		return rep, exit.BadInput("read the verdict: %s is not a plain file", path)
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

// CheckPlace returns an error, before anything is measured, if a flag's file cannot be written.
func CheckPlace(flag, path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return exit.BadInput("%s %s is a directory: name a file", flag, path)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return exit.BadInput("%s %s: there is no directory %s", flag, path, filepath.Dir(path))
	}
	return nil
}

// worstChange is the change of the worst metric in percent; empty if none was compared.
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
