// Package trial tries a drafted profile on its system: each step is sent once, by the runner that will load it.
//
// Try returns the draft with what was found out: a step that failed is a comment that says how, and so is one that was
// not sent because a step before it had failed. Tables that had to be filled in keep the made-up values with which a
// step succeeded.
package trial

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Place is where a draft is tried.
type Place struct {
	Console *console.Console
	Dir     string // that the profile will lie in
	Read    func(path string) ([]byte, error)
	Headers draft.Map // sent while trying, and not written
}

// Try tries a draft.
func Try(ctx context.Context, at Place, d *draft.Draft) (*draft.Draft, error) {
	for _, v := range d.Env {
		if _, set := at.Console.Env.Lookup(v.Name); !set {
			return nil, exit.BadInput("--try needs the variable %s, which is not set: %s", v.Name, v.Why)
		}
	}
	tried := d.Filled()
	tried.Headers = append(tried.Headers, at.Headers...)
	p, problems := profile.Parse("plimsoll.yaml", []byte(tried.YAML()), profile.Surroundings{Env: at.Console.Env.Lookup, Read: at.Read})
	if err := problems.Err(); err != nil {
		return nil, err
	}
	pl, err := planOf(p, at)
	if err != nil {
		return nil, err
	}
	answers, err := runner.Try(ctx, runner.System{Plan: pl, Dir: at.Dir}, runner.Config{
		Environ: at.Console.Env.List(), Log: io.Discard, Stop: at.Console.Stop, Guarded: at.Console.Guarded,
	})
	if err != nil {
		return nil, err
	}
	return applied(d.Copy(), answers), nil
}

// planOf makes the plan of a trial.
func planOf(p *profile.Profile, at Place) (*plan.Plan, error) {
	values := plan.Values{Env: at.Console.Env.Lookup, Side: "head"}
	if p.Target.Start != nil {
		var err error
		if values.Port, values.Ports, err = runner.FreePorts(p.Ports()); err != nil {
			return nil, err
		}
	}
	pl, err := plan.Make(p, values)
	return pl, exit.AsInput(err)
}

// applied writes the answers into a draft. They come in the order of its steps.
func applied(d *draft.Draft, answers []runner.Tried) *draft.Draft {
	for _, u := range d.Users {
		if u.IsOff() {
			continue
		}
		lists := [][]draft.Step{u.OnStart}
		for _, t := range u.Tasks {
			if t.IsOff() {
				continue
			}
			lists = append(lists, t.Steps)
		}
		for _, list := range append(lists, u.OnStop) {
			answers = apply(d, list, answers)
		}
	}
	for _, row := range d.Rows {
		if row.Tried == "" {
			row.Tried = untried
		}
	}
	keepFilled(d)
	return d
}

// apply writes the first answers into steps and returns the others.
func apply(d *draft.Draft, steps []draft.Step, answers []runner.Tried) []runner.Tried {
	for i := range steps {
		s := &steps[i]
		calls := s.Calls()
		if s.Off != "" || calls == 0 || calls > len(answers) {
			continue
		}
		out := judged(d, s, answers[:calls])
		answers = answers[calls:]
		s.Off = out.off
		if s.Row != nil && !(s.Row.Tried != "" && !s.Row.Off) { // else it succeeded in another task
			out.tell(s.Row)
		}
	}
	return answers
}

// tell writes the outcome into the row of the step.
func (out outcome) tell(row *draft.Row) {
	row.Tried = out.said
	switch {
	case out.off == "":
		row.Off = false
		row.As = strings.TrimPrefix(row.As, comment)
	case !row.Off:
		row.Off = true
		as := strings.TrimPrefix(strings.TrimPrefix(row.As, "task"), "; ")
		if row.As = comment + as; as == "" || as[0] == ',' {
			row.As = comment + "it failed"
		}
	}
}

const (
	untried = "not tried" // the row says why: it is a comment
	comment = "comment: "
	unsaved = "nothing to save at "
)

// outcome is what became of a step.
type outcome struct {
	said string // for the table
	off  string // why the step is only a comment; empty if it is done
}

// judged is the outcome of a step whose calls were answered so. If a call only found nothing to save, the step is done
// without saving: it did what it is there for.
func judged(d *draft.Draft, s *draft.Step, answers []runner.Tried) outcome {
	skipped := true
	var said []string
	for _, one := range answers {
		skipped = skipped && one.Skipped
		if one.Answer != "" && !slices.Contains(said, one.Answer) {
			said = append(said, one.Answer)
		}
		switch {
		case one.Problem == "":
		case strings.HasPrefix(one.Problem, unsaved) && s.Keys.Get("save") != nil:
			s.Keys = slices.DeleteFunc(s.Keys, func(e draft.Entry) bool { return e.Key == "save" })
			return outcome{said: "ok, nothing to save"}
		default:
			return outcome{strings.TrimPrefix(one.Problem, "status "), "tried: " + one.Problem + madeUp(d, s)}
		}
	}
	if skipped {
		return outcome{"not sent", "not tried: a step before it failed, or found nothing"}
	}
	return outcome{said: cmp.Or(strings.Join(said, ", "), "ok")}
}

// madeUp tells the values that were made up for trying a step, since only the user knows real ones.
func madeUp(d *draft.Draft, s *draft.Step) string {
	var values []string
	for _, t := range d.Unknown(*s) {
		values = append(values, fmt.Sprintf("%s %v", t.Name, append(slices.Clone(t.Made), "x")[0]))
	}
	if len(values) == 0 {
		return ""
	}
	return ", with the made-up " + strings.Join(values, " and ")
}

// keepFilled fills the tables of the steps that succeeded with the values that they succeeded with.
func keepFilled(d *draft.Draft) {
	filled := d.Filled()
	toFill := d.ToFill()
	for i := range d.Data {
		if slices.ContainsFunc(toFill, func(t draft.Table) bool { return t.Name == d.Data[i].Name }) {
			d.Data[i].Values = filled.Data[i].Values
		}
	}
}
