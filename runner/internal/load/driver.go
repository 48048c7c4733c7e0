package load

import (
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Driver sends the requests of one user. Its methods are never called twice at once. What is
// under way when the context that it was made with ends is cut off, as a time-out.
type Driver interface {
	// Do sends one request, with the user's values put into its texts, and reads the whole
	// answer. It does not retry, and it never takes longer than the plan's time-out.
	Do(c *plan.Call, v Values) Outcome
	// Idle says that the user sends nothing for a while: memory may be given back.
	Idle()
	Close() error
}

// Values puts a user's values into a text.
type Values interface {
	// Append adds the text to dst, as append does.
	Append(dst []byte, t plan.Text) []byte
}

// Outcome is what became of a request on the wire; whether the answer is a good one is for
// the load to say.
type Outcome struct {
	Sent          time.Time // when its first byte was about to leave; zero when none did
	Class         tally.Class
	Status        int    // of the answer; 0 when Class is not tally.OK
	Body          []byte // of the answer, when the call looks at it; valid until the next call
	BytesReceived int64  // of the body, as it came over the wire
	Error         string // one line; empty when Class is tally.OK
}
