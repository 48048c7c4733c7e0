package load

import (
	"context"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Client makes the calls of one user, of every protocol that the plan speaks. Its methods are never
// called twice at once.
type Client interface {
	// Do makes one call: it fills in the user's values, sends the call, reads the whole answer,
	// judges it and saves values from it. It never takes longer than the plan's time-out. When ctx
	// ends, the call is cut off, and Unfinished.
	Do(ctx context.Context, c *plan.Call, v Values) Outcome
	// Idle says that the user makes no call for a while, so memory may be given back. An open
	// stream stays open.
	Idle()
	Close() error
}

// Opener is a Client some of whose calls are streams.
type Opener interface {
	Client
	// Open begins a call that is a stream, and returns the outcome of opening it. There is a stream
	// only if its Class is tally.OK. When ctx ends, its waits are cut off, as in Do.
	Open(ctx context.Context, c *plan.Call, v Values) (Stream, Outcome)
}

// Stream is a call under way. Its methods are never called twice at once. The load decides what they
// wait for and how long. Once the context of Open has ended, they no longer wait.
type Stream interface {
	// Send sends a message. It returns when the message has left, or after the plan's time-out.
	Send(m *plan.Message, v Values) Outcome
	// Receive waits for the next message until a deadline, judges it by m and saves values from it.
	Receive(m *plan.Message, v Values, deadline time.Time) Received
	// End ends the stream, unless the server has, and returns the outcome of the whole call, with
	// the bytes of all messages. If the answer to the call comes only now, such as a status after
	// the last message, Ended is its instant; otherwise Ended is zero.
	End() Outcome
}

// Rester is a Stream that must be looked after while its user waits.
type Rester interface {
	// Rest returns at an instant, or earlier if nothing is left to do until then. Until it returns, it
	// answers what the protocol wants answered at once, such as pings. Anything else stays for
	// Receive, up to 1 MiB; past that nothing more is read.
	Rest(until time.Time)
}

// Received is the result of awaiting a message. If a message came, the outcome is the message's
// own: its instant, its bytes, and whether it is as expected.
type Received struct {
	Event Event
	Outcome
}

// Event says what came while a message was awaited.
type Event uint8

// The events. The zero Event is none of them.
const (
	Answered Event = iota + 1 // an awaited message
	Passed                    // a message, but not the reply to what was sent
	Ended                     // no message: the server ended the stream properly; Error may say how
	Late                      // no message before the deadline; the outcome is a time-out
	Broken                    // no message; the outcome says why
)

// Values are the values of one user, as a call uses them.
type Values interface {
	// Append adds a text with the user's values in it to dst, as append does.
	Append(dst []byte, t plan.Text) []byte
	// Save keeps a copy of a value for later calls. The zero Value empties the slot.
	Save(slot int, value profile.Value)
}

// Outcome is the result of a call. It is small: each user has several on its stack.
type Outcome struct {
	Sent          time.Time // when its first byte was about to leave; zero if none did
	Ended         time.Time // when the answer was complete, before it was judged; zero for now
	Class         tally.Class
	Unfinished    bool   // the end of the load cut it off: whatever its Class, it is no failure
	Status        int32  // of an HTTP answer, or the code of gRPC; 0 if no whole answer came
	Error         string // one line, the same for the same fault; empty when Class is tally.OK
	Example       string // Error with its values, if it has only a tally.Kind of what the system said
	BytesReceived int64  // of the answer's content, as it came over the wire
	Resent        int    // how often the request was sent again, on a fresh connection
}
