package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/input"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/lineage"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/backtest"
	"github.com/plimsoll-ci/plimsoll/gate/history"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// backtestCmd is plimsoll backtest.
type backtestCmd struct {
	profileFlag
	storeFlag
	Files   []string `arg:"" file:"" optional:"" help:"Histories: CSV, or data.js of github-action-benchmark (default: the store's runs of the profile's series)."`
	Windows int      `placeholder:"N" help:"Judge N windows of each history instead of its runs in chronological order. The runs in a window are shuffled, so there is no change to find."`
	Inject  percent  `placeholder:"30%" help:"With --windows: make one figure of each window this much worse, and count how often the gate finds it."`
	Seed    uint64   `default:"1" help:"The seed of the random choices."`
	JSON    bool     `name:"json" help:"Print one JSON object for each report."`
}

// percent is a flag such as 30%.
type percent float64

// UnmarshalText reads 30%, 30 % or 0.3.
func (p *percent) UnmarshalText(text []byte) error {
	number, isPercent := strings.CutSuffix(string(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || v < 0 {
		return fmt.Errorf("%q is no share: write one such as 30%%", text)
	}
	if isPercent {
		v /= 100
	}
	*p = percent(v)
	return nil
}

// Run replays the histories.
func (c *backtestCmd) Run(ctx context.Context, a *console.Console) error {
	if c.Inject > 0 && c.Windows == 0 {
		return exit.BadInput("--inject makes windows worse: say how many with --windows")
	}
	if c.Inject >= 1 {
		return exit.BadInput("--inject=%g%%: throughput cannot fall by 100 %% or more", 100*float64(c.Inject))
	}
	policy, suites, err := c.suites(ctx, a)
	if err != nil {
		return err
	}
	replay := report.Replay{Policy: policy, Suites: suites, Windows: c.Windows > 0, Injected: c.Inject > 0}
	judged := 0
	for _, s := range suites {
		var r []backtest.Report
		if c.Windows > 0 {
			r = backtest.Windows(policy, s, c.Windows, float64(c.Inject), c.Seed)
		} else {
			r = backtest.InOrder(policy, s)
		}
		replay.Reports = append(replay.Reports, r)
		judged += len(r)
	}
	show := replay.Terminal
	if c.JSON {
		show = replay.JSON
	}
	if err := show(a.Stdout); err != nil {
		return err
	}
	if judged == 0 {
		return errors.New("backtest: " + replay.TooShort())
	}
	return nil
}

// suites returns the histories to replay, and the policy that judges them.
func (c *backtestCmd) suites(ctx context.Context, a *console.Console) (gate.Policy, []backtest.Suite, error) {
	if len(c.Files) == 0 {
		j, err := job.Read(c.Profile, a.Env)
		if err != nil {
			return gate.Policy{}, nil, err
		}
		suites, err := c.stored(ctx, a, j)
		return j.Policy, suites, err
	}
	policy, err := job.Policy(c.Profile, a.Env)
	if err != nil {
		return policy, nil, err
	}
	var suites []backtest.Suite
	for _, file := range c.Files {
		read, err := readHistory(a, file, policy)
		if err != nil {
			return policy, nil, err
		}
		suites = append(suites, read...)
	}
	return policy, suites, nil
}

// readHistory reads one file. Its figures all have the policy's limit.
func readHistory(a *console.Console, file string, p gate.Policy) ([]backtest.Suite, error) {
	f, err := input.Open(file)
	if err != nil {
		return nil, exit.BadInput("read history: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	histories, err := history.Read(filepath.Base(file), f)
	if err != nil {
		return nil, exit.AsInput(err)
	}
	var suites []backtest.Suite
	for _, h := range histories {
		if h.Unusable > 0 {
			a.Warn(fmt.Sprintf("%s, %s: %d values are zero, negative or no number and are left out", file, h.Name, h.Unusable))
		}
		if h.Doubled > 0 {
			a.Warn(fmt.Sprintf("%s, %s: %d of its values are left out, because their run has one of that name already; the first is %q", file, h.Name, h.Doubled, h.Double))
		}
		suites = append(suites, backtest.FromHistory(p, h))
	}
	return suites, nil
}

// mostStored is the largest number of stored runs to replay.
const mostStored = 5000

// stored returns the store's runs of the profile's series, one suite for each group of comparable runs.
func (c *backtestCmd) stored(ctx context.Context, a *console.Console, j *job.Job) (suites []backtest.Suite, err error) {
	branch := cmp.Or(j.Policy.Baseline.Branch, lineage.DefaultBranch(ctx, a.Git(j.Dir)))
	var records []baseline.Record
	err = c.use(ctx, a, func(store baseline.Store) (err error) {
		records, err = store.Window(ctx, baseline.Query{Series: j.Name, Branch: branch, Limit: mostStored})
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, exit.BadInput("the store has no runs of %s on %s: record some with `plimsoll baseline update`, or name a file", j.Name, branch)
	}
	var runs []result.Summary
	for _, record := range slices.Backward(records) { // oldest first
		runs = append(runs, record.Summary)
	}
	return backtest.FromRuns(j.Policy, runs), nil
}
