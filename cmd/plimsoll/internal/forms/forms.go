// Package forms writes reports in the forms that the user asks for, and reads the files to make them from.
//
// Every command that reports something embeds Flags. Under adds the files that Locust's environment variables ask for,
// Check finds mistakes before anything is measured, and Write takes a Material and writes each form. It writes a file
// whole or not at all, and goes on with the others if one fails. Live writes the history of a run while it runs. Read is
// for plimsoll report: it recognises results and verdict files and matches those that belong together. The packages below
// gate/report describe the content of each form.
package forms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/export"
	"github.com/plimsoll-ci/plimsoll/gate/report/html"
	"github.com/plimsoll-ci/plimsoll/gate/report/junit"
	"github.com/plimsoll-ci/plimsoll/gate/report/locust"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
)

// Flags hold the place of each form. A form with an empty place is not written.
type Flags struct {
	HTML        string `name:"html" placeholder:"FILE" file:"" help:"Write the report as one page of HTML to this file. In its name {u}, {r} and {t} become the users, those started per second, and the seconds of judged load. A load takes it from $$LOCUST_HTML too."`
	Markdown    string `placeholder:"FILE" file:"" help:"Write the report as markdown to this file."`
	CSV         string `name:"csv" placeholder:"PREFIX" help:"Write Locust's CSV files, PREFIX_stats.csv and so on, and PREFIX_system.csv with what was read of the system; of a pairing also PREFIX-base_stats.csv and so on. A load takes it from $$LOCUST_CSV too."`
	JUnit       string `name:"junit" placeholder:"FILE" file:"" help:"Write the report as JUnit to this file, for the test reports of GitLab, Jenkins and other CI systems."`
	HGRM        string `name:"hgrm" placeholder:"DIR" file:"" help:"Write the response times of each route to this directory, as percentile files of HdrHistogram."`
	OpenMetrics string `name:"openmetrics" placeholder:"FILE" file:"" help:"Write the figures as OpenMetrics text to this file, for node_exporter's textfile directory, which wants the name to end in .prom, and for GitLab."`
	OTLP        string `name:"otlp" placeholder:"URL" help:"Send the figures as OTLP over HTTP to this address at the end, such as http://prometheus:9090/api/v1/otlp/v1/metrics. Headers come from $$OTEL_EXPORTER_OTLP_HEADERS."`
}

// Any reports whether any form is asked for.
func (f Flags) Any() bool { return f != Flags{} }

// ButMarkdown returns the flags without markdown: a gate writes that beside its verdict file.
func (f Flags) ButMarkdown() Flags {
	f.Markdown = ""
	return f
}

// Check returns an error that lists every place that cannot be written, and all places that name the same file. beside
// lists the other files that the command reads or writes. Check writes nothing.
func (f Flags) Check(beside ...Place) error {
	var all []error
	places := f.places()
	for _, one := range places {
		all = append(all, publish.CheckPlace(one.Flag, one.Path))
	}
	all = append(all, Apart(append(slices.Clone(beside), places...)))
	if f.HGRM != "" {
		all = append(all, checkDirectory("--hgrm", f.HGRM))
	}
	if f.OTLP != "" {
		_, err := endpoint(f.OTLP)
		all = append(all, err)
	}
	return errors.Join(all...)
}

// places are the files of the forms.
func (f Flags) places() (all []Place) {
	for _, one := range []Place{{"--html", f.HTML}, {"--markdown", f.Markdown}, {"--junit", f.JUnit}, {"--openmetrics", f.OpenMetrics}} {
		if one.Path != "" {
			all = append(all, one)
		}
	}
	if f.CSV != "" {
		for _, file := range locust.Files() {
			all = append(all, Place{"--csv", f.csvFile(file.Suffix)})
		}
	}
	return all
}

// checkDirectory returns an error if a flag's directory neither exists nor can be made.
func checkDirectory(flag, path string) error {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return exit.BadInput("%s %s is a file: name a directory", flag, path)
	}
	above := filepath.Dir(filepath.Clean(path))
	if info, err := os.Stat(above); err != nil || !info.IsDir() {
		return exit.BadInput("%s %s: there is no directory %s to make it in", flag, path, above)
	}
	return nil
}

// csvFile returns the path of one of Locust's files; empty without --csv.
func (f Flags) csvFile(suffix string) string {
	if f.CSV == "" {
		return ""
	}
	return f.CSV + suffix
}

