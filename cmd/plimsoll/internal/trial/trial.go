// Package trial tries a drafted profile on its system: each step is sent once, by the runner that will load it.
//
// Try returns the draft with what was found out: a step that failed is a comment that says how, and so is one that was
// not sent because a step before it had failed. Tables that had to be filled in keep the made-up values with which a
// step succeeded.
package trial

import (
	"context"
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
}

// Try tries a draft.
func Try(ctx context.Context, at Place, d *draft.Draft) (*draft.Draft, error) {
	for _, v := range d.Env {
		if _, set := at.Console.Env.Lookup(v.Name); !set {
			return nil, exit.BadInput("--try needs the variable %s, which is not set: %s", v.Name, v.Why)
		}
	}
	p, problems := profile.Parse("plimsoll.yaml", []byte(d.Filled().YAML()), profile.Surroundings{Env: at.Console.Env.Lookup, Read: at.Read})
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
		names := p.Ports()
		ports, err := runner.FreePorts(1 + len(names))
		if err != nil {
			return nil, err
		}
		values.Port, values.Ports = ports[0], map[string]int{}
		for i, name := range names {
			values.Ports[name] = ports[1+i]
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
			answers = apply(list, answers)
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
func apply(steps []draft.Step, answers []runner.Tried) []runner.Tried {
	for i := range steps {
		s := &steps[i]
		calls := s.Calls()
		if s.Off != "" || calls == 0 || calls > len(answers) {
			continue
		}
		said, off := judged(s, answers[:calls])
		answers = answers[calls:]
		s.Off = off
		if s.Row == nil || s.Row.Tried == ok {
			continue // it succeeded in another task
		}
		if s.Row.Tried = said; said == ok {
			s.Row.Off = false
			s.Row.As = strings.TrimPrefix(s.Row.As, comment)
		} else if !s.Row.Off {
			s.Row.Off = true
			as := strings.TrimPrefix(strings.TrimPrefix(s.Row.As, "task"), "; ")
			if s.Row.As = comment + as; as == "" || as[0] == ',' {
				s.Row.As = comment + "it failed"
			}
		}
	}
	return answers
}

const (
	ok      = "ok"
	untried = "not tried" // the row says why: it is a comment
	comment = "comment: "
	unsaved = "nothing to save at "
)

// judged says how the calls of a step were answered, and why the step is to be a comment; empty for not. One that only
// found nothing to save did what it is there for: it goes on without saving.
func judged(s *draft.Step, answers []runner.Tried) (said, off string) {
	skipped := true
	for _, one := range answers {
		skipped = skipped && one.Skipped
		switch {
		case one.Problem == "":
		case strings.HasPrefix(one.Problem, unsaved) && s.Keys.Get("save") != nil:
			s.Keys = slices.DeleteFunc(s.Keys, func(e draft.Entry) bool { return e.Key == "save" })
			return ok, ""
		default:
			return strings.TrimPrefix(one.Problem, "status "), "tried: " + one.Problem
		}
	}
	if skipped {
		return "not sent", "not tried: a step before it failed, or found nothing"
	}
	return ok, ""
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
