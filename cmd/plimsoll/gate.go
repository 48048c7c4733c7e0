package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/forms"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/lineage"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/measure"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/storage"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// gateCmd is plimsoll gate.
type gateCmd struct {
	runFlags
	storeFlag
	pairFlags
	fleetFlags
	publishFlags
	forms.Flags
	Meeting     string   `placeholder:"NAME" help:"Wait for the shards that meet under this name in the PostgreSQL of --db, write their run to --out, and judge it. auto makes the name from the CI run, as plimsoll run --meet does."`
	Result      []string `placeholder:"FILE" file:"" help:"Judge this result instead of measuring. Repeat it for several runs of one change."`
	FirstRun    string   `enum:"fail,pass" default:"fail" help:"Without any baseline: fail (exit status 4) or pass (0)."`
	VerdictFile string   `placeholder:"FILE" file:"" help:"Write the verdict as JSON to this file, for plimsoll comment."`
}

// Run judges a change; its error is the verdict, when that is not a pass.
func (c *gateCmd) Run(ctx context.Context, a *console.Console) error {
	workflow, err := a.Workflow()
	if err != nil {
		a.Warn(err.Error())
	}
	if c.isLeg() {
		return c.measureLeg(ctx, a, workflow)
	}
	publisher := c.publisher(a, workflow)
	files, unfit := c.files().Fit()
	unplaced := c.settle(a, c.Flags, &files, c.results()...)
	failed := func(series string, err error) error {
		return c.instead(ctx, a, publisher.Error(ctx, series, c.mode(), files, err), err)
	}
	j, err := c.job(a)
	if err = cmp.Or(err, errors.Join(unfit, unplaced), c.checkFleet()); err != nil {
		return failed("", err)
	}
	c.baseBranch(ctx, a, j, workflow)
	if err := c.convene(ctx, a, j); err != nil {
		return failed(j.Name, err)
	}
	m, err := c.judge(ctx, a, j, workflow)
	if err != nil {
		return failed(j.Name, err)
	}
	rep := m.Report
	if !c.UnderLoad && !lostLeg(rep.Verdict) { // under load there is no baseline, and without a leg nothing can fail
		rep.Verdict = rep.Verdict.Cover(j.Policy, j.API)
		if *rep, err = c.alsoUnderLoad(ctx, a, j, *rep); err != nil {
			return failed(j.Name, err)
		}
	}
	publisher.Accept(ctx, rep)
	publisher.Dress(rep)
	err = c.print(ctx, a, files, m, c.exit(a, j.Policy, rep.Verdict))
	publisher.Verdict(ctx, j, *rep, files, exit.Status(err))
	return err
}

// baseBranch fills in the branch that the change goes to.
func (c *gateCmd) baseBranch(ctx context.Context, a *console.Console, j *job.Job, workflow github.Run) {
	j.Policy.Baseline.Branch = cmp.Or(j.Policy.Baseline.Branch, workflow.BaseBranch, workflow.DefaultBranch, lineage.DefaultBranch(ctx, a.Git(j.Dir)))
}

// job reads the profile. Results of other tools need none.
func (c *gateCmd) job(a *console.Console) (*job.Job, error) {
	if len(c.Result) > 0 {
		if r, err := readResult(c.Result[0]); err == nil && r.Origin.Imported() {
			if j, err := job.Without(c.Profile, r.Series, a.Env); j != nil || err != nil {
				return j, err
			}
		}
	}
	return c.runFlags.job(a)
}

// convene takes the run of a meeting as the result to judge.
func (c *gateCmd) convene(ctx context.Context, a *console.Console, j *job.Job) error {
	switch {
	case c.Meeting == "":
		return nil
	case len(c.Result) > 0:
		return exit.BadInput("--result and --meeting each name what to judge: give one of them")
	case c.paired(), c.UnderLoad:
		return exit.BadInput("--meeting gives one run, which is judged against the store: leave out --paired, --against, --base-url and --under-load")
	}
	name, err := meetingName(a, c.Meeting, identity.Of(ctx, a, j.Dir), j.Name)
	if err != nil {
		return err
	}
	r, err := runOfMeeting(ctx, a, storage.Location(a, c.DB), name)
	if err != nil {
		return err
	}
	if err := result.Write(c.Out, r); err != nil {
		return err
	}
	a.OutputFile("result", c.Out)
	for _, p := range r.Problems {
		if p.Kind == result.Skewed { // a late shard is no better than a missing one
			return fmt.Errorf("the meeting %s has no run that can be judged: %s", name, p.Text)
		}
	}
	c.Result = []string{c.Out}
	return nil
}

