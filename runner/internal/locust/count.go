package locust

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

const (
	mostNames = 500 // names of requests that are counted apart
	maxName   = 300 // bytes of a name
	others    = "other names"
	maxBytes  = 1 << 33 // of one answer
)

// counts are what Locust has told of requests since the last flush, by round.
type counts struct {
	shift   *plan.Plan
	rounds  map[int]*tally.Tally
	names   map[string]string // the route of each name
	routes  map[string]bool
	more    bool  // others is in use
	timed   int64 // requests that told their time
	whole   int64 // how many of these times are whole milliseconds
	untimed int64 // requests that told no time, or one that no request can have
	failed  int64
}

func newCounts() *counts {
	return &counts{rounds: map[int]*tally.Tally{}, names: map[string]string{}, routes: map[string]bool{}}
}

// drain hands the counts over, and forgets them.
func (c *counts) drain(sink func(round int, t *tally.Tally)) {
	for round, t := range c.rounds {
		sink(round, t)
	}
	clear(c.rounds)
}

// add counts a request.
func (c *counts) add(r record) {
	at, told := r.span(0, time.Second)
	took, timed := r.span(2, time.Millisecond)
	if !told || !timed || took < 0 || took > tally.MaxLatency {
		c.untimed++
		return
	}
	c.timed++
	if took%time.Millisecond == 0 {
		c.whole++
	}
	sent := at - took
	if age, known := r.span(1, time.Second); known && age >= took && age <= at {
		sent = at - age
	}
	sent = max(sent, 0)
	bytes, _ := r.number(5)
	s := tally.Sample{
		Route: c.route(r.text(3), r.text(4)), Due: sent, Sent: sent, Ended: sent + took,
		Class: tally.OK, BytesReceived: int64(min(max(bytes, 0), maxBytes)),
	}
	if len(r) > 6 {
		c.failed++
		status, _ := r.number(8)
		s.Class = classOf(strings.Fields(r.text(7)), int(status))
		s.Error = kindOf(r.text(6))
		if code := strconv.Itoa(int(status)); s.Class == tally.Status && status > 0 && !strings.Contains(s.Error, code) {
			s.Error = "status " + code + ": " + s.Error
		}
		if s.Example = r.text(6); s.Example == s.Error {
			s.Example = ""
		}
	}
	round := c.round(sent)
	c.of(round).Add(s)
	if s.Class == tally.OK && s.Sent < c.shift.Length() && s.Ended > c.shift.RoundStart(round+1) {
		load.Carry(c.shift, round, s, func(round int, parts int64) {
			c.of(round).Merge(&tally.Tally{Routes: map[string]*tally.Route{s.Route: {Carried: parts}}})
		})
	}
}

// round is the round that a request belongs to.
func (c *counts) round(sent time.Duration) int {
	if sent >= c.shift.Length() {
		return plan.WarmUpRound
	}
	return c.shift.RoundAt(sent)
}

func (c *counts) of(round int) *tally.Tally {
	if c.rounds[round] == nil {
		c.rounds[round] = &tally.Tally{}
	}
	return c.rounds[round]
}

// route is the name that requests are counted under: "GET /items".
func (c *counts) route(method, name string) string {
	name = strings.TrimSpace(method + " " + name)
	if route, known := c.names[name]; known {
		return route
	}
	route := clean(name)
	switch {
	case c.routes[route]:
	case len(c.routes) < mostNames:
		c.routes[route] = true
	default:
		c.more = true
		return others
	}
	if len(c.names) < 10*mostNames {
		c.names[name] = route
	}
	return route
}

// clean is a name that a tally takes: one line of bounded length. A name that was cut ends in a hash, so that names with
// the same beginning stay apart.
func clean(name string) string {
	text := strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(name, "\ufffd")))
	switch {
	case text == "" || text == tally.All || text == others:
		return strconv.Quote(text)
	case len(text) > maxName:
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(name)) // a hash never fails
		cut := maxName - len("…00000000")
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		return fmt.Sprintf("%s…%08x", text[:cut], hash.Sum32())
	}
	return text
}

// classOf is how a request failed, by the classes of its exception and the status of its answer: Locust does not say.
func classOf(classes []string, status int) tally.Class {
	has := func(parts ...string) bool {
		for _, class := range classes {
			for _, part := range parts {
				if strings.Contains(class, part) {
					return true
				}
			}
		}
		return false
	}
	switch {
	case has("CatchResponseError"): // the locustfile did not like the answer
		return tally.Expect
	case has("Timeout", "timeout"):
		return tally.Timeout
	case status >= 400 || has("HTTPError", "BadStatusCode", "HTTPStatusError"):
		return tally.Status
	case status > 0: // it was answered
		return tally.Expect
	case has("OSError", "Connection", "SSLError", "HTTPParseError", "ProtocolError", "RetriesExceeded", "RemoteDisconnected"):
		return tally.Transport
	}
	return tally.Expect
}

// kindOf is the text that failures are counted under. It is Locust's own text without what differs between runs; a status at
// its beginning stays. HTTPError('503 Server Error: Service Unavailable for url: http://127.0.0.1:8080/items/7') becomes
// "HTTPError: 503 Server Error: Service Unavailable for url: http://#/items/#".
func kindOf(text string) string {
	class, said := unwrap(text)
	switch {
	case text == "":
		return "failed"
	case said == "":
		return tally.Kind(text)
	}
	first, rest, _ := strings.Cut(said, " ")
	if _, err := strconv.ParseUint(first, 10, 16); err == nil && len(first) == len("503") {
		said = strings.TrimSpace(first + " " + tally.Kind(rest))
	} else {
		said = tally.Kind(said)
	}
	if class == "CatchResponseError" {
		return said
	}
	return class + ": " + said
}

// unwrap takes Error('text') apart, as Python shows an exception with one text.
func unwrap(text string) (class, said string) {
	class, rest, found := strings.Cut(text, "(")
	rest, closed := strings.CutSuffix(rest, ")")
	rest = strings.TrimSuffix(rest, ",") // as before Python 3.7
	if !found || !closed || len(rest) < 2 || rest[0] != '\'' && rest[0] != '"' || rest[len(rest)-1] != rest[0] {
		return "", ""
	}
	for _, c := range class {
		if c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return "", ""
		}
	}
	return class, unescape.Replace(rest[1 : len(rest)-1])
}

// unescape undoes what Python's repr writes most.
var unescape = strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`, `\n`, " ", `\r`, " ", `\t`, " ")
