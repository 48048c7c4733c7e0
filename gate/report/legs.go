package report

import (
	"fmt"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// legs says how many pairs each machine of a fleet has measured, or why it has none.
func legs(r *result.Result) (lines []string) {
	for _, leg := range r.Legs {
		name := plain(leg.String(), maxName)
		if leg.Lost != "" {
			lines = append(lines, name+": "+plain(leg.Lost, maxSentence))
			continue
		}
		line := fmt.Sprintf("%s: %s of rounds", name, count(leg.Rounds, "pair"))
		if leg.Starts > 0 {
			line += ", each side started " + count(leg.Starts, "time")
		}
		lines = append(lines, line)
	}
	return lines
}

// legsLost names the legs of a fleet that were not measured, and says what the others saw.
func legsLost(r *gate.Reason) string {
	var names []string
	for _, n := range r.Names {
		names = append(names, plain(n, maxSentence))
	}
	text := strings.Join(names, "; ")
	if r.Text != "" {
		text += fmt.Sprintf("; the other %d alone would give %s, which proves nothing", r.Has, plain(r.Text, maxName))
	}
	return text + "; run all legs again"
}

// onMachines says on how many machines of a fleet the pairs were measured; empty if there is no fleet.
func onMachines(legs int) string {
	if legs == 0 {
		return ""
	}
	return " on " + count(legs, "machine")
}
