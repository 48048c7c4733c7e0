package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
)

// gateCmd is plimsoll gate.
type gateCmd struct {
	runFlags
	storeFlag
	pairFlags
	publishFlags
	Result      []string `placeholder:"FILE" help:"Judge this result instead of running; several are several runs of one change."`
	Report      string   `placeholder:"FILE" help:"Write the report as markdown."`
	FirstRun    string   `enum:"fail,pass" default:"fail" help:"What a gate without any baseline does to the exit status: fail or pass."`
	VerdictFile string   `placeholder:"FILE" help:"Write the verdict as data, for plimsoll comment."`
}

// Run judges a change; its error is the verdict, when that is not a pass.
func (c *gateCmd) Run(a *app) error {
	workflow, err := github.FromEnv(a.getenv)
	if err != nil {
		a.warn(err.Error())
	}
	asked, err := c.read()
	if err == nil {
		err = errors.Join(place("--report", c.Report), place("--verdict-file", c.VerdictFile))
	}
	if err != nil {
		c.publishError(a, workflow, "", err)
		return err
	}
	asked.policy.Baseline.Branch = cmp.Or(asked.policy.Baseline.Branch, workflow.BaseBranch, workflow.DefaultBranch, defaultBranch(a.ctx, asked.dir))
	rep, err := c.judge(a, asked, workflow)
	if err != nil {
		c.publishError(a, workflow, asked.Name, err)
		return err
	}
	c.accept(a, workflow, &rep)
	c.dress(&rep, workflow)
	unwritten := c.print(a, rep)
	err = c.exit(a, asked.policy, rep.Verdict)
	switch {
	case unwritten != nil && err == nil:
		err = unwritten
	case unwritten != nil:
		a.warn(unwritten.Error()) // the verdict stands
	}
	c.publish(a, asked, workflow, rep, exitStatus(err))
	return err
}

func (c *gateCmd) judge(a *app, asked *asked, workflow github.Run) (report.Report, error) {
	if c.paired() {
		return c.judgePaired(a, asked, workflow)
	}
	return c.judgeStored(a, asked, workflow)
}

