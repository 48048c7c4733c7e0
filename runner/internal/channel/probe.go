package channel

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
)

// noMethod is a method that no service has.
const noMethod = "plimsoll.IsItThere"

// Probe finds out whether calls of services can work at all, by calling a method of each that is not there. It
// fails if the server does not speak HTTP/2, or with a NoService if the server says so, as grpc-go does. Any other answer
// is left to the load: many servers do not tell an unknown method from an unknown service. Each answer may take
// patience. The error follows the name of the server.
func (c *Channel) Probe(ctx context.Context, services []string, patience time.Duration) error {
	for _, name := range services {
		within, cancel := context.WithTimeout(ctx, patience)
		err := c.Invoke(within, "/"+name+"/"+noMethod, &emptypb.Empty{}, &emptypb.Empty{})
		cancel()
		switch s := status.Convert(err); {
		case ctx.Err() != nil:
			return ctx.Err()
		case s.Code() == codes.Unimplemented && strings.HasPrefix(s.Message(), "unknown service"):
			missing := NoService{Name: name}
			missing.Known, _ = c.Services(ctx, patience) // without them there is no suggestion
			return missing
		case s.Code() == codes.Unavailable, s.Code() == codes.DeadlineExceeded:
			return c.otherProtocol(err) // the other services would take as long
		}
	}
	return nil
}

// otherProtocol says what the server speaks instead of HTTP/2, if that is why a call failed. The error follows the name
// of the server.
func (c *Channel) otherProtocol(err error) error {
	switch err = c.Explain(err); {
	case errors.Is(err, ErrHTTP1):
		return errors.New(strings.TrimPrefix(err.Error(), "the server "))
	case errors.Is(err, h2.ErrNotHTTP2):
		return errors.New("does not speak HTTP/2: is it the right port?")
	}
	return nil
}
