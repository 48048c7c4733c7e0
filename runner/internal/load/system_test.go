package load_test

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// system answers requests in virtual time, and remembers them.
type system struct {
	answer func(path string, since time.Duration) reply
	take   func(path string, since time.Duration) time.Duration // how long an answer takes
	start  time.Time

	stall func(user int) time.Duration // how long connecting holds up the generator
	late  func() time.Duration         // how late the timer of the next sleep is

	mu    sync.Mutex // guards the fields below
	sent  []sent
	users int
	open  int // connections
	most  int // of open
}

type sent struct {
	user int
	path string // filled in
	body string
	at   time.Duration
}

// reply is an answer of the system. The zero reply is 200 and an empty object.
type reply struct {
	status int
	body   string
}

// outcome is the reply, judged.
func (r reply) outcome(c *plan.Call, v load.Values) load.Outcome {
	if r.status >= 400 {
		return load.Outcome{Class: tally.Status, Error: fmt.Sprintf("status %d", r.status)}
	}
	if wrong := (answer.Answer{Body: []byte(cmp.Or(r.body, "{}"))}).Check(c.Content.(*plan.HTTP).Expect, c.Save, v); wrong != "" {
		return load.Outcome{Class: tally.Expect, Error: wrong}
	}
	return load.Outcome{Class: tally.OK}
}

// connection is one client of the system.
type connection struct {
	*system
	user   int
	dialed bool
}

func (s *system) connect() load.Client {
	s.mu.Lock()
	user := s.users
	s.users++
	s.mu.Unlock()
	if s.stall != nil {
		time.Sleep(s.stall(user))
	}
	return &connection{system: s, user: user}
}

func (c *connection) Do(ctx context.Context, call *plan.Call, v load.Values) load.Outcome {
	now, q := time.Now(), call.Content.(*plan.HTTP)
	one := sent{c.user, string(v.Append(nil, q.Path)), string(v.Append(nil, q.Body)), now.Sub(c.start)}
	c.mu.Lock()
	c.sent = append(c.sent, one)
	if !c.dialed {
		c.dialed = true
		c.open++
		c.most = max(c.most, c.open)
	}
	c.mu.Unlock()
	var r reply
	if c.answer != nil {
		r = c.answer(one.path, one.at)
	}
	took := 10 * time.Millisecond
	if c.take != nil {
		took = c.take(one.path, one.at)
	}
	select {
	case <-time.After(took):
		o := r.outcome(call, v)
		o.Sent = now
		return o
	case <-ctx.Done():
		return load.Outcome{Sent: now, Class: tally.Timeout, Error: "not answered before the load ended", Unfinished: true}
	}
}

// Idle is called once the length of the sleep is fixed: its own time makes the sleep longer.
func (c *connection) Idle() {
	if c.late != nil {
		time.Sleep(c.late())
	}
}

func (c *connection) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dialed {
		c.dialed = false
		c.open--
	}
	return nil
}

// paths counts the requests by path.
func (s *system) paths() map[string]int {
	counts := map[string]int{}
	for _, one := range s.sent {
		counts[one.path]++
	}
	return counts
}
