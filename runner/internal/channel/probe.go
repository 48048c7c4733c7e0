package channel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
)

// noMethod is a method that no service has.
const noMethod = "plimsoll.IsItThere"

// Service is a service that is called.
type Service struct {
	Name   string
	Method string // one that takes one message; empty for none
}

// Probe finds out whether calls of services can work at all: it calls a method of each that does not exist. It fails if
// the server does not speak HTTP/2 or gRPC, or with a NoService if the server says so, as grpc-go does. Any other
// answer is left to the load: many servers do not tell an unknown method from an unknown service. Each answer may take
// patience. The error follows the name of the server.
func (c *Channel) Probe(ctx context.Context, services []Service, patience time.Duration) error {
	for _, service := range services {
		err := c.call(ctx, service.Name+"/"+noMethod, &emptypb.Empty{}, patience)
		switch s := status.Convert(err); {
		case ctx.Err() != nil:
			return ctx.Err()
		case s.Code() == codes.Unimplemented && strings.HasPrefix(s.Message(), "unknown service"):
			missing := NoService{Name: service.Name}
			missing.Known, _ = c.Services(ctx, patience) // without them there is no suggestion
			return missing
		case foreign(err) != "" && service.Method != "": // a proxy may let through only the methods that it knows
			method := service.Name + "/" + service.Method
			if answer := foreign(c.call(ctx, method, nil, patience)); answer != "" {
				return fmt.Errorf("answers calls of %s with %s, and speaks no gRPC there: is it the right port?", method, answer)
			}
		case s.Code() == codes.Unavailable, s.Code() == codes.DeadlineExceeded:
			return c.otherProtocol(err) // the other services would take as long
		}
	}
	return nil
}

// call calls a method that takes one message. Without the message no server does anything for the call.
func (c *Channel) call(ctx context.Context, method string, message any, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stream, err := c.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/"+method)
	if err == nil && message != nil {
		err = stream.SendMsg(message)
	}
	if err == nil {
		err = stream.CloseSend()
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = stream.RecvMsg(&emptypb.Empty{})
	}
	return err
}

// How grpc-go tells of an answer that is not gRPC.
var (
	foreignStatus = regexp.MustCompile(`unexpected HTTP status code received from server: ([0-9]+)`)
	foreignType   = regexp.MustCompile(`received unexpected content-type "([^"]{0,100})`)
)

// foreign describes, for people, an answer that shows that the server speaks HTTP/2 but no gRPC. It is empty for all
// other answers. A proxy may answer 401, 403 or 5xx because the probe lacks the call's metadata, or because the service
// is not up yet, so these statuses prove nothing.
func foreign(err error) string {
	text := status.Convert(err).Message()
	match := foreignStatus.FindStringSubmatch(text)
	if match == nil {
		return ""
	}
	switch number, _ := strconv.Atoi(match[1]); { // the expression has digits alone
	case number == http.StatusOK:
		if match = foreignType.FindStringSubmatch(text); match != nil {
			return "the content-type " + match[1]
		}
		return "no content-type"
	case number >= 300 && number < 400, number == http.StatusNotFound, number == http.StatusMethodNotAllowed,
		number == http.StatusUnsupportedMediaType, number == http.StatusNotImplemented:
		return strings.TrimSpace(fmt.Sprintf("the HTTP status %d %s", number, http.StatusText(number)))
	}
	return ""
}

// otherProtocol names what the server speaks instead of HTTP/2, if that is why a call failed. The error follows the
// name of the server.
func (c *Channel) otherProtocol(err error) error {
	switch err = c.Explain(err); {
	case errors.Is(err, ErrHTTP1):
		return errors.New(strings.TrimPrefix(err.Error(), "the server "))
	case errors.Is(err, h2.ErrNotHTTP2):
		return errors.New("does not speak HTTP/2: is it the right port?")
	}
	return nil
}
