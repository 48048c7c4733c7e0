package plan

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Words says in plain words what the plan will do, without doing it.
func (p *Plan) Words(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s loads %s.\n", p.Series, p.BaseURL)
	if p.Start != nil {
		if p.Start.Build != "" {
			fmt.Fprintf(&b, "It builds the system with: %s\n", p.Start.Build)
		}
		fmt.Fprintf(&b, "It starts the system with: %s\n", p.Start.Command)
	}
	fmt.Fprintf(&b, "%s, each waiting for its answer, all started by %v.\n", count(len(p.Users), "user"), p.Users[len(p.Users)-1].StartAt)
	fmt.Fprintf(&b, "%v of warm-up, then %s of %v, which are judged: %v in all.\n",
		p.WarmUp, count(p.Rounds, "round"), p.RoundLength, p.Length())
	perBehaviour := make([]int, len(p.Behaviours))
	for _, u := range p.Users {
		perBehaviour[u.Behaviour]++
	}
	for i, behaviour := range p.Behaviours {
		fmt.Fprintf(&b, "%s: %s, %s\n", behaviour.Name, count(perBehaviour[i], "user"), waitWords(behaviour.Wait))
		total := 0
		for _, t := range behaviour.Tasks {
			total += t.Weight
		}
		for _, t := range behaviour.Tasks {
			fmt.Fprintf(&b, "  %5.1f %%  %s\n", 100*float64(t.Weight)/float64(total), stepWords(t))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func stepWords(t Task) string {
	var steps []string
	for _, s := range t.Steps {
		if s.Request != nil {
			steps = append(steps, s.Request.Route)
			continue
		}
		steps = append(steps, waitWords(*s.Wait))
	}
	return strings.Join(steps, ", ")
}

func waitWords(w profile.Wait) string {
	switch {
	case w.Kind == profile.WaitPace:
		return fmt.Sprintf("a task every %v", w.Period)
	case w.Max == 0:
		return "no wait"
	case w.Min == w.Max:
		return fmt.Sprintf("wait %v", w.Min)
	default:
		return fmt.Sprintf("wait %v to %v", w.Min, w.Max)
	}
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// String is the plan in a line, for logs.
func (p *Plan) String() string {
	return fmt.Sprintf("%s: %s, %v warm-up, %s of %v", p.Series, count(len(p.Users), "user"), p.WarmUp.Round(time.Millisecond), count(p.Rounds, "round"), p.RoundLength)
}
