// Package meeting lets the shards of one load meet in a PostgreSQL database. They have no master and do not connect to each
// other.
//
// Join claims a shard's number in a meeting and keeps the shard there: a Seat. The Seat hands over the values of setup, waits
// until all shards are ready, says when the load begins by this machine's clock, reports every second, and ends the load when
// the meeting is stopped, a shard is lost, or the database is. Deliver uploads the shard's result. Book reads meetings,
// stops them, and makes one run of the results of a meeting that is done.
//
// Four rules make it safe. A shard claims its number with a token, and all that it writes carries the token: once the load has
// begun, nobody can take a number over. A shard holds a lease, which each report renews. A lease that has ended is never
// renewed, so a lost shard stays lost, whoever looks and whenever. A shard ends its load before others may call it lost. A
// meeting that is done or stopped never changes, so every judgement of it is the same.
//
// Times are the database's clock_timestamp(), on which all machines agree. Waits are on this machine's monotonic clock. Nothing
// is kept in a session and nobody listens, so a pooler may pool by transaction.
//
// A shard delivers what it counted once, at the end. During the load it reports only sums, for people. If a shard is lost, the
// meeting has no run, so nobody would read the shard's seconds.
package meeting

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

const (
	// DefaultLease is how long a report keeps a shard in its meeting. Others call it lost after that.
	DefaultLease = 20 * time.Second
	// DefaultWithin is how long a meeting waits until all its shards are ready.
	DefaultWithin = 10 * time.Minute

	ahead      = 3 * time.Second        // from the moment at which all shards are ready to the beginning of the load
	beatEach   = time.Second            // between two reports under load: a shard learns within it that the meeting was stopped
	gatherEach = 250 * time.Millisecond // between two reports before the load
	keepFor    = "1 day"                // how long a meeting is kept, so that it can be judged
)

// patience is how long a shard goes on although no report gets through. It ends its load before others call it lost.
func patience(lease time.Duration) time.Duration { return lease * 3 / 4 }

// State is how far a meeting is.
type State string

// The states. The last two are final.
const (
	Gathering State = "gathering"
	Loading   State = "loading"
	Done      State = "done"
	Stopped   State = "stopped"
)

// Over reports whether nothing in the meeting changes any more.
func (s State) Over() bool { return s == Done || s == Stopped }

// ErrUnknown is wrapped if a meeting is not there.
var ErrUnknown = errors.New("there is no such meeting: no shard has come yet, or that was more than a day ago")

// Term is something that all shards of a meeting must have in common.
type Term struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// encode writes terms as JSON. It replaces what the database cannot hold.
func encode(terms []Term) (string, error) {
	clean := make([]Term, len(terms))
	for i, t := range terms {
		clean[i] = Term{t.Name, strings.ReplaceAll(strings.ToValidUTF8(t.Value, "\ufffd"), "\x00", "\ufffd")}
	}
	text, err := json.Marshal(clean)
	return string(text), err
}

// differences says where terms are not those of the meeting; empty if they are the same.
func differences(own, ofMeeting string) string {
	var here, there []Term
	if err := errors.Join(json.Unmarshal([]byte(own), &here), json.Unmarshal([]byte(ofMeeting), &there)); err != nil {
		return "its terms cannot be read: another program wrote them"
	}
	values := map[string]string{}
	for _, t := range there {
		values[t.Name] = t.Value
	}
	var clauses []string
	for _, t := range here {
		value, known := values[t.Name]
		if !known || value != t.Value {
			clauses = append(clauses, fmt.Sprintf("its %s is %s, and the meeting's is %s", t.Name, orNone(t.Value), orNone(plain(value))))
		}
		delete(values, t.Name)
	}
	for _, t := range there {
		if _, left := values[t.Name]; left {
			clauses = append(clauses, "it does not say its "+plain(t.Name))
		}
	}
	return strings.Join(clauses, "; ")
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	if runes := []rune(value); len(runes) > 80 {
		return string(runes[:77]) + "..."
	}
	return value
}

// maxName is the longest name of a meeting, in bytes.
const maxName = 200

// CheckName refuses a name that people could not read or type.
func CheckName(name string) error {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }
	if name == "" || len(name) > maxName || strings.TrimSpace(name) != name || strings.ContainsFunc(name, odd) {
		return fmt.Errorf("%.80q is no name for a meeting: expected 1 to %d bytes of letters, digits and signs, such as load-4711", name, maxName)
	}
	return nil
}

