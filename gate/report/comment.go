package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// ErrTooLong is wrapped when not even a headline fits into the bytes that were given.
var ErrTooLong = errors.New("it does not fit")

// everything is more rows than any report has.
const everything = 1 << 30

// rung is how much of a report is shown.
type rung struct {
	all      int // rows of the fold of all routes
	worst    int // rows before the folds
	reasons  int
	notices  int
	method   bool
	headline bool // only the headline and the links
}

// missing is the most uncompared operations of the API that are listed.
func (r rung) missing() int {
	switch {
	case r.all == everything:
		return maxMissing
	case r.notices > 0:
		return r.worst
	}
	return 0
}

// rungs are tried in this order until one fits.
var rungs = []rung{
	{all: everything, worst: 10, reasons: 10, notices: 10, method: true},
	{all: everything, worst: 10, reasons: 10, notices: 10},
	{all: 50, worst: 10, reasons: 10, notices: 10, method: true},
	{all: 50, worst: 10, reasons: 10, notices: 10},
	{worst: 10, reasons: 10, notices: 10},
	{worst: 10, reasons: 3},
	{worst: 5, reasons: 3},
	{worst: 3, reasons: 1},
	{worst: 1, reasons: 1},
	{worst: 1},
	{},
	{headline: true},
}

// Markdown writes the report as a comment of at most limit bytes: the verdict first, then the
// rows that matter, one line of counts, and the rest folded. If it is too long, Markdown leaves out
// the least important parts first: how it was measured, then all routes, then the less bad of the
// worst rows. The headline and the links fit into 1,500 bytes. If even they do not fit, Markdown
// writes nothing and the error wraps ErrTooLong.
func Markdown(w io.Writer, r Report, limit int) error {
	if r.Verdict.Outcome == gate.Unjudged {
		return Trouble(w, r.trouble(), r.Links, limit)
	}
	v := r.view()
	for _, step := range rungs {
		if text, ok := v.comment(step, limit); ok && len(text) <= limit {
			_, err := io.WriteString(w, text)
			return err
		}
	}
	return fmt.Errorf("the report of %s: %w into %d bytes", plain(r.Subject.Series, maxName), ErrTooLong, limit)
}

// comment renders the report at a rung; not ok when it is longer than limit.
func (v view) comment(step rung, limit int) (text string, ok bool) {
	var b strings.Builder
	v.writeHeadline(&b)
	if step.headline {
		v.writeLast(&b)
		return b.String(), true
	}
	v.writeMatter(&b, step)
	if figures := len(v.all) + len(v.blank); step.all > 0 && figures > 0 {
		fmt.Fprintf(&b, "<details><summary>A%s</summary>\n\n", v.title()[1:])
		rows := v.all[:min(step.all, len(v.all))]
		t := table{header: headerOf(v.Verdict.Mode), columns: columns}
		if !t.fill(len(rows), limit-b.Len(), func(i int) []string { return row(v.Verdict.Comparisons[rows[i]], true) }) {
			return "", false
		}
		if len(rows) > 0 {
			t.write(&b)
		}
		v.writeMore(&b, len(v.all)-len(rows)+v.LeftOut)
		v.writeBlank(&b)
		fmt.Fprint(&b, "\n</details>\n\n")
	} else if figures > 0 {
		fmt.Fprintf(&b, "The table of %s is too long to show here.\n\n", v.title())
	}
	plainPass := v.Verdict.Outcome == gate.Pass && v.Verdict.Accepted == nil
	if step.method {
		v.writeStable(&b)
		lines := v.method()
		if links := v.Links.list(); plainPass && len(links) > 0 {
			lines = append(lines, strings.Join(links, " · "))
		}
		fmt.Fprintf(&b, "<details><summary>How this was measured</summary>\n\n- %s\n\n</details>\n\n", strings.Join(lines, "\n- "))
	}
	if !plainPass || !step.method {
		v.writeLast(&b)
	}
	return strings.TrimRight(b.String(), "\n") + "\n", true
}

// title is the title of the fold that holds all routes.
func (v view) title() string {
	if v.Verdict.Total <= 1 {
		return "all figures"
	}
	return fmt.Sprintf("all %d routes", v.Verdict.Total)
}

func (v view) writeHeadline(b *strings.Builder) {
	word := v.Verdict.Outcome
	fmt.Fprintf(b, "### %s Plimsoll: **%s**: %s\n\n", mark(word), word, v.headline(span))
	if text := acceptedBy(v.Verdict.Accepted); text != "" {
		fmt.Fprintf(b, "%s\n\n", text)
	}
	if text := loadChanged(v.Verdict.Changed, span); text != "" {
		fmt.Fprintf(b, "**The load has changed**: %s\n\n", text)
	}
}

// acceptedBy says in markdown who accepted a change, when and why; empty if nobody did.
func acceptedBy(a *gate.Acceptance) string {
	if a == nil {
		return ""
	}
	text := fmt.Sprintf("Accepted by %s on %s", span(a.By, maxName), a.At.UTC().Format("2006-01-02 15:04 UTC"))
	if why := accepted(a, span); why != "" {
		text += ": " + why
	}
	return text
}

