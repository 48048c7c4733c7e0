package load

import (
	"context"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Client makes the calls of one user, of every protocol that the plan speaks. Its methods are never called twice
// at once.
type Client interface {
	// Do makes one call: it puts the user's values into its texts, sends it, reads the whole answer, judges it and
	// saves what is to be saved. It never takes longer than the plan's time-out. When ctx ends, the call is cut
	// off: that is a time-out, and Unfinished.
	Do(ctx context.Context, c *plan.Call, v Values) Outcome
	// Idle says that the user calls nothing for a while: memory may be given back.
	Idle()
	Close() error
}

// Values are one user's, as a call uses them.
type Values interface {
	// Append adds a text with the user's values in it to dst, as append does.
	Append(dst []byte, t plan.Text) []byte
	// Save keeps a value for later calls.
	Save(slot int, value string)
}

// Outcome is what became of a call.
type Outcome struct {
	Sent          time.Time // when its first byte was about to leave; zero when none did
	Ended         time.Time // when the answer was there, before it was judged; zero for now
	Class         tally.Class
	Error         string // one line, the same for the same fault; empty when Class is tally.OK
	BytesReceived int64  // of the answer's content, as it came over the wire
	Resent        int    // how often the call moved to a fresh connection because a kept one had turned out dead
	Unfinished    bool   // the end of the load cut it off
}