func (c *gateCmd) mode() gate.Mode {
	switch {
	case c.UnderLoad:
		return gate.UnderLoad
	case c.paired(), c.judgesFleet():
		return gate.Paired
	}
	return gate.Stored
}

// files are where the gate leaves what it found.
func (c *gateCmd) files() publish.Files {
	files := publish.Files{Markdown: c.Markdown, Verdict: c.VerdictFile, Result: c.Out}
	if len(c.Result) > 0 {
		files.Result = c.Result[0]
	}
	return files
}

// judge measures or reads, and judges. The material has the report and the runs that it is about.
func (c *gateCmd) judge(ctx context.Context, a *console.Console, j *job.Job, workflow github.Run) (m report.Material, err error) {
	if c.UnderLoad {
		return c.judgeUnderLoad(ctx, a, j)
	}
	if c.judgesFleet() {
		return c.judgeFleet(ctx, a, j)
	}
	if err := c.checkUnderLoad(ctx, a, j); err != nil {
		return m, err
	}
	switch {
	case !c.paired():
		return c.judgeStored(ctx, a, j, workflow)
	case len(c.Result) > 0:
		return m, exit.BadInput("--result is judged against the store; to judge two results of a paired gate, use `plimsoll compare`")
	case (c.Host != "" || c.GRPCHost != "") && !c.atAddresses():
		return m, exit.BadInput("--host names only one system, and this gate compares two: give --base-url and --head-url")
	}
	bench, err := c.bench(a, j)
	if err != nil {
		return m, err
	}
	if m, err = c.judgePaired(ctx, bench, workflow); err == nil {
		m.Report.Verdict = m.Report.Verdict.Differs(c.loadedOtherwise(ctx, a, j, m.Report.Verdict.Baseline.Commit)...)
	}
	return m, err
}