// Shard is what a meeting knows of one of its shards.
type Shard struct {
	Number             int // from 1
	Host, State, Phase string
	Requests, Failures int64
	Seen               time.Time     // its last report
	Lost               bool          // its lease has ended before it delivered
	Clock              *result.Clock // nil before it was compared
}

// name is a shard with its machine.
func (s Shard) name(of int) string {
	if s.Host == "" {
		return fmt.Sprintf("shard %d of %d", s.Number, of)
	}
	return fmt.Sprintf("shard %d of %d (%s)", s.Number, of, s.Host)
}

// lost says that a shard was lost.
func (s Shard) lost(of int) string {
	return fmt.Sprintf("%s was lost: it reported last at %s", s.name(of), instant(s.Seen))
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Meeting is what the database knows of a meeting.
type Meeting struct {
	ID      string
	Of      int // how many shards it has
	State   State
	Reason  string // why it was stopped
	Made    time.Time
	StartAt time.Time // zero before all were ready
	Shards  []Shard   // that have come, by number

	fresh bool // it was over less than three seconds ago
}

// atWork says whether a shard may still deliver, or stop the meeting.
func (m *Meeting) atWork() bool {
	over := m.State == Done || m.State == Stopped
	return !over && slices.ContainsFunc(m.Shards, func(s Shard) bool { return s.State != left && s.State != delivered && !s.Lost })
}

// silent are the shards of a stopped meeting that have not said that they ended. Reason names those that were lost before.
func (m *Meeting) silent() (all []Shard) {
	for _, s := range m.Shards {
		if s.State != left && s.State != delivered && !strings.HasPrefix(m.Reason, s.name(m.Of)+" was lost") {
			all = append(all, s)
		}
	}
	return all
}

// missing lists the shards that have not come or for which ok is false, as "shard 2" or "shards 2, 3"; empty for none.
func (m *Meeting) missing(ok func(Shard) bool) string {
	there := map[int]bool{}
	for _, s := range m.Shards {
		there[s.Number] = ok(s)
	}
	var numbers []string
	for n := 1; n <= m.Of; n++ {
		if !there[n] {
			numbers = append(numbers, strconv.Itoa(n))
		}
	}
	const most = 20
	if more := len(numbers) - most; more > 0 {
		numbers = append(numbers[:most:most], fmt.Sprintf("%d others", more))
	}
	switch len(numbers) {
	case 0:
		return ""
	case 1:
		return "shard " + numbers[0]
	}
	return "shards " + strings.Join(numbers, ", ")
}

// IncompleteError says why a meeting makes no run: a sentence for each reason.
type IncompleteError struct {
	ID      string
	Reasons []string
}

func (e *IncompleteError) Error() string {
	text := fmt.Sprintf("the meeting %s has no whole run", e.ID)
	if len(e.Reasons) == 1 {
		return text + ": " + e.Reasons[0]
	}
	return text + ":\n  " + strings.Join(e.Reasons, "\n  ")
}

// incomplete says why a meeting makes no run; nil if it is done.
func (m *Meeting) incomplete() error {
	var reasons []string
	switch m.State {
	case Done:
		return nil
	case Stopped:
		reasons = append(reasons, "it was stopped: "+m.Reason)
		for _, s := range m.silent() {
			reasons = append(reasons, fmt.Sprintf("%s was not heard of after %s: it was killed, or lost the database", s.name(m.Of), instant(s.Seen)))
		}
	case Gathering:
		// Leases do not matter here: as they end one by one, the reason would change.
		late := m.missing(func(s Shard) bool { return s.State == ready })
		if late == "" {
			reasons = append(reasons, "its load has not begun, although all shards were ready")
			break
		}
		reasons = append(reasons, fmt.Sprintf("its load has not begun: %s of %d %s not ready", late, m.Of, verb(late, "is", "are")))
	case Loading:
		for _, s := range m.Shards {
			switch {
			case s.State == delivered:
			case s.Lost:
				reasons = append(reasons, s.lost(m.Of))
			default:
				reasons = append(reasons, s.name(m.Of)+" is still at work: ask again when it has ended")
			}
		}
	}
	return &IncompleteError{m.ID, reasons}
}

// verb is the verb for a list of shards.
func verb(list, one, several string) string {
	if strings.HasPrefix(list, "shards") {
		return several
	}
	return one
}