// Needs returns an error if the user asks for a form that cannot show this kind of material.
func (f Flags) Needs(m report.Material) error {
	if m.Run != nil {
		return nil
	}
	for _, one := range []struct{ flag, place string }{{"--csv", f.CSV}, {"--hgrm", f.HGRM}, {"--otlp", f.OTLP}} {
		switch {
		case one.place == "":
		case m.Report != nil:
			return exit.BadInput("%s needs what was measured, and a verdict file does not hold it: give the result of its run too", one.flag)
		default:
			return exit.BadInput("%s needs the result of a run, and this is a search for the highest load: give the result of a run too", one.flag)
		}
	}
	return nil
}

// Options are what Write needs besides the material.
type Options struct {
	Live   bool                // Live has written the history
	Getenv func(string) string // gives the headers for OTLP; nil for none
	// Warn takes the error of an OTLP receiver, so that Write does not return it: the verdict stands anyway. If nil, Write
	// returns the error.
	Warn func(text string)
}

// Write writes every form that the user asked for; an error in one does not stop the others. Without a run it leaves out
// the forms that need one. The notes are sentences about what a form lacks.
func (f Flags) Write(ctx context.Context, m report.Material, o Options) (notes []string, err error) {
	var all []error
	put := func(path string, write func(io.Writer) error) {
		if path != "" {
			all = append(all, putFile(path, write))
		}
	}
	put(filled(f.HTML, m.Run), func(w io.Writer) error { return html.Write(w, m) })
	put(f.Markdown, func(w io.Writer) error { return markdown(w, m) })
	put(f.JUnit, func(w io.Writer) error { return junit.Write(w, m) })
	put(f.OpenMetrics, func(w io.Writer) error { return export.OpenMetrics(w, m) })
	if m.Run == nil {
		return nil, errors.Join(all...)
	}
	if f.CSV != "" {
		notes = append(notes, f.writeCSV(m, o.Live, put)...)
	}
	if f.HGRM != "" {
		files := export.Histograms(m)
		if len(files) == 0 {
			notes = append(notes, "no request has a response time, so there is no file for --hgrm")
		} else {
			all = append(all, makeDirectory(f.HGRM))
		}
		for _, file := range files {
			put(filepath.Join(f.HGRM, file.Name), file.Write)
		}
	}
	if f.OTLP != "" {
		err := post(ctx, f.OTLP, m, o.Getenv)
		if err != nil && o.Warn != nil {
			o.Warn(err.Error())
			err = nil
		}
		all = append(all, err)
	}
	return notes, errors.Join(all...)
}

// baseEnding follows the prefix in the names of the CSV files of a pairing's other side, as in the name of its result.
const baseEnding = "-base"

// writeCSV writes Locust's files of a run, and those of the other side of its pairing. Locust's readers expect one run in a
// file.
func (f Flags) writeCSV(m report.Material, live bool, put func(path string, write func(io.Writer) error)) (notes []string) {
	for _, side := range []struct {
		run    *result.Result
		ending string
	}{{m.Run, ""}, {m.Base, baseEnding}} {
		if side.run == nil {
			continue
		}
		one := report.Material{Run: side.run}
		live := live && side.run == m.Run
		for _, note := range locust.Missing(one, live) {
			if !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
		for _, file := range locust.Files() {
			if !live || file.Suffix != locust.HistorySuffix {
				put(f.csvFile(side.ending+file.Suffix), func(w io.Writer) error { return file.Write(w, one) })
			}
		}
	}
	return notes
}

// markdown writes a verdict as it stands in a comment, or a run as it stands in a job's summary, and a search below it.
func markdown(w io.Writer, m report.Material) error {
	var parts []func() error
	switch {
	case m.Report != nil:
		parts = append(parts, func() error { return report.Markdown(w, *m.Report, publish.MaxMarkdown) })
	case m.Run != nil:
		parts = append(parts, func() error { return report.RunSummary(w, m.Run, report.FoundIn(m.Run)) })
	}
	if m.Capacity != nil {
		parts = append(parts, func() error { return report.CapacityMarkdown(w, *m.Capacity) })
	}
	return inTurn(w, parts)
}

// inTurn writes parts with an empty line between them.
func inTurn(w io.Writer, parts []func() error) error {
	for i, part := range parts {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// putFile writes a file whole or not at all.
func putFile(path string, write func(io.Writer) error) error {
	return told(path, whole.Write(path, write))
}

// told rewords the error of a full disk: the system's text names a temporary file that is gone.
func told(path string, err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("write %s: the disk is full, so nothing of it was kept", path)
	}
	return err
}

// makeDirectory makes a directory, unless it exists.
func makeDirectory(path string) error {
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return told(path, err)
	}
	return nil
}

// endpoint returns the URL to post metrics to.
func endpoint(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, exit.BadInput("--otlp: expected an address such as http://127.0.0.1:4318")
	}
	if strings.Trim(u.Path, "/") == "" { // a collector's
		u.Path = "/v1/metrics"
	}
	return u, nil
}