// judgeStored measures or reads a result, and judges it against the history of the branch.
func (c *gateCmd) judgeStored(ctx context.Context, a *console.Console, j *job.Job, workflow github.Run) (m report.Material, err error) {
	store, err := c.open(ctx, a)
	if err != nil {
		return m, storage.Trouble(err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	fresh, err := c.fresh(ctx, a, j)
	if err != nil {
		return m, err
	}
	stand := lineage.Of(a, j.Dir, j.Policy.Baseline.Branch, workflow).Stand(ctx)
	history, err := baseline.Choose(ctx, store, fresh, past(j.Policy, stand.Commits))
	if err != nil {
		return m, storage.Trouble(fmt.Errorf("read the baseline: %w; the result is kept in %s: judge it later with `plimsoll gate --result %[2]s`", err, c.files().Result))
	}
	base := history[:min(j.Policy.Baseline.Window, len(history))]
	v := gate.Judge(j.Policy, fresh, base)
	if v.Outcome == gate.Inconclusive && v.More > 0 && len(c.Result) == 0 {
		if fresh, err = c.moreRuns(ctx, a, j, fresh, v); err != nil {
			return m, err
		}
		v = gate.Judge(j.Policy, fresh, base)
	}
	commit := v.Baseline.Commit
	if commit == "" && len(stand.Commits) > 0 { // no baseline fits: take the base of the change
		commit = stand.Commits[0]
	}
	if !fresh[0].Origin.Imported() { // otherwise the profile did not load it
		v = v.Differs(c.loadedOtherwise(ctx, a, j, commit)...)
	}
	v = v.On(stand.Commits).Note(gate.Trend(j.Policy, history)...).Note(stand.Notices...)
	rep := report.New(v, fresh[0])
	return report.Material{Report: &rep, Run: fresh[0]}, nil
}

// fresh returns the runs to judge: those of --result, or a new one.
func (c *gateCmd) fresh(ctx context.Context, a *console.Console, j *job.Job) (runs []*result.Result, err error) {
	if len(c.Result) == 0 {
		bench, err := c.bench(a, j)
		if err != nil {
			return nil, err
		}
		r, err := bench.Steady(ctx)
		return []*result.Result{r}, err
	}
	files := map[string]string{} // by the ID of the run
	for i, file := range c.Result {
		r, err := readResult(file)
		if err != nil {
			return nil, err
		}
		if i == 0 && !r.Origin.Imported() { // the flags that the results were measured with
			if err := j.Change(c.change()); err != nil {
				return nil, err
			}
		}
		if r.Series != j.Name {
			return nil, exit.BadInput("%s is a run of %s, the profile %s is of %s: name the series with --series", file, r.Series, c.Profile, j.Name)
		}
		if twin, twice := files[r.ID()]; twice { // a run must not confirm itself
			return nil, exit.BadInput("--result %s and %s hold the same run: give each run once", twin, file)
		}
		hintProfile(a, j, file, r)
		files[r.ID()] = file
		runs = append(runs, r)
	}
	return runs, nil
}

// moreRuns measures the further runs that the verdict asks for.
func (c *gateCmd) moreRuns(ctx context.Context, a *console.Console, j *job.Job, fresh []*result.Result, v gate.Verdict) ([]*result.Result, error) {
	why := slices.IndexFunc(v.Reasons, func(r gate.Reason) bool { return r.Kind == gate.LooksWorse || r.Kind == gate.CommonShift })
	fmt.Fprintf(a.Stderr, "plimsoll: %s; measuring %d more\n", report.Sentence(v.Reasons[max(why, 0)]), v.More)
	bench, err := c.bench(a, j)
	if err != nil {
		return nil, err
	}
	return bench.More(ctx, fresh, v.More)
}

// trendRuns is how many runs of a branch its trend is made of.
const trendRuns = 200

// past says where the history of a change lies.
func past(p gate.Policy, commits []string) baseline.Past {
	return baseline.Past{Branch: p.Baseline.Branch, Commits: commits, Limit: max(trendRuns, p.Baseline.Window)}
}

// print writes the report to its destinations. An error of writing never hides the error that is the verdict.
func (c *gateCmd) print(ctx context.Context, a *console.Console, files publish.Files, m report.Material, verdict error) error {
	m.Report.PassInDoubt = verdict == nil && m.Report.Verdict.Outcome == gate.Inconclusive
	show := report.Terminal
	if c.JSON {
		show = report.Encode
	}
	err := files.Write(*m.Report)
	if err == nil {
		err = show(a.Stdout, *m.Report)
	}
	err = errors.Join(err, c.write(ctx, a, m))
	if err != nil && verdict != nil {
		a.Warn(err.Error()) // the verdict stands
	}
	return cmp.Or(verdict, err)
}

// settle returns the forms to write beside the markdown and the verdict file: none if one of them cannot be written. If
// two flags name the same file, nothing is written at all: the file may be one of the results in beside.
func (c *gateCmd) settle(a *console.Console, f forms.Flags, files *publish.Files, beside ...forms.Place) (err error) {
	beside = append(beside, forms.Place{Flag: "--verdict-file", Path: files.Verdict}, forms.Place{Flag: "--markdown", Path: files.Markdown})
	if c.Flags, err = settled(a, f.ButMarkdown(), beside...); err != nil {
		c.Flags = forms.Flags{}
	}
	if forms.Apart(beside) != nil {
		files.Markdown, files.Verdict = "", ""
	}
	return err
}

// results lists the result files: those to judge, or the one to measure into.
func (c *gateCmd) results() (all []forms.Place) {
	for _, file := range c.Result {
		all = append(all, forms.Place{Flag: "--result", Path: file})
	}
	if len(all) == 0 {
		all = append(all, forms.Place{Flag: "--out", Path: c.Out})
	}
	legs, _ := c.legFiles() // judging returns the error
	for _, file := range legs {
		all = append(all, forms.Place{Flag: "--fleet-results", Path: file})
	}
	if len(legs) > 0 {
		all = append(all, forms.Place{Flag: "--out", Path: measure.Beside(c.Out, result.BaseSide)})
	}
	return all
}

// instead writes an error into the forms in place of a verdict, and returns the error.
func (c *gateCmd) instead(ctx context.Context, a *console.Console, rep report.Report, err error) error {
	if formsErr := c.write(ctx, a, report.Material{Report: &rep}); formsErr != nil {
		a.Warn(formsErr.Error())
	}
	return err
}

// write writes the forms.
func (c *gateCmd) write(ctx context.Context, a *console.Console, m report.Material) error {
	notes, err := c.Flags.Write(ctx, m, forms.Options{Getenv: a.Env.Get, Warn: a.Warn})
	tell(a, notes)
	return err
}

// exit is the verdict as an error, nil when the job may go on.
func (c *gateCmd) exit(a *console.Console, p gate.Policy, v gate.Verdict) error {
	other := func(r gate.Reason) bool { return r.Kind != gate.NoBaseline }
	noBaseline := len(v.Reasons) > 0 && !slices.ContainsFunc(v.Reasons, other)
	switch {
	case v.Outcome == gate.Pass:
		return nil
	case lostLeg(v):
		return errLostLeg
	case v.Outcome == gate.Inconclusive && p.PassInDoubt:
		fmt.Fprintln(a.Stderr, "plimsoll: inconclusive, and gate.inconclusive lets the job go on")
		return nil
	case v.Outcome == gate.Inconclusive && noBaseline && c.FirstRun == "pass":
		fmt.Fprintln(a.Stderr, "plimsoll: no baseline yet, and --first-run pass lets the job go on")
		return nil
	}
	return exit.Verdict{Outcome: v.Outcome}
}
