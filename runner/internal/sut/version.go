package sut

import (
	"context"
	"errors"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/runner/internal/channel"
	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Speaks connects once, and says so if the system does not speak the version of HTTP that target.http asks for.
// Then every request would fail. Any other error is left to the load, which says more about it.
func (d *Door) Speaks(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, d.target.Timeout)
	defer cancel()
	var err error
	switch d.target.HTTP {
	case profile.HTTP2:
		err = d.dialer.Greets2(within, d.dialer.Target())
	case profile.HTTP3:
		err = d.connects(within)
	}
	if text := d.otherVersion(err); text != "" && ctx.Err() == nil {
		return errors.New(text)
	}
	return nil
}

// isHTTP1 reports whether an error shows that the system answers in HTTP/1.1 where HTTP/2 is asked for. Waiting
// does not change that.
func isHTTP1(err error) bool { return errors.Is(err, h2.ErrHTTP1) || errors.Is(err, channel.ErrHTTP1) }

// otherVersion says what to do if an error shows that the system does not speak the version of HTTP that is asked
// for; empty for any other error.
func (d *Door) otherVersion(err error) string {
	switch {
	case errors.Is(err, channel.ErrHTTP1) && d.grpc != nil:
		return d.grpc.otherVersion(err)
	case errors.Is(err, channel.ErrHTTP1):
		return fmt.Sprintf("%s answers in HTTP/1.1 where gRPC needs HTTP/2: is it the right port?", d.target.Shown)
	case errors.Is(err, h2.ErrHTTP1):
		return fmt.Sprintf("%s answers in HTTP/1.1, not in HTTP/2: leave target.http out, or write http: 1", d.target.Shown)
	case errors.Is(err, h2.ErrNotHTTP2):
		return fmt.Sprintf("%s does not speak HTTP/2: is it the right port?", d.target.Shown)
	case errors.Is(err, wire.ErrNoQUIC), errors.Is(err, wire.ErrQUICLate):
		return fmt.Sprintf("nothing answers in HTTP/3 at %s, over UDP: does the server speak HTTP/3, and does every firewall let UDP through? Otherwise leave target.http out", d.target.Shown)
	case errors.Is(err, wire.ErrQUICVersion), errors.Is(err, wire.ErrNotHTTP3):
		return fmt.Sprintf("%s answers over UDP, and not in HTTP/3: leave target.http out", d.target.Shown)
	}
	return ""
}
