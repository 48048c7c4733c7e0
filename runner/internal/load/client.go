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
	// Idle says that the user calls nothing for a while: memory may be given back. A stream that is open stays.
	Idle()
	Close() error
}

// Opener is a Client some of whose calls are streams.
type Opener interface {
	Client
	// Open begins a call that is a stream. The outcome is that of opening; where its Class is not tally.OK there is
	// no stream. What waits is cut off when ctx ends, as in Do.
	Open(ctx context.Context, c *plan.Call, v Values) (Stream, Outcome)
}

// Stream is a call under way. Its methods are never called twice at once. The load says what they wait for, and for
// how long. Once the context of Open has ended they wait no more.
type Stream interface {
	// Send sends what m says. It returns once that has left, or could not in the plan's time-out.
	Send(m *plan.Message, v Values) Outcome
	// Receive waits for the next message until a deadline, judges it by what m expects and saves what is to be saved.
	Receive(m *plan.Message, v Values, deadline time.Time) Received
	// End ends the stream, if the server has not, and tells what became of the whole: it has the bytes of all
	// messages. Where the answer to the whole comes only now, as a status behind the last message, Ended is its
	// instant; otherwise it is zero.
	End() Outcome
}

// Received is what came while a message was awaited. Where it is a message, the outcome is that of the message: its
// instant, its bytes, and whether it is as expected.
type Received struct {
	Event Event
	Outcome
}

// Event says what came while a message was awaited.
type Event uint8

// The events. The zero Event is none of them.
const (
	Answered Event = iota + 1 // a message that is awaited
	Passed                    // a message that is no answer to what was sent
	Ended                     // nothing: the server has ended the stream, as it may
	Late                      // nothing until the deadline; the outcome is a time-out
	Broken                    // nothing: the outcome says why
)

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
