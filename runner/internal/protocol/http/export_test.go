package http

import (
	"context"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Answer is an answer before it is judged.
type Answer struct {
	load.Outcome
	Status int
	Body   []byte
}

// User is one user whose answers are seen before they are judged.
type User struct {
	load.Client
	ctx context.Context
}

// User makes a user whose calls are made under ctx.
func (f *Clients) User(ctx context.Context) *User { return &User{f.Client(new(jar.Jar)), ctx} }

// Call makes a call and judges nothing.
func (u *User) Call(c *plan.Call, v load.Values) Answer {
	r := u.Client.(versioned).call(u.ctx, c, v, time.Time{})
	return Answer{r.Outcome, r.status, r.body}
}

// Do makes a call as a load does.
func (u *User) Do(c *plan.Call, v load.Values) load.Outcome { return u.Client.Do(u.ctx, c, v) }