// writeMatter writes the part between the headline and the folds.
func (v view) writeMatter(b *strings.Builder, step rung) {
	rows := v.all[:min(step.worst, v.matter)]
	if len(rows) > 0 {
		t := table{header: headerOf(v.Verdict.Mode), columns: columns}
		t.fill(len(rows), everything, func(i int) []string { return row(v.Verdict.Comparisons[rows[i]], true) })
		t.write(b)
		fmt.Fprintln(b)
	}
	if more := v.matter - len(rows); more > 0 && len(rows) > 0 {
		fmt.Fprintf(b, "and %s%d more past their limits, by less\n\n", v.atLeast(), more)
	}
	if text := Cause(v.Verdict.Cause); text != "" {
		fmt.Fprintf(b, "**What changed**: %s\n\n", text)
	}
	if text := twoLoads(v.Verdict); text != "" && step.reasons > 0 {
		fmt.Fprintf(b, "**Under load**: %s\n\n", text)
	}
	if lines := shownSentences(v.Verdict.Reasons, step.reasons); len(lines) > 0 && !v.only(gate.NoBaseline) {
		fmt.Fprintf(b, "%s\n", block(lines))
	}
	if text := settle(v.Verdict); text != "" {
		fmt.Fprintf(b, "**What would settle it**: %s\n\n", text)
	}
	fmt.Fprintf(b, "%s\n\n", v.counts())
	v.writeCoverage(b, step.missing())
	lines := shownSentences(v.Verdict.Notices, step.notices)
	if step.notices > 0 {
		lines = append(v.let[:len(v.let):len(v.let)], lines...)
	}
	if text := working(v.Report, plain); text != "" && step.notices > 0 {
		lines = append(lines, text)
	}
	if len(lines) > 0 {
		fmt.Fprintf(b, "<details><summary>Worth knowing</summary>\n\n%s\n</details>\n\n", block(lines))
	}
	if len(v.Verdict.Changed) > maxDifferences && step.notices > 0 {
		fmt.Fprintf(b, "<details><summary>How the load has changed</summary>\n\n%s\n</details>\n\n", block(differences(v.Verdict.Changed, plain)))
	}
}

// only reports whether the verdict has a single reason, of this kind: then the headline says it all.
func (v view) only(kind gate.ReasonKind) bool {
	return len(v.Verdict.Reasons) == 1 && v.Verdict.Reasons[0].Kind == kind
}

func (v view) writeMore(b *strings.Builder, more int) {
	if more > 0 {
		fmt.Fprintf(b, "\nand %d more, closer to their limits or within them\n", more)
	}
}

// writeBlank lists the unjudged figures, with the reasons.
func (v view) writeBlank(b *strings.Builder) {
	if text := noFailures(v.Verdict); text != "" && len(v.all) > 0 {
		fmt.Fprintf(b, "\n%s\n", text)
	}
	if len(v.blank) > 0 {
		fmt.Fprintf(b, "\nNot judged:\n\n%s", block(v.blank))
	}
}

// writeLast writes how to accept the change, if it can be accepted, and the links.
func (v view) writeLast(b *strings.Builder) {
	var parts []string
	if how := v.howToAccept(); how != "" {
		parts = append(parts, how)
	}
	parts = append(parts, v.Links.list()...)
	if len(parts) > 0 {
		fmt.Fprintf(b, "%s\n", strings.Join(parts, " · "))
	}
}

// howToAccept says in markdown how to let a failing change pass; empty if it cannot be accepted.
func (r Report) howToAccept() string {
	if r.Verdict.Outcome != gate.Fail || r.Verdict.Compared == 0 || r.Accept == "" {
		return ""
	}
	how := "**Accept this change**: label " + span(r.Accept, maxName)
	if r.Verdict.Mode == gate.Stored { // the other gates have no stored baseline
		how += ", or `plimsoll baseline accept`"
	}
	return how
}

// list is the addresses in markdown.
func (l Links) list() (list []string) {
	for _, one := range l.shown() {
		list = append(list, link(one.Word, one.Address))
	}
	return list
}

// The words about an error in place of a verdict.
const (
	nothingJudged = "nothing was judged"
	fixThis       = "fix this, and run the job again"
)

// Trouble writes an error in the place of a report, in at most limit bytes, when nothing could be
// judged.
func Trouble(w io.Writer, err error, links Links, limit int) error {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		lines = append(lines, plain(line, maxSentence))
	}
	for shown := min(len(lines), maxTroubleLines); shown >= 0; shown-- {
		var b strings.Builder
		fmt.Fprintf(&b, "### %s Plimsoll: **error**: %s\n\n", mark(gate.Unjudged), nothingJudged)
		fmt.Fprintf(&b, "%s\n**What would settle it**: %s\n\n**0 of 0 compared**\n", block(ends(lines, shown)), fixThis)
		if list := links.list(); len(list) > 0 {
			fmt.Fprintf(&b, "\n%s\n", strings.Join(list, " · "))
		}
		if b.Len() <= limit {
			_, err := io.WriteString(w, b.String())
			return err
		}
	}
	return fmt.Errorf("the report of an error: %w into %d bytes", ErrTooLong, limit)
}

// maxTroubleLines is the most lines that are shown of an error, or of what a system printed.
const maxTroubleLines = 40

// Output writes the last lines that a system printed, as markdown; nothing if it printed none. Some
// programs say first what is wrong, others last: if there are too many lines, both ends are shown.
func Output(w io.Writer, text string) error {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, plain(line, maxSentence))
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n#### What the system printed\n\n%s", block(ends(lines, maxTroubleLines)))
	return err
}

// ends shortens lines to the first and the last of them, most in all, with a line between them that says how
// many are left out.
func ends(lines []string, most int) []string {
	if len(lines) <= most {
		return lines
	}
	first := (most + 1) / 2
	left := fmt.Sprintf("… and %s, in the job's log", count(len(lines)-most, "more line"))
	return slices.Concat(lines[:first], []string{left}, lines[len(lines)-(most-first):])
}

// MarkdownNotices writes notices as markdown, or nothing if there are none.
func MarkdownNotices(w io.Writer, notices []gate.Reason) error {
	lines := shownSentences(notices, rungs[0].notices)
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "Worth knowing:\n\n%s\n", block(lines))
	return err
}