// judgeStored measures, or reads, and judges by the history of the branch.
func (c *gateCmd) judgeStored(a *app, asked *asked, workflow github.Run) (rep report.Report, err error) {
	store, err := c.open(a)
	if err != nil {
		return rep, storeError{err}
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	fresh, err := c.fresh(a, asked)
	if err != nil {
		return rep, err
	}
	stands := c.standsOn(a, asked, workflow)
	past, err := window(a, store, asked.policy, fresh, stands.commits)
	if err != nil {
		return rep, storeError{fmt.Errorf("read the baseline: %w; the result is kept in %s: judge it later with `plimsoll gate --result %[2]s`", err, c.file())}
	}
	base := past[:min(asked.policy.Baseline.Window, len(past))]
	v := gate.Judge(asked.policy, fresh, base)
	if v.Outcome == gate.Inconclusive && v.More > 0 && len(c.Result) == 0 {
		if fresh, err = c.moreRuns(a, asked, fresh, v); err != nil {
			return rep, err
		}
		v = gate.Judge(asked.policy, fresh, base)
	}
	v.Notices = append(v.Notices, gate.Trend(asked.policy, past)...)
	v.Baseline.Behind = stands.behind(v.Baseline.Commit)
	if stands.notice != nil {
		v.Notices = append(v.Notices, *stands.notice)
	}
	return report.New(v, fresh[0]), nil
}

// fresh are the runs to be judged: those of files, or one that is measured now.
func (c *gateCmd) fresh(a *app, asked *asked) (runs []*result.Result, err error) {
	if len(c.Result) == 0 {
		r, err := c.measure(a, asked)
		return []*result.Result{r}, err
	}
	for _, file := range c.Result {
		r, err := readResult(file)
		if err != nil {
			return nil, err
		}
		if r.Series != asked.Name {
			return nil, badInput("%s is a run of %s, the profile %s is of %s", file, r.Series, c.Profile, asked.Name)
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// moreRuns measures as many further runs of the same change as the verdict asks for. Each has a
// file of its own, beside the first one's.
func (c *gateCmd) moreRuns(a *app, asked *asked, fresh []*result.Result, v gate.Verdict) ([]*result.Result, error) {
	why := slices.IndexFunc(v.Reasons, func(r gate.Reason) bool { return r.Kind == gate.LooksWorse || r.Kind == gate.CommonShift })
	fmt.Fprintf(a.stderr, "plimsoll: %s; measuring %d more\n", v.Reasons[max(why, 0)].Text, v.More)
	one := c.runFlags
	for range v.More {
		one.Out = suffixed(c.Out, strconv.Itoa(len(fresh)+1))
		r, err := one.remeasure(a, asked)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, r)
	}
	return fresh, nil
}

// suffixed is a file beside another: result-base.json beside result.json.
func suffixed(file, suffix string) string {
	extension := filepath.Ext(file)
	return strings.TrimSuffix(file, extension) + "-" + suffix + extension
}

// file is where the run that is judged lies.
func (c *gateCmd) file() string {
	if len(c.Result) > 0 {
		return c.Result[0]
	}
	return c.Out
}

// trendRuns is how many runs of a branch are looked at for what has become of it.
const trendRuns = 200

// window is the past of runs, newest first: the runs that fit them, of which the first are the
// baseline, or else the newest there is, so that the verdict can say what it differs in. Of
// commits, when they are known, there must be one.
func window(a *app, store baseline.Store, p gate.Policy, fresh []*result.Result, commits []string) ([]result.Summary, error) {
	head := fresh[0]
	any := baseline.Query{Series: head.Series, Repository: head.Repository, Branch: p.Baseline.Branch, Commits: commits, Limit: 1}
	fitting := any
	fitting.Limit, fitting.SinceAccepted = max(trendRuns, p.Baseline.Window), true
	fitting.ProfileDigest, fitting.Environment = head.ProfileDigest, head.Environment.Class()
	for _, query := range []baseline.Query{fitting, any} {
		records, err := store.Window(a.ctx, query)
		if err != nil {
			return nil, err
		}
		var runs []result.Summary
		for _, record := range records {
			itself := func(r *result.Result) bool { return r.ID() == record.ID }
			if !slices.ContainsFunc(fresh, itself) { // a run is no witness for itself
				runs = append(runs, record.Result.Summary())
			}
		}
		if len(runs) > 0 {
			return runs, nil
		}
	}
	return nil, nil
}

// print writes the report where it was asked for.
func (c *gateCmd) print(a *app, rep report.Report) error {
	if c.Report != "" {
		write := func(w io.Writer) error { return report.Markdown(w, rep, maxMarkdown) }
		if err := whole.Write(c.Report, write); err != nil {
			return err
		}
	}
	if c.VerdictFile != "" {
		write := func(w io.Writer) error { return report.Encode(w, rep) }
		if err := whole.Write(c.VerdictFile, write); err != nil {
			return err
		}
	}
	if c.JSON {
		return report.Encode(a.stdout, rep)
	}
	return report.Terminal(a.stdout, rep)
}

// exit is the verdict as an error, nil when the job may go on.
func (c *gateCmd) exit(a *app, p gate.Policy, v gate.Verdict) error {
	noBaseline := len(v.Reasons) > 0 && v.Reasons[0].Kind == gate.NoBaseline
	switch {
	case v.Outcome == gate.Pass:
		return nil
	case v.Outcome == gate.Inconclusive && p.PassInDoubt:
		fmt.Fprintln(a.stderr, "plimsoll: inconclusive, and gate.inconclusive lets the job go on")
		return nil
	case v.Outcome == gate.Inconclusive && noBaseline && c.FirstRun == "pass":
		fmt.Fprintln(a.stderr, "plimsoll: no baseline yet, and --first-run pass lets the job go on")
		return nil
	}
	return verdictError{v.Outcome}
}
