package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/storage"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// baselineCmd is plimsoll baseline.
type baselineCmd struct {
	Update  baselineUpdateCmd  `cmd:"" help:"Run, or take a result, and record it as a baseline run of this branch."`
	List    baselineListCmd    `cmd:"" help:"List the baseline runs, newest first."`
	Show    baselineShowCmd    `cmd:"" help:"Show one baseline run."`
	Accept  baselineAcceptCmd  `cmd:"" help:"Accept a known change: the run is the first of a new level, and older ones stop counting."`
	Exclude baselineExcludeCmd `cmd:"" help:"Mark a run that does not count, such as one of a broken machine."`
	Rm      baselineRmCmd      `cmd:"" help:"Remove baseline runs."`
	Prune   baselinePruneCmd   `cmd:"" help:"Remove old runs, by age and by number; never the newest of a kind."`
	Export  baselineExportCmd  `cmd:"" help:"Write runs into a file, for another store."`
	Import  baselineImportCmd  `cmd:"" help:"Put the runs of such a file into the store."`
	Roles   baselineRolesCmd   `cmd:"" help:"Print SQL that makes roles for PostgreSQL: reader, writer and admin."`
}

// baselineUpdateCmd is plimsoll baseline update.
type baselineUpdateCmd struct {
	runFlags
	storeFlag
	Result      string `placeholder:"FILE" help:"Record this result instead of running."`
	Branch      string `help:"The branch that the run belongs to (default: the one checked out)."`
	AcceptLabel string `default:"plimsoll-accepted" help:"The label with which a merged pull request was accepted; empty for none."`
}

