package result

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// given is a part of something, with its name and where it comes from.
type given struct {
	from, name string
	*Result
}

func (g given) String() string { return fmt.Sprintf("%s (%s)", g.name, g.from) }

// apart says why results are not all the shards of one load: a sentence for each reason, in the order of the shards.
func apart(from map[string]*Result) (reasons []string) {
	var parts []given
	for _, name := range slices.Sorted(maps.Keys(from)) {
		switch r := from[name]; {
		case r.Part != nil:
			parts = append(parts, given{name, r.Part.String(), r})
		case len(r.Shards) > 0:
			reasons = append(reasons, name+" is a merged run already: give the results of its shards")
		default:
			reasons = append(reasons, name+" is a whole run and no shard: plimsoll run --shard makes shards")
		}
	}
	slices.SortStableFunc(parts, func(a, b given) int { return cmp.Compare(a.Part.Index, b.Part.Index) })
	var full []given
	for _, g := range parts {
		if why := g.cut(); why != "" {
			reasons = append(reasons, fmt.Sprintf("%v %s", g, why))
			continue
		}
		full = append(full, g)
	}
	return append(append(reasons, unlike(full, properties, "load")...), incomplete(parts)...)
}

// cut says what a shard lacks of its own part; empty if nothing.
func (g given) cut() string {
	noTally := func(r Round) bool { return r.Tally == nil }
	for _, p := range g.Problems {
		if !slices.Contains([]ProblemKind{PartOnly, Saturated, Busy, Faulty}, p.Kind) {
			return "was cut short: " + p.Text
		}
	}
	switch {
	case g.PlannedRounds == 0 || len(g.Rounds) < g.PlannedRounds:
		return fmt.Sprintf("was cut short: it has %d of %d rounds", len(g.Rounds), g.PlannedRounds)
	case g.Part.Began.IsZero():
		return "does not say when its load began"
	case slices.ContainsFunc(g.Rounds, noTally):
		return "has no counts of its rounds: give the file that --out wrote, and not what --json printed"
	}
	return ""
}

// property is what all parts of one whole have in common.
type property struct {
	name string
	of   func(*Result) string
}

var properties = []property{
	{"number of shards", shardsOf},
	{"series", func(r *Result) string { return r.Series }},
	{"profile digest", func(r *Result) string { return r.ProfileDigest }},
	{"seed", func(r *Result) string { return r.Part.Seed }},
	{"plan of rounds", roundsOf},
	{"target", func(r *Result) string { return r.Target }},
	{"repository", func(r *Result) string { return r.Repository }},
	{"commit", commitOf},
	{"version of plimsoll", func(r *Result) string { return r.Tool }},
	{"CI run and attempt", func(r *Result) string { return r.CIRun }},
	{"setup", func(r *Result) string { return r.Part.Setup }},
}

func shardsOf(r *Result) string { return strconv.Itoa(r.Part.Of) }

func commitOf(r *Result) string {
	if r.Dirty {
		return r.Commit + " with changes"
	}
	return r.Commit
}

// roundsOf says when the rounds lie.
func roundsOf(r *Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", len(r.Rounds))
	for _, round := range r.Rounds {
		fmt.Fprintf(&b, " %v+%v", round.Start, round.Length)
	}
	return b.String()
}

// unlike names each part that differs from most of the others. whole is what they are parts of.
func unlike(parts []given, properties []property, whole string) (reasons []string) {
	for _, p := range properties {
		most := usual(parts, p.of)
		for _, g := range parts {
			if value := p.of(g.Result); value != most {
				reasons = append(reasons, fmt.Sprintf("%v is of another %s: its %s is %s, and the others have %s", g, whole, p.name, orNone(shortened(value)), orNone(shortened(most))))
			}
		}
	}
	return reasons
}

// usual returns the value that most parts have. If two values are equally frequent, it is the one that comes first.
func usual(parts []given, of func(*Result) string) (most string) {
	counts := map[string]int{}
	if len(parts) > 0 {
		most = of(parts[0].Result)
	}
	for _, g := range parts {
		counts[of(g.Result)]++
	}
	for _, g := range parts {
		if value := of(g.Result); counts[value] > counts[most] {
			most = value
		}
	}
	return most
}

// shortened is a value that fits into a sentence: one line of at most 80 characters.
func shortened(value string) string {
	text := []rune(oneLine(value))
	if len(text) > 80 {
		return string(text[:77]) + "..."
	}
	return string(text)
}

// incomplete names the shards that are missing, or there more than once.
func incomplete(parts []given) (reasons []string) {
	there := map[int][]string{}
	for _, g := range parts {
		there[g.Part.Index] = append(there[g.Part.Index], g.from)
	}
	n, err := strconv.Atoi(usual(parts, shardsOf))
	if err != nil { // there is no shard at all
		return nil
	}
	var missing []string
	for i := range n {
		switch files := there[i]; len(files) {
		case 0:
			missing = append(missing, strconv.Itoa(i+1))
		case 1:
		default:
			reasons = append(reasons, fmt.Sprintf("shard %d of %d is there %d times: %s", i+1, n, len(files), strings.Join(files, ", ")))
		}
	}
	if more := len(missing) - maxMissing; more > 0 {
		missing = append(missing[:maxMissing:maxMissing], fmt.Sprintf("%d others", more))
	}
	switch len(missing) {
	case 0:
		return reasons
	case 1:
		return append(reasons, fmt.Sprintf("shard %s of %d is missing", missing[0], n))
	}
	return append(reasons, fmt.Sprintf("shards %s of %d are missing", strings.Join(missing, ", "), n))
}

// maxMissing is the most missing shards that are named.
const maxMissing = 20
