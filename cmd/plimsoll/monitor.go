package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
)

// monitorCmd is plimsoll monitor.
type monitorCmd struct {
	RunTime    span     `short:"t" help:"How long to watch, such as 300s (default: until an interrupt)."`
	Every      span     `help:"From one reading to the next, 200ms to 1m (default: 1s)."`
	PID        *int     `name:"pid" placeholder:"N" help:"Watch this process and all that it starts."`
	Port       *int     `placeholder:"N" help:"Watch the process that listens on this TCP port, and all that it starts."`
	Container  string   `placeholder:"NAME" help:"Watch this container of docker."`
	Cgroup     string   `placeholder:"PATH" help:"Watch this cgroup, such as /system.slice/api.service."`
	Prometheus []string `placeholder:"URL" sep:"none" help:"Read this text page of Prometheus too. Its readings are named page. May be given several times: page-2, page-3."`
	Go         string   `name:"go" placeholder:"URL" help:"Read the pages of a Go service below this address too, /vars of expvar and /pprof: garbage collection, and the lines at which requests wait."`
	Out        string   `short:"o" file:"" placeholder:"FILE" help:"Write what was read to this file, as JSON."`
	Quiet      bool     `short:"q" help:"No line for each reading."`
	JSON       bool     `name:"json" help:"Print JSON on stdout."`
}

// Run watches without loading, and prints what was used.
func (c *monitorCmd) Run(ctx context.Context, a *console.Console) error {
	m, err := c.watched()
	if err != nil {
		return err
	}
	if c.Out != "" {
		if err := publish.CheckPlace("--out", c.Out); err != nil {
			return err
		}
	}
	watching := runner.Watching{Length: c.RunTime.Duration, Stop: a.Stop}
	if !c.Quiet {
		watching.Show = func(since time.Duration, latest map[string]float64) {
			fmt.Fprintln(a.Stderr, readingLine(since, latest))
		}
	}
	began := time.Now()
	w := runner.Watch(ctx, m, watching)
	over := time.Since(began)
	if c.Out != "" {
		err = writeWatch(c.Out, w)
	}
	if c.JSON {
		return errors.Join(err, encodeWatch(a.Stdout, w))
	}
	return errors.Join(err, report.System(a.Stdout, report.Usage{Watch: w, Over: over, Unloaded: true}))
}

// watched is what the flags name.
func (c *monitorCmd) watched() (m plan.Monitor, err error) {
	m.Every = cmp.Or(c.Every.Duration, time.Second)
	if m.Every < 200*time.Millisecond || m.Every > time.Minute {
		return m, exit.BadInput("--every: %v is out of range: expected 200ms to 1m", m.Every)
	}
	if c.RunTime.set && c.RunTime.Duration <= 0 {
		return m, exit.BadInput("--run-time: expected more than 0; without it, monitor watches until an interrupt")
	}
	given := 0
	for _, is := range []bool{c.PID != nil, c.Port != nil, c.Container != "", c.Cgroup != ""} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return m, exit.BadInput("--pid, --port, --container and --cgroup cannot be combined: one of them names the system")
	case c.PID != nil && *c.PID < 1:
		return m, exit.BadInput("--pid: %d is no process: expected 1 or more", *c.PID)
	case c.Port != nil && (*c.Port < 1 || *c.Port > 65535):
		return m, exit.BadInput("--port: %d is no port: expected 1 to 65535", *c.Port)
	}
	m.System = profile.Subject{None: given == 0, Container: c.Container, Cgroup: c.Cgroup}
	if c.PID != nil {
		m.System.PID = *c.PID
	}
	if c.Port != nil {
		m.System.Port = *c.Port
	}
	for i, address := range c.Prometheus {
		if !isPage(address) {
			return m, exit.BadInput("--prometheus: expected an address such as http://127.0.0.1:9100/metrics, found %q", address)
		}
		name := "page"
		if i > 0 {
			name = fmt.Sprintf("page-%d", i+1)
		}
		m.Pages = append(m.Pages, plan.Page{Page: profile.Page{As: name}, URL: address})
	}
	if m.Go = c.Go; c.Go != "" && !isPage(c.Go) {
		return m, exit.BadInput("--go: expected an address such as http://127.0.0.1:6060/debug, found %q", c.Go)
	}
	return m, nil
}

// isPage reports whether an address can be that of a page.
func isPage(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Hostname() != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// readingLine is one reading in a line. What was not read is left out.
func readingLine(since time.Duration, latest map[string]float64) string {
	line := fmt.Sprintf("%8s", since.Round(100*time.Millisecond))
	for _, part := range []struct {
		label, name string
		write       func(float64) string
	}{
		{"cpu", result.Reading(result.OfMachine, result.CPUShare), inPercent},
		{"memory", result.Reading(result.OfMachine, result.MemoryUsed), mebibytes},
		{"disk", result.Reading(result.OfMachine, result.DiskBusy), inPercent},
		{"system cpu", result.Reading(result.OfSystem, result.CPUCores), inCores},
		{"system memory", result.Reading(result.OfSystem, result.RSSBytes), mebibytes},
	} {
		if value, read := latest[part.name]; read {
			line += fmt.Sprintf("  %s %s", part.label, part.write(value))
		}
	}
	return line
}

func inPercent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }
func mebibytes(bytes float64) string { return fmt.Sprintf("%.0f MiB", bytes/(1<<20)) }
func inCores(n float64) string       { return fmt.Sprintf("%.2f cores", n) }

func writeWatch(path string, w *result.Watch) error {
	return whole.Write(path, func(to io.Writer) error { return encodeWatch(to, w) })
}

func encodeWatch(to io.Writer, w *result.Watch) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	return encoder.Encode(w)
}