// Run measures and records.
func (c *baselineUpdateCmd) Run(ctx context.Context, a *console.Console) (err error) {
	measure, policy, err := c.prepare(ctx, a)
	if err != nil {
		return err
	}
	// The store is opened before the load: who cannot record need not measure.
	store, err := c.open(ctx, a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	r, err := measure()
	if err != nil {
		return err
	}
	r.Branch = cmp.Or(c.Branch, r.Branch, "main")
	if r.Dirty {
		a.Warn(fmt.Sprintf("the working tree differs from commit %.12s, as which the run is recorded: `plimsoll baseline rm` removes it again", r.Commit))
	}
	record, err := c.record(ctx, a, store, r)
	if err != nil {
		return err
	}
	if err := c.keepAcceptance(ctx, a, store, record); err != nil {
		return err
	}
	return c.trend(ctx, a, store, policy, r)
}

// prepare reads what the user gave and returns what gets the result, and the policy.
func (c *baselineUpdateCmd) prepare(ctx context.Context, a *console.Console) (measure func() (*result.Result, error), policy gate.Policy, err error) {
	if c.Result != "" {
		r, err := readResult(c.Result)
		return func() (*result.Result, error) { return r, nil }, gate.DefaultPolicy(), err
	}
	j, err := c.job(a)
	if err != nil {
		return nil, policy, err
	}
	bench, err := c.bench(a, j)
	return func() (*result.Result, error) { return bench.Run(ctx) }, j.Policy, err
}

// record puts the result into the store and says so.
func (c *baselineUpdateCmd) record(ctx context.Context, a *console.Console, store baseline.Store, r *result.Result) (baseline.Record, error) {
	file := cmp.Or(c.Result, c.Out)
	record, created, err := store.Put(ctx, r)
	if errors.Is(err, baseline.ErrNotWhole) {
		return record, fmt.Errorf("record the baseline: %w; the result is kept in %s", err, file)
	}
	if err != nil {
		return record, fmt.Errorf("record the baseline: %w; the result is kept in %s: put it later with `plimsoll baseline update --result %[2]s --branch %[3]s`", err, file, r.Branch)
	}
	done := fmt.Sprintf("Recorded run %s of %s as a baseline on %s.", short(record.ID), r.Series, r.Branch)
	if !created {
		done = fmt.Sprintf("Run %s of %s is recorded already, on %s.", short(record.ID), r.Series, record.Branch)
	}
	a.Summarize(done + "\n")
	_, err = fmt.Fprintln(a.Stdout, done)
	return record, err
}

// keepAcceptance marks the run of a merged pull request that was accepted as the first of a new level.
func (c *baselineUpdateCmd) keepAcceptance(ctx context.Context, a *console.Console, store baseline.Store, record baseline.Record) error {
	workflow, err := a.Workflow()
	if err != nil || record.Accepted != nil || record.Commit != workflow.SHA {
		return nil // a broken event: the gate warns of it
	}
	mark := publish.Publisher{Console: a, Workflow: workflow, Options: publish.Options{AcceptLabel: c.AcceptLabel}}.AcceptedMerge(ctx)
	if mark == nil {
		return nil
	}
	if err := store.Accept(ctx, record.ID, *mark); err != nil {
		return fmt.Errorf("the run is recorded; mark it as accepted: %w", err)
	}
	a.Summarize("It is the first of a new level, as was accepted; older runs stop counting.\n")
	_, err = fmt.Fprintf(a.Stdout, "It is the first of a new level, accepted by %s: %s. Older runs stop counting.\n", mark.By, mark.Why)
	return err
}

// trend tells what has become of the branch, now that it has one run more.
func (c *baselineUpdateCmd) trend(ctx context.Context, a *console.Console, store baseline.Store, policy gate.Policy, r *result.Result) error {
	policy.Baseline.Branch = r.Branch
	past, err := window(ctx, store, policy, []*result.Result{r}, nil)
	if err != nil {
		return fmt.Errorf("the run is recorded; look at its branch: %w", err)
	}
	notices := gate.Trend(policy, append(past, r.Summary()))
	if err := report.Notices(a.Stdout, notices); err != nil || len(notices) == 0 {
		return err
	}
	var b strings.Builder
	_ = report.MarkdownNotices(&b, notices) // a Builder takes everything
	a.Summarize(b.String())
	return nil
}

// baselineListCmd is plimsoll baseline list.
type baselineListCmd struct {
	storeFlag
	Series string `arg:"" optional:"" help:"Only this series."`
	Branch string `help:"Only this branch."`
	Limit  int    `default:"50" help:"At most so many."`
	JSON   bool   `name:"json" help:"Print for machines."`
}

// Run lists the runs.
func (c *baselineListCmd) Run(ctx context.Context, a *console.Console) error {
	var infos []baseline.Info
	err := c.use(ctx, a, func(store baseline.Store) (err error) {
		infos, err = store.List(ctx, baseline.Query{Series: c.Series, Branch: c.Branch, Limit: c.Limit, WithExcluded: true})
		return err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(a.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(infos)
	}
	if len(infos) == 0 && c.Series+c.Branch != "" {
		_, err := fmt.Fprintln(a.Stdout, "No baseline runs match.")
		return err
	}
	if len(infos) == 0 {
		_, err := fmt.Fprintln(a.Stdout, "No baseline runs. Record one with `plimsoll baseline update`.")
		return err
	}
	return printRuns(a, infos)
}

// printRuns prints a table of runs.
func printRuns(a *console.Console, infos []baseline.Info) error {
	rows := make([][]string, len(infos))
	for i, info := range infos {
		rows[i] = []string{short(info.ID), info.Series, info.Branch, short(info.Commit), info.Started.UTC().Format(time.DateTime), short(info.ProfileDigest), info.Tool, marks(info)}
	}
	return report.Table(a.Stdout, []string{"Run", "Series", "Branch", "Commit", "Started (UTC)", "Profile", "Plimsoll", "Mark"}, rows)
}

// baselineShowCmd is plimsoll baseline show.
type baselineShowCmd struct {
	storeFlag
	ID   string `arg:"" help:"The run, or the beginning of its name."`
	JSON bool   `name:"json" help:"Print for machines."`
}

// Run shows one run.
func (c *baselineShowCmd) Run(ctx context.Context, a *console.Console) error {
	return c.useRun(ctx, a, c.ID, func(_ baseline.Store, record baseline.Record) error {
		if c.JSON {
			return result.Encode(a.Stdout, record.Result)
		}
		if err := report.Identity(a.Stdout, record.Result); err != nil {
			return err
		}
		if said := marks(record.Info); said != "" {
			fmt.Fprintln(a.Stdout, said)
		}
		return report.Run(a.Stdout, record.Result)
	})
}

// baselineRmCmd is plimsoll baseline rm.
type baselineRmCmd struct {
	storeFlag
	IDs []string `arg:"" name:"id" help:"The runs, or the beginnings of their names."`
}

// Run removes runs, all that are named or none.
func (c *baselineRmCmd) Run(ctx context.Context, a *console.Console) error {
	return c.use(ctx, a, func(store baseline.Store) error {
		var records []baseline.Record
		var ids []string
		for _, id := range c.IDs {
			record, err := store.Get(ctx, id)
			if err != nil {
				return storage.Named(err)
			}
			records, ids = append(records, record), append(ids, record.ID)
		}
		if err := store.Remove(ctx, ids...); err != nil {
			return err
		}
		for _, record := range records {
			fmt.Fprintf(a.Stdout, "Removed run %s of %s.\n", short(record.ID), record.Result.Series)
		}
		return nil
	})
}

// countRuns is a number of runs.
func countRuns(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}

// short is the beginning of a digest or a commit.
func short(text string) string { return text[:min(12, len(text))] }
