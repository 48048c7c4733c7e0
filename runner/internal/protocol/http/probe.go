package http

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// probing is a user's driver as long as TLS has not decided on the version of HTTP.
type probing struct {
	http    *HTTP
	ctx     context.Context // the user's: load.Driver hands none to Do
	driver  versioned
	version int32 // of driver
}

// Do finds the version out, if nobody has, and sends the request with it.
func (p *probing) Do(c *plan.Call, v load.Values) load.Outcome {
	deadline := time.Now().Add(p.http.target.Timeout)
	version := p.http.probe(p.ctx, deadline)
	if p.driver == nil || p.version != version {
		p.Close() //nolint:errcheck // a connection of the other version carries nothing more
		p.version = version
		if version == http2 {
			p.driver = newUser2(p.ctx, p.http)
		} else {
			p.driver = newUser1(p.ctx, p.http)
		}
	}
	return p.driver.do(c, v, deadline)
}

// Idle gives memory back.
func (p *probing) Idle() {
	if p.driver != nil {
		p.driver.Idle()
	}
}

// Close ends the connection.
func (p *probing) Close() error {
	if p.driver == nil {
		return nil
	}
	return p.driver.Close()
}

// probe is the version of HTTP to speak. The first to ask does a handshake while the others
// wait; when it does not come about, the answer is HTTP/1.1, for that caller alone: its
// request will meet the same fault and can tell of it.
func (h *HTTP) probe(ctx context.Context, deadline time.Time) int32 {
	if settled := h.version.Load(); settled != unsettled {
		return settled
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	select {
	case h.probing <- struct{}{}:
		defer func() { <-h.probing }()
	case <-ctx.Done():
		return http1
	}
	if settled := h.version.Load(); settled != unsettled {
		return settled
	}
	c, err := h.dialer.dial(ctx, h.origin, false, "h2", "http/1.1")
	if err != nil {
		return http1
	}
	version := http1
	if t, ok := c.(*tls.Conn); ok && t.ConnectionState().NegotiatedProtocol == "h2" {
		version = http2
	}
	c.Close() //nolint:errcheck // it carried nothing but the handshake
	h.version.Store(version)
	return version
}
