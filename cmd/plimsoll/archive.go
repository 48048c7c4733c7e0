package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/archive"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/input"
	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
)

// baselineExportCmd is plimsoll baseline export.
type baselineExportCmd struct {
	storeFlag
	File   string `arg:"" file:"" help:"The file to write."`
	Series string `help:"Only this series."`
	Branch string `help:"Only this branch."`
}

// Run writes runs, whole or not at all.
func (c *baselineExportCmd) Run(ctx context.Context, a *console.Console) error {
	return c.use(ctx, a, func(store baseline.Store) error {
		n := 0
		err := whole.Write(c.File, func(w io.Writer) (err error) {
			n, err = archive.Export(ctx, w, store, baseline.Query{Series: c.Series, Branch: c.Branch, WithExcluded: true})
			return err
		})
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		_, err = fmt.Fprintf(a.Stdout, "Wrote %s into %s.\n", countRuns(n), c.File)
		return err
	})
}

// baselineImportCmd is plimsoll baseline import.
type baselineImportCmd struct {
	storeFlag
	File string `arg:"" file:"" help:"A file that plimsoll baseline export wrote. The whole file is checked before anything is stored."`
}

// Run puts the runs of a file into the store.
func (c *baselineImportCmd) Run(ctx context.Context, a *console.Console) error {
	f, err := input.Open(c.File)
	if err != nil {
		return exit.BadInput("import: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	return c.use(ctx, a, func(store baseline.Store) error {
		done, err := archive.Import(ctx, f, store)
		if errors.Is(err, archive.ErrMalformed) {
			return exit.BadInput("import %s: %w", c.File, err)
		}
		if err != nil {
			return fmt.Errorf("import %s: %w; %d of its runs are stored; repeat the command to go on", c.File, err, done.New)
		}
		_, err = fmt.Fprintf(a.Stdout, "Put %s into the store; %d were there already.\n", countRuns(done.New), done.Runs-done.New)
		return err
	})
}
