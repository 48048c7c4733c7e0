package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
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
func (c *baselineUpdateCmd) Run(a *app) (err error) {
	measure, policy, err := c.prepare(a)
	if err != nil {
		return err
	}
	// The store is opened before the load: who cannot record need not measure.
	store, err := c.open(a)
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
		a.warn(fmt.Sprintf("the working tree differs from commit %.12s, as which the run is recorded: `plimsoll baseline rm` takes it back", r.Commit))
	}
	record, created, err := store.Put(a.ctx, r)
	if errors.Is(err, baseline.ErrNotWhole) {
		return fmt.Errorf("record the baseline: %w; the result is kept in %s", err, c.file())
	}
	if err != nil {
		return fmt.Errorf("record the baseline: %w; the result is kept in %s: put it later with `plimsoll baseline update --result %[2]s --branch %[3]s`", err, c.file(), r.Branch)
	}
	done := fmt.Sprintf("Recorded run %s of %s as a baseline on %s.", short(record.ID), r.Series, r.Branch)
	if !created {
		done = fmt.Sprintf("Run %s of %s is recorded already, on %s.", short(record.ID), r.Series, record.Branch)
	}
	fmt.Fprintln(a.stdout, done)
	a.summarize(done + "\n")
	if err := c.keepAcceptance(a, store, record); err != nil {
		return err
	}
	return c.trend(a, store, policy, r)
}

// trend tells what has become of the branch, now that it has one run more.
func (c *baselineUpdateCmd) trend(a *app, store baseline.Store, policy gate.Policy, r *result.Result) error {
	policy.Baseline.Branch = r.Branch
	past, err := window(a, store, policy, []*result.Result{r}, nil)
	if err != nil {
		return fmt.Errorf("the run is recorded; look at its branch: %w", err)
	}
	notices := gate.Trend(policy, append(past, r.Summary()))
	if err := report.Notices(a.stdout, notices); err != nil || !a.inActions() || len(notices) == 0 {
		return err
	}
	var b strings.Builder
	_ = report.MarkdownNotices(&b, notices) // a Builder takes everything
	a.summarize(b.String())
	return nil
}

// file is where the result lies that is to be recorded.
func (c *baselineUpdateCmd) file() string { return cmp.Or(c.Result, c.Out) }

// prepare reads what the user gave and returns what gets the result, and the policy.
func (c *baselineUpdateCmd) prepare(a *app) (measure func() (*result.Result, error), policy gate.Policy, err error) {
	if c.Result != "" {
		r, err := readResult(c.Result)
		return func() (*result.Result, error) { return r, nil }, gate.DefaultPolicy(), err
	}
	asked, err := c.read()
	if err != nil {
		return nil, policy, err
	}
	return func() (*result.Result, error) { return c.measure(a, asked) }, asked.policy, nil
}

// readResult reads a result file that the user named.
func readResult(path string) (*result.Result, error) {
	r, err := result.Read(path)
	if err != nil {
		return nil, inputError{err}
	}
	return r, nil
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
func (c *baselineListCmd) Run(a *app) error {
	var infos []baseline.Info
	err := c.use(a, func(store baseline.Store) (err error) {
		infos, err = store.List(a.ctx, baseline.Query{Series: c.Series, Branch: c.Branch, Limit: c.Limit, WithExcluded: true})
		return err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(a.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(infos)
	}
	if len(infos) == 0 && c.Series+c.Branch != "" {
		_, err := fmt.Fprintln(a.stdout, "No baseline runs match.")
		return err
	}
	if len(infos) == 0 {
		_, err := fmt.Fprintln(a.stdout, "No baseline runs. Record one with `plimsoll baseline update`.")
		return err
	}
	return printRuns(a, infos)
}

// printRuns prints a table of runs.
func printRuns(a *app, infos []baseline.Info) error {
	rows := make([][]string, len(infos))
	for i, info := range infos {
		rows[i] = []string{short(info.ID), info.Series, info.Branch, short(info.Commit), info.Started.UTC().Format(time.DateTime), short(info.ProfileDigest), info.Tool, marks(info)}
	}
	return report.Table(a.stdout, []string{"Run", "Series", "Branch", "Commit", "Started (UTC)", "Profile", "Plimsoll", "Mark"}, rows)
}

// baselineShowCmd is plimsoll baseline show.
type baselineShowCmd struct {
	storeFlag
	ID   string `arg:"" help:"The run, or the beginning of its name."`
	JSON bool   `name:"json" help:"Print for machines."`
}

// Run shows one run.
func (c *baselineShowCmd) Run(a *app) error {
	return c.useRun(a, c.ID, func(_ baseline.Store, record baseline.Record) error {
		if c.JSON {
			return result.Encode(a.stdout, record.Result)
		}
		if err := report.Identity(a.stdout, record.Result); err != nil {
			return err
		}
		if said := marks(record.Info); said != "" {
			fmt.Fprintln(a.stdout, said)
		}
		return report.Run(a.stdout, record.Result)
	})
}

// baselineRmCmd is plimsoll baseline rm.
type baselineRmCmd struct {
	storeFlag
	IDs []string `arg:"" name:"id" help:"The runs, or the beginnings of their names."`
}

// Run removes runs, all that are named or none.
func (c *baselineRmCmd) Run(a *app) error {
	return c.use(a, func(store baseline.Store) error {
		var records []baseline.Record
		var ids []string
		for _, id := range c.IDs {
			record, err := store.Get(a.ctx, id)
			if err != nil {
				return namedWrong(err)
			}
			records, ids = append(records, record), append(ids, record.ID)
		}
		if err := store.Remove(a.ctx, ids...); err != nil {
			return err
		}
		for _, record := range records {
			fmt.Fprintf(a.stdout, "Removed run %s of %s.\n", short(record.ID), record.Result.Series)
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
