package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Setback is what got worse on a branch and stayed so, for an issue about it. All its texts may be hostile.
type Setback struct {
	Series, Branch   string
	Run              string // the ID of the first run of it
	When             time.Time
	Commit, Author   string
	Before           string // the commit of the run before
	Profile          bool   // the profile changed in that run
	Rows             []SetbackRow
	Commits, Compare string // addresses of the commit, and of what it changed
	History          string // address of the history of the first row
}

// SetbackRow is a figure of a route in one environment.
type SetbackRow struct {
	Route, Figure, Environment string
	Was, Is, Change            string
	Commit                     string // of the first run that shows it
}

// MaxSetbackRows is how many rows an issue shows.
const MaxSetbackRows = 20

// Title is the title of the issue: plain text of less than 256 characters.
func (s Setback) Title() string {
	if len(s.Rows) == 0 {
		return ""
	}
	worst := s.Rows[0]
	title := fmt.Sprintf("%s: %s of %s went from %s to %s", plain(s.Series, maxName), plain(worst.Figure, 40), plain(worst.Route, maxName), worst.Was, worst.Is)
	if more := len(s.Rows) - 1; more > 0 {
		title += fmt.Sprintf(", and %s got worse", count(more, "more figure"))
	}
	return title
}

// Markdown is the text of the issue, some 10 KB at most: what got worse, since which commit, where, and what to do.
func (s Setback) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s got worse on %s and stayed so, since run %s", count(len(s.Rows), "figure"), span(s.Series, maxName), span(s.Branch, maxName), span(short(s.Run), maxName))
	if s.Commit != "" {
		b.WriteString(" of commit " + s.linked(short(s.Commit), s.Commits))
	}
	if s.Author != "" {
		b.WriteString(" by " + span(s.Author, maxName))
	}
	fmt.Fprintf(&b, " on %s.", s.When.UTC().Format(time.DateOnly))
	if s.Before != "" && s.Before != s.Commit {
		b.WriteString(" The run before it was of commit " + span(short(s.Before), maxName))
		if compare := link("what changed", s.Compare); compare != "" {
			b.WriteString(": " + compare)
		}
		b.WriteString(".")
	}
	if s.Profile {
		b.WriteString(" The profile changed in that run too, and with it perhaps what is measured.")
	}
	b.WriteString("\n\n")
	s.table().write(&b)
	if more := len(s.Rows) - MaxSetbackRows; more > 0 {
		fmt.Fprintf(&b, "\nand %s.\n", count(more, "more figure"))
	}
	if environments := s.environments(); len(environments) == 1 {
		b.WriteString("\nMeasured on: " + span(environments[0], 2*maxName) + ".")
	}
	if history := link("History", s.History); history != "" {
		b.WriteString(" " + history)
	}
	mark := func(how string) string {
		return span("plimsoll baseline "+how+" "+short(s.Run)+" --why REASON", 2*maxName)
	}
	b.WriteString("\n\n- If it is meant to be: " + mark("accept") + ". Later runs are then compared with the new level.\n" +
		"- If these runs measured something else, such as a disturbed machine: " + mark("exclude") + ", and the same for the runs after it.\n")
	b.WriteString("- Else fix it. This issue is closed when the level is back, when the run is accepted or when it is excluded, by the next run on the branch.\n\n" +
		"If you close it, it stays closed and no other is opened for this. It is found again by its label and by the hidden first line.\n")
	return b.String()
}

// linked is a code span that leads to an address, if that is one.
func (s Setback) linked(text, address string) string {
	return cmp.Or(link(span(text, maxName), address), span(text, maxName))
}

// environments are the environments of the rows, without repetition.
func (s Setback) environments() (all []string) {
	for _, r := range s.Rows {
		if !slices.Contains(all, r.Environment) {
			all = append(all, r.Environment)
		}
	}
	return all
}

// table shows commits and environments where they differ.
func (s Setback) table() *table {
	commits := slices.ContainsFunc(s.Rows, func(r SetbackRow) bool { return r.Commit != s.Commit })
	environments := len(s.environments()) > 1
	t := &table{header: []string{"Route", "Figure", "Before", "After", "Change"}, columns: "llrrr"}
	if commits {
		t.header, t.columns = append(t.header, "Since"), t.columns+"l"
	}
	if environments {
		t.header, t.columns = append(t.header, "Measured on"), t.columns+"l"
	}
	t.fill(min(len(s.Rows), MaxSetbackRows), everything, func(i int) []string {
		r := s.Rows[i]
		cells := []string{code(r.Route, maxName), plain(r.Figure, maxName), plain(r.Was, maxName), plain(r.Is, maxName), plain(r.Change, maxName)}
		if commits {
			cells = append(cells, code(short(r.Commit), maxName))
		}
		if environments {
			cells = append(cells, code(r.Environment, 2*maxName))
		}
		return cells
	})
	return t
}

// Settled is why an issue about a setback is closed: a person's mark.
type Settled struct {
	Run, By, Why string
	At           time.Time
}

// Accepted is the comment with which the issue about an accepted setback is closed.
func (s Settled) Accepted() string {
	return fmt.Sprintf("Closed: %s accepted run %s on %s: %s. Later runs are compared with this level.\n", s.by(), span(short(s.Run), maxName), s.at(), s.why())
}

// Excluded is the comment with which the issue about a setback is closed whose run was excluded.
func (s Settled) Excluded() string {
	return fmt.Sprintf("Closed: %s excluded run %s on %s: %s. The runs that count do not show this change.\n", s.by(), span(short(s.Run), maxName), s.at(), s.why())
}

func (s Settled) by() string  { return span(s.By, maxName) }
func (s Settled) why() string { return span(s.Why, maxSentence) }
func (s Settled) at() string  { return s.At.UTC().Format(time.DateOnly) }

// Recovered is the comment with which the issue about a setback is closed whose level came back. Each row tells the level
// before the setback and the present one.
func Recovered(rows []SetbackRow) string {
	var b strings.Builder
	b.WriteString("Closed: the level came back. In the newest runs:\n\n")
	for _, r := range rows[:min(len(rows), MaxSetbackRows)] {
		fmt.Fprintf(&b, "- %s of %s: %s\n", plain(r.Figure, maxName), span(r.Route, maxName), plain(r.Is, maxName))
	}
	return b.String()
}

// Removed is the comment with which the issue about a setback is closed whose first run is no longer in the store.
func Removed(run string) string {
	return fmt.Sprintf("Closed: run %s was removed from the store, and the other runs do not show this change.\n", span(short(run), maxName))
}

// Twin is the comment with which an issue is closed that tells the same as another one.
func Twin(number int) string {
	return fmt.Sprintf("Closed: #%d is about the same change.\n", number)
}
