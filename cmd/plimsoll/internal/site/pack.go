package site

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// A chunk holds a month of a group's runs. It is a script, since pages from file:// may load scripts but no data. Ten
// thousand runs of fourteen routes have two million numbers, so chunks pack them: a value takes two characters, and its
// quartiles take one. files/history.js unpacks them.
//
// A value v is written as its three significant digits 100 to 999 and its decade, counted from the smallest decade of its
// list: (decade*900 + digits - 100) as two digits to base 90. If the first character is a space, there is no value; if only
// the second is, the value is 0.
//
// A share, of failed requests, is one character: 0, or 88 steps from a millionth to 1.
//
// Quartiles are written as their distances from the median, each as the nearest of widths: 9*lower + upper is the digit.

// alphabet has the 90 digits: printable ASCII without the characters that are special in JSON, HTML or scripts.
const alphabet = "!#$%&()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"

// widths lists the distances from the median to which a chunk rounds a quartile, as shares of the median.
var widths = [9]float64{0, 0.005, 0.01, 0.02, 0.035, 0.06, 0.10, 0.18, 0.35}

const decades = 9 // at most in a list

// Shares have shareSteps levels, over shareDecades decades.
const (
	shareSteps   = 88
	shareDecades = 6
)

// packed is a list of values.
type packed struct {
	Decade int    `json:"d,omitempty"` // the smallest
	Values string `json:"v,omitempty"`
	Bands  string `json:"b,omitempty"`
}

// pack packs a line. It raises a value more than nine decades below the largest to the smallest that fits.
func pack(l Line) packed {
	low, high := math.MaxInt, math.MinInt
	for _, v := range l.Values {
		if v > 0 {
			decade, _ := significant(v)
			low, high = min(low, decade), max(high, decade)
		}
	}
	p := packed{}
	if l.Unit == "share" {
		shares := make([]byte, len(l.Values))
		for i, v := range l.Values {
			shares[i] = packShare(v)
		}
		return packed{Values: trimmed(shares)}
	}
	if low <= high {
		p.Decade = max(low, high-decades+1)
	}
	values, bands := make([]byte, 0, 2*len(l.Values)), make([]byte, 0, len(l.Values))
	for i, v := range l.Values {
		values = p.append(values, v)
		bands = append(bands, packBand(v, l.Lower[i], l.Upper[i]))
	}
	p.Values, p.Bands = trimmed(values), trimmed(bands)
	return p
}

// trimmed removes trailing spaces.
func trimmed(text []byte) string { return strings.TrimRight(string(text), " ") }

func (p packed) append(to []byte, v float64) []byte {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0) || v < 0:
		return append(to, "  "...)
	case v == 0:
		return append(to, "0 "...)
	}
	decade, digits := significant(v)
	if decade < p.Decade {
		decade, digits = p.Decade, 100
	}
	k := (decade-p.Decade)*900 + digits - 100
	return append(to, alphabet[k/90], alphabet[k%90])
}

// packShare packs a share; a space for none.
func packShare(v float64) byte {
	switch {
	case math.IsNaN(v):
		return ' '
	case !(v > 0):
		return alphabet[0]
	}
	return alphabet[1+int(math.Round(min(max(1+math.Log10(v)/shareDecades, 0), 1)*shareSteps))]
}

// significant splits v into three significant digits and a power of ten: v is about digits × 10^decade.
func significant(v float64) (decade, digits int) {
	decade = int(math.Floor(math.Log10(v))) - 2
	digits = int(math.Round(v / math.Pow10(decade)))
	if digits < 100 { // the logarithm was rounded up
		decade--
		digits = int(math.Round(v / math.Pow10(decade)))
	}
	if digits > 999 {
		decade, digits = decade+1, 100
	}
	return decade, max(digits, 100)
}

// packBand packs quartiles; a space for none.
func packBand(median, lower, upper float64) byte {
	if !(median > 0) || math.IsNaN(lower) || math.IsNaN(upper) {
		return ' '
	}
	return alphabet[9*width(1-lower/median)+width(upper/median-1)]
}

// width returns the index of the nearest width.
func width(share float64) int {
	best := 0
	for i, w := range widths {
		if math.Abs(w-share) < math.Abs(widths[best]-share) {
			best = i
		}
	}
	return best
}

// Month is a month of a group's runs; each has a chunk.
type Month struct {
	Name     string // 2026-11, in UTC
	from, to int    // indices into the group's records
}

// Months lists the months that have runs, oldest first.
func (g *Group) Months() []Month {
	var all []Month
	for i := range g.Records {
		name := g.Records[i].Started.UTC().Format("2006-01")
		if len(all) == 0 || all[len(all)-1].Name != name {
			all = append(all, Month{name, i, i})
		}
		all[len(all)-1].to = i + 1
	}
	return all
}

