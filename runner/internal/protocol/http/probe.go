package http

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// versioned is a client for one version of HTTP. Its call may have begun before the version was known.
type versioned interface {
	load.Client
	// call is Do with a deadline, without judging the answer. A zero deadline means the plan's
	// time-out from now.
	call(ctx context.Context, c *plan.Call, v load.Values, deadline time.Time) response
}

// probing is a user's client until TLS has decided on the version of HTTP.
type probing struct {
	clients *Clients
	jar     *jar.Jar
	client  versioned // nil before the first call
	version int32     // of client
}

// Do finds out the version, unless it is known, and makes the call with it; see load.Client.
func (p *probing) Do(ctx context.Context, c *plan.Call, v load.Values) load.Outcome {
	r := p.call(ctx, c, v, time.Time{})
	p.clients.calls[c.Index].judge(&r, c, v)
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
			p.client = newClient2(p.clients, p.jar)
		} else {
			p.client = newClient1(p.clients, p.jar)
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

// probe returns the version of HTTP to speak. The first caller does a handshake, and the others wait for
// it. If the handshake fails, that caller alone gets HTTP/1.1: its call meets the same fault and reports
// it.
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
