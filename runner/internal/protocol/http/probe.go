package http

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// versioned is a client whose call may have begun before it was known which version it would be.
type versioned interface {
	load.Client
	// call is Do until its deadline, without judging the answer. The zero Time stands for a deadline from now.
	call(ctx context.Context, c *plan.Call, v load.Values, deadline time.Time) response
}

// probing is a user's client as long as TLS has not decided on the version of HTTP.
type probing struct {
	clients *Clients
	client  versioned // nil before the first call
	version int32     // of client
}

// Do finds the version out, if nobody has, and makes the call with it; see load.Client.
func (p *probing) Do(ctx context.Context, c *plan.Call, v load.Values) load.Outcome {
	r := p.call(ctx, c, v, time.Time{})
	judge(&r, c, v)
	return r.Outcome
}

func (p *probing) call(ctx context.Context, c *plan.Call, v load.Values, deadline time.Time) response {
	if deadline.IsZero() {
		deadline = time.Now().Add(p.clients.target.Timeout)
	}
	version := p.clients.probe(ctx, deadline)
	if p.client == nil || p.version != version {
		p.Close() //nolint:errcheck // a connection of the other version carries nothing more
		p.version = version
		if version == version2 {
			p.client = newClient2(p.clients)
		} else {
			p.client = newClient1(p.clients)
		}
	}
	return p.client.call(ctx, c, v, deadline)
}

// Idle gives memory back.
func (p *probing) Idle() {
	if p.client != nil {
		p.client.Idle()
	}
}

// Close ends the connection.
func (p *probing) Close() error {
	if p.client == nil {
		return nil
	}
	return p.client.Close()
}

// probe is the version of HTTP to speak. The first to ask does a handshake while the others
// wait. If it fails, the answer is HTTP/1.1, for that caller alone: its call will meet the same fault and
// can tell of it.
func (f *Clients) probe(ctx context.Context, deadline time.Time) int32 {
	if settled := f.version.Load(); settled != unsettled {
		return settled
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	select {
	case f.probing <- struct{}{}:
		defer func() { <-f.probing }()
	case <-ctx.Done():
		return version1
	}
	if settled := f.version.Load(); settled != unsettled {
		return settled
	}
	c, err := f.dialer.Dial(ctx, f.origin, "h2", "http/1.1")
	if err != nil {
		return version1
	}
	version := version1
	if t, ok := c.(*tls.Conn); ok && t.ConnectionState().NegotiatedProtocol == "h2" {
		version = version2
	}
	c.Close() //nolint:errcheck // it carried nothing but the handshake
	f.version.Store(version)
	return version
}