// Month finds a month by its name.
func (g *Group) Month(name string) (Month, bool) {
	for _, m := range g.Months() {
		if m.Name == name {
			return m, true
		}
	}
	return Month{}, false
}

// chunk is the data that a script hands to the pages.
type chunk struct {
	First   int                  `json:"first"`         // index of the first run in the group
	Start   int64                `json:"start"`         // of the month, in seconds since 1970
	Seconds []int64              `json:"seconds"`       // from the start of the one before, or of the month
	ID      string               `json:"id"`            // the beginning of each, all of one length
	IDSize  int                  `json:"idSize"`        //
	Commit  string               `json:"commit"`        // the beginning of each, split by spaces; = repeats the one before
	CI      string               `json:"ci,omitempty"`  // the same with the numbers of CI runs
	Env     map[int]int          `json:"env,omitempty"` // environments other than the first
	Marks   map[int][]string     `json:"marks,omitempty"`
	Of      []map[string]*packed `json:"of"`     // for each route, by metric
	System  map[string]*packed   `json:"system"` // by metric
}

// shortID is how many characters a chunk keeps of an ID or commit that no link needs whole.
const shortID = 10

// Chunk writes a month of the group as a script.
func (g *Group) Chunk(w io.Writer, m Month) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // escaping would write > as six characters; no page embeds this text
	if err := enc.Encode(g.chunk(m)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "plimsollMonth(%q,%s)\n", m.Name, bytes.TrimSpace(text.Bytes()))
	return err
}

func (g *Group) chunk(m Month) chunk {
	c := g.chunkOfRuns(m)
	c.System = map[string]*packed{}
	for range g.Routes {
		c.Of = append(c.Of, map[string]*packed{})
	}
	for n, metric := range g.lines() {
		p := pack(g.part(g.Routes[n].Name, metric, m.from, m.to))
		switch {
		case p.Values == "" || metric.Unit == "share" && strings.Trim(p.Values, alphabet[:1]+" ") == "":
		case metric.System:
			c.System[metric.Key] = &p
		default:
			c.Of[n][metric.Key] = &p
		}
	}
	return c
}

func (g *Group) chunkOfRuns(m Month) chunk {
	start, err := time.Parse("2006-01", m.Name)
	if err != nil {
		panic("site: " + err.Error()) // Months has formatted the name
	}
	c := chunk{First: m.from, Start: start.Unix(), IDSize: shortID, Env: map[int]int{}, Marks: map[int][]string{}}
	if strings.Contains(string(g.history.Report), "{id}") || strings.Contains(string(g.history.Commit), "{id}") {
		c.IDSize = 64
	}
	var ids strings.Builder
	var commits, ci []string
	last := c.Start
	for i := m.from; i < m.to; i++ {
		r := &g.Records[i]
		c.Seconds = append(c.Seconds, r.Started.Unix()-last)
		last = r.Started.Unix()
		fmt.Fprintf(&ids, "%-*.*s", c.IDSize, c.IDSize, r.ID)
		commits, ci = append(commits, word(g.shownCommit(r.Commit))), append(ci, word(ciRun(r.Summary.CIRun)))
		if g.environment[i] != 0 {
			c.Env[i-m.from] = g.environment[i]
		}
		if r.Excluded != nil {
			c.Marks[i-m.from] = append(c.Marks[i-m.from], "excluded by "+plain(r.Excluded.By)+": "+plain(r.Excluded.Why))
		}
		if r.Accepted != nil {
			c.Marks[i-m.from] = append(c.Marks[i-m.from], "accepted by "+plain(r.Accepted.By)+": "+plain(r.Accepted.Why))
		}
	}
	c.ID, c.Commit = ids.String(), strings.Join(repeated(commits), " ")
	if strings.Contains(string(g.history.Report), "{ci_run}") {
		c.CI = strings.Join(repeated(ci), " ")
	}
	return c
}

// shownCommit shortens a commit for a chunk, unless the address of a report needs all of it. Sites that show commits accept
// the beginning.
func (g *Group) shownCommit(commit string) string {
	if strings.Contains(string(g.history.Report), "{commit}") {
		return commit
	}
	return fmt.Sprintf("%.*s", shortID, commit)
}

// word replaces spaces in a text: they separate the commits in a chunk, and real commits have none.
func word(text string) string { return strings.ReplaceAll(text, " ", "_") }

// repeated writes = for a text that repeats the one before. No commit is "=".
func repeated(texts []string) []string {
	short := make([]string, len(texts))
	for i, text := range texts {
		if short[i] = text; i > 0 && text == texts[i-1] && text != "" {
			short[i] = "="
		}
	}
	return short
}
