package forms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/input"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// shelf holds what was read so far.
type shelf struct {
	verdict  *report.Report
	judged   string // the file of the verdict
	runs     []held
	found    *capacity.Report
	searched string // the file of the search
}

// held is a run and its file.
type held struct {
	file string
	run  *result.Result
}

// Read reads results, verdict files and answers of searches, in any order, and matches them: at most one verdict, its run,
// the other side of its pairing, and a search on the same system. It refuses anything else.
func Read(files []string) (m report.Material, err error) {
	var s shelf
	for _, file := range files {
		if err := s.read(file); err != nil {
			return m, err
		}
	}
	switch {
	case s.verdict != nil:
		m, err = s.judgedBy()
	case len(s.runs) > 0 || s.found == nil:
		m, err = s.alone()
	}
	if err != nil || s.found == nil {
		return m, err
	}
	m.Capacity = s.found
	return m, s.sameSystem(m)
}

// sameSystem returns an error if the search loaded another system than the verdict and the run are about.
func (s *shelf) sameSystem(m report.Material) error {
	series, commit, of := s.found.Series, s.found.Commit, ""
	switch {
	case m.Report != nil:
		series, commit, of = m.Report.Subject.Series, m.Report.Subject.Commit, s.judged
	case m.Run != nil:
		series, commit = m.Run.Series, m.Run.Commit
		of = s.runs[slices.IndexFunc(s.runs, func(h held) bool { return h.run == m.Run })].file
	}
	switch {
	case series != s.found.Series:
		return exit.BadInput("%s is a search on %s, and %s is about %s: they do not belong together", s.searched, s.found.Series, of, series)
	case commit != "" && s.found.Commit != "" && commit != s.found.Commit:
		return exit.BadInput("%s is a search on commit %.12s, and %s is about commit %.12s: they do not belong together", s.searched, s.found.Commit, of, commit)
	}
	return nil
}

// read reads a file and recognises it.
func (s *shelf) read(path string) error {
	file, err := input.Open(path)
	if err != nil {
		return exit.BadInput("read %s: %w", path, err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(file, int64(result.Limit().Bytes)+1))
	if err != nil {
		return exit.BadInput("read %s: %w", path, err)
	}
	switch kindOf(data) {
	case aVerdict:
		if s.verdict != nil {
			return exit.BadInput("%s and %s are two verdicts: give one", s.judged, path)
		}
		rep, err := report.Decode(bytes.NewReader(data))
		if err != nil {
			return exit.BadInput("read the verdict %s: %w", path, err)
		}
		s.verdict, s.judged = &rep, path
	case aResult:
		r, err := result.Decode(bytes.NewReader(data))
		if err != nil {
			return exit.BadInput("read the result %s: %w", path, err)
		}
		for _, one := range s.runs {
			if one.run.ID() == r.ID() {
				return exit.BadInput("%s and %s hold the same run: give it once", one.file, path)
			}
		}
		s.runs = append(s.runs, held{path, r})
	case aSearch:
		if s.found != nil {
			return exit.BadInput("%s and %s are two searches: give one", s.searched, path)
		}
		found, err := capacity.Decode(bytes.NewReader(data))
		if err != nil {
			return exit.BadInput("read the search %s: %w", path, err)
		}
		s.found, s.searched = &found, path
	default:
		return exit.BadInput("%s is neither a result, as plimsoll run writes it, nor a verdict, as plimsoll gate --verdict-file writes it, nor what plimsoll capacity --out writes", path)
	}
	return nil
}

// kind is what a file is.
type kind int

const (
	neither kind = iota
	aResult
	aVerdict
	aSearch
)

// kindOf recognises a file by its keys; for a truncated file, the first keys decide.
func kindOf(data []byte) kind {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		keys = map[string]json.RawMessage{}
		for _, key := range []string{"digest", "profile_digest", "slo"} {
			if bytes.Contains(data[:min(len(data), 4096)], []byte(`"`+key+`"`)) {
				keys[key] = nil
			}
		}
	}
	has := func(key string) bool { _, ok := keys[key]; return ok }
	switch {
	case has("digest"), has("verdict"):
		return aVerdict
	case has("rounds"), has("profile_digest"):
		return aResult
	case has("slo"):
		return aSearch
	default:
		return neither
	}
}

// judgedBy matches a verdict with its runs.
func (s *shelf) judgedBy() (report.Material, error) {
	m := report.Material{Report: s.verdict}
	for _, one := range s.runs {
		if one.run.ID() == s.verdict.Subject.Run {
			m.Run = one.run
		}
	}
	for _, one := range s.runs {
		switch {
		case one.run == m.Run:
		case m.Run == nil:
			return m, exit.BadInput("%s is run %s, and the verdict in %s is about run %.12s: they do not belong together", one.file, one.run, s.judged, s.verdict.Subject.Run)
		case !paired(one.run, m.Run) || m.Base != nil:
			return m, exit.BadInput("%s is run %s, which is no side of what the verdict in %s is about: they do not belong together", one.file, one.run, s.judged)
		default:
			m.Base = one.run
		}
	}
	return m, nil
}

// paired reports whether two runs are the sides of one pairing.
func paired(a, b *result.Result) bool {
	return a.PairSeed != "" && a.PairSeed == b.PairSeed && a.Series == b.Series
}

// alone takes runs without a verdict: one run, or the two sides of a pairing. Base is the run whose file is named base, as
// the measuring commands name it, else the first.
func (s *shelf) alone() (m report.Material, err error) {
	switch len(s.runs) {
	case 1:
		return report.Material{Run: s.runs[0].run}, nil
	case 2:
	default:
		return m, exit.BadInput("these are %d results: give one, or the two sides of one pairing", len(s.runs))
	}
	base, head := s.runs[0], s.runs[1]
	if !paired(base.run, head.run) {
		return m, exit.BadInput("%s and %s are two separate runs: give one of them, or judge them with `plimsoll compare`", base.file, head.file)
	}
	if namedBase(head.file) && !namedBase(base.file) {
		base, head = head, base
	}
	return report.Material{Run: head.run, Base: base.run}, nil
}

// namedBase reports whether a file has the name of the base side: base, the idle load or the fresh process.
func namedBase(file string) bool {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	return slices.ContainsFunc([]string{"-base", "-idle", "-fresh"}, func(ending string) bool { return strings.HasSuffix(name, ending) })
}

// Show writes a report for a terminal: of the verdict, or else of the run, and of the search.
func Show(w io.Writer, m report.Material) error {
	var parts []func() error
	switch {
	case m.Report != nil:
		parts = append(parts, func() error { return report.Terminal(w, *m.Report) })
	case m.Run != nil:
		parts = append(parts, func() error { return report.Run(w, m.Run, report.FoundIn(m.Run)) })
	}
	if m.Capacity != nil {
		parts = append(parts, func() error { return report.Capacity(w, *m.Capacity) })
	}
	if len(parts) == 0 {
		return fmt.Errorf("there is nothing to show")
	}
	return inTurn(w, parts)
}
