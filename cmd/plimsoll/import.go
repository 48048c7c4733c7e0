package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/imports"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// importCmd is plimsoll import.
type importCmd struct {
	Format   string   `arg:"" help:"Which tool wrote the files: ${formats}."`
	Files    []string `arg:"" name:"file" file:"" help:"The files of one run, in any order; gzip is fine."`
	Series   string   `placeholder:"NAME" help:"The series (default: the name of the tool). Give each script of yours its own."`
	Out      string   `short:"o" file:"" default:"result.json" help:"Write the result to this file."`
	Runner   string   `placeholder:"NAME" help:"The machine that generated the load; results of different machines are never compared (default: the CI runner's image)."`
	TimeZone string   `placeholder:"ZONE" help:"The time zone of times that name none, such as Europe/Berlin (default: UTC)."`
	Started  string   `placeholder:"TIME" help:"When the load began, such as 2026-01-31T15:00:00Z, for files that do not tell."`
	JSON     bool     `name:"json" help:"Print JSON on stdout."`
}

// Run makes a result of another tool's files.
func (c *importCmd) Run(ctx context.Context, a *console.Console) error {
	if err := publish.CheckPlace("--out", c.Out); err != nil {
		return err
	}
	options, err := c.options(ctx, a)
	if err != nil {
		return err
	}
	stopped, end := untilStopped(ctx, a)
	defer end()
	r, err := imports.Read(stopped, c.Format, c.Files, options)
	if errors.Is(err, imports.ErrInterrupted) {
		return fmt.Errorf("%w; nothing was written", err)
	}
	if err != nil {
		return exit.AsInput(err)
	}
	if err := c.begin(r); err != nil {
		return err
	}
	if err := r.Validate(); err != nil {
		return exit.BadInput("import %s: %w", strings.Join(c.Files, ", "), err)
	}
	if err := result.Write(c.Out, r); err != nil {
		return err
	}
	if c.JSON {
		err = result.Encode(a.Stdout, r.Compact())
	} else {
		err = report.Run(a.Stdout, r, report.FoundIn(r))
	}
	fmt.Fprintf(a.Stderr, "The result is in %s.\n", c.Out)
	if err == nil && len(r.Problems) > 0 {
		err = errors.New(r.Problems[0].Text)
	}
	return err
}

// options are what the command line says of the files.
func (c *importCmd) options(ctx context.Context, a *console.Console) (o imports.Options, err error) {
	if c.TimeZone != "" {
		if o.Zone, err = time.LoadLocation(c.TimeZone); err != nil {
			return o, exit.BadInput("--time-zone %q: %w", c.TimeZone, err)
		}
	}
	o.Identity = foreign.Identity{Identity: identity.Of(ctx, a, "."), Runner: cmp.Or(c.Runner, a.Env.Get(environ.RunnerImage))}
	o.Identity.Series = cmp.Or(c.Series, c.Format)
	return o, nil
}

// begin moves a result to the time that the user gave.
func (c *importCmd) begin(r *result.Result) error {
	if c.Started == "" {
		return nil
	}
	began, err := time.Parse(time.RFC3339, c.Started)
	if err != nil {
		return exit.BadInput("--started %q is no time such as 2026-01-31T15:00:00Z", c.Started)
	}
	length := r.Finished.Sub(r.Started)
	r.Started = began.UTC().Truncate(time.Millisecond)
	r.Finished = r.Started.Add(length)
	return nil
}
