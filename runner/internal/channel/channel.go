// Package channel asks a gRPC server questions before the load: whether it is healthy, and which
// services it has.
//
// A Channel is a grpc-go connection over the load's dialer, so it has the address, TLS, proxy and
// headers of the load. It connects at its first call, and its calls end with their context. The load
// itself never uses it: package protocol/grpc has a client that is many times cheaper.
package channel

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"unicode"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// ErrHTTP1 is the error of a server that does not speak HTTP/2.
const ErrHTTP1 wire.Fault = "the server answers in HTTP/1.1 where gRPC needs HTTP/2: is it the right port?"

// mostBytes bounds an answer.
const mostBytes = 64 << 20

// Channel is a connection to a gRPC server. Safe for concurrent use.
type Channel struct {
	*grpc.ClientConn
	dialer *wire.Dialer

	mu     sync.Mutex // guards what follows
	failed error      // why the last dial failed; nil if it did not
}

// New makes a Channel that sends headers with each call. It does not connect yet. The caller must close
// it.
func New(d *wire.Dialer, headers []plan.Header) (*Channel, error) {
	c := &Channel{dialer: d}
	common := fields(d, headers)
	at := d.Target()
	conn, err := grpc.NewClient("passthrough:///"+at.Address(),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return c.dial(ctx) }),
		grpc.WithTransportCredentials(dialed(at.Scheme)),
		grpc.WithAuthority(authority(at, headers)), grpc.WithNoProxy(), grpc.WithDisableServiceConfig(), grpc.WithUserAgent("plimsoll"),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(mostBytes)),
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, in, out any, on *grpc.ClientConn, invoke grpc.UnaryInvoker, o ...grpc.CallOption) error {
			return invoke(metadata.NewOutgoingContext(ctx, common), method, in, out, on, o...)
		}),
		grpc.WithStreamInterceptor(func(ctx context.Context, what *grpc.StreamDesc, on *grpc.ClientConn, method string, open grpc.Streamer, o ...grpc.CallOption) (grpc.ClientStream, error) {
			return open(metadata.NewOutgoingContext(ctx, common), what, on, method, o...)
		}))
	if err != nil {
		return nil, err
	}
	c.ClientConn = conn
	return c, nil
}

// Agreed returns the error of connecting to an origin for HTTP/2; see wire.Agreed2.
func Agreed(to wire.Origin, conn net.Conn, err error) error {
	if err = wire.Agreed2(to, conn, err); errors.Is(err, h2.ErrHTTP1) {
		return ErrHTTP1
	}
	return err
}

// dial connects, and notes why it could not: grpc-go keeps only the text.
func (c *Channel) dial(ctx context.Context) (net.Conn, error) {
	conn, err := c.dialer.Dial2(ctx, c.dialer.Target())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = err
	return conn, err
}

// Explain says why a call failed, in the sentences of package wire where the network is at fault.
func (c *Channel) Explain(err error) error {
	s, ok := status.FromError(err)
	c.mu.Lock()
	failed := c.failed
	c.mu.Unlock()
	switch {
	case err == nil:
		return nil
	case ok && failed != nil && (s.Code() == codes.Unavailable || s.Code() == codes.DeadlineExceeded):
		if errors.Is(failed, h2.ErrHTTP1) {
			return ErrHTTP1
		}
		_, text := wire.Classify(failed)
		return wire.Fault(text)
	case ok && strings.Contains(s.Message(), h2.ErrHTTP1.Text):
		return ErrHTTP1
	case ok && strings.Contains(s.Message(), h2.ErrNotHTTP2.Text):
		return h2.ErrNotHTTP2
	case ok && s.Code() == codes.DeadlineExceeded:
		return wire.ErrNoAnswer
	case ok:
		return fmt.Errorf("code %d %s: %s", s.Code(), spelled(s.Code()), s.Message())
	}
	return err
}

// spelled is the name of a code as the specification writes it, such as DEADLINE_EXCEEDED.
func spelled(c codes.Code) string {
	var b strings.Builder
	for i, letter := range c.String() {
		if i > 0 && letter >= 'A' && letter <= 'Z' && c != codes.OK {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(letter))
	}
	return b.String()
}

// Healthy asks grpc.health.v1.Health about a service, or about the server as a whole if service is
// empty. The error says why it is not serving.
func (c *Channel) Healthy(ctx context.Context, service string) error {
	answer, err := grpc_health_v1.NewHealthClient(c).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
	switch code := status.Code(err); {
	case code == codes.OK:
	case foreign(err) != "":
		return fmt.Errorf("the server answers with %s, and not in gRPC", foreign(err))
	case code == codes.Unimplemented:
		return fmt.Errorf("the server has no service grpc.health.v1.Health")
	case code == codes.NotFound:
		return fmt.Errorf("the server knows no service %q", service)
	default:
		return c.Explain(err)
	}
	if answer.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		return fmt.Errorf("the server says %v", answer.Status)
	}
	return nil
}

// fields are headers as grpc-go takes them. Values of names in -bin are base64 in the profile.
func fields(d *wire.Dialer, headers []plan.Header) metadata.MD {
	md := metadata.MD{}
	if own := d.Authorization(); own != "" {
		md.Set("authorization", own)
	}
	for _, h := range headers {
		name := strings.ToLower(h.Name)
		value, _ := h.Value.Static() // a target's headers have no variables
		switch {
		case name == "host" || name == "te" || name == "content-type" || name == "connection" || strings.HasPrefix(name, "grpc-"):
		case strings.HasSuffix(name, "-bin"):
			if raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "=")); err == nil {
				md.Append(name, string(raw))
			}
		case name == "authorization":
			md.Set(name, value)
		default:
			md.Append(name, value)
		}
	}
	return md
}

// authority is the name of the server that calls are meant for.
func authority(at wire.Origin, headers []plan.Header) string {
	for _, h := range headers {
		if strings.EqualFold(h.Name, "host") {
			value, _ := h.Value.Static()
			return value
		}
	}
	return at.Authority()
}

// dialed are the credentials of a connection that the dialer has made secure already. It is the scheme
// of the address.
type dialed string

// ClientHandshake leaves the connection as it is.
func (dialed) ClientHandshake(_ context.Context, _ string, c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return c, nil, nil
}

// ServerHandshake leaves the connection as it is.
func (dialed) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) { return c, nil, nil }

// Info makes grpc-go send the scheme of the address.
func (d dialed) Info() credentials.ProtocolInfo {
	if d == "https" {
		return credentials.ProtocolInfo{SecurityProtocol: "tls"}
	}
	return credentials.ProtocolInfo{SecurityProtocol: "insecure"}
}

// Clone is a copy.
func (d dialed) Clone() credentials.TransportCredentials { return d }

// OverrideServerName does nothing.
func (dialed) OverrideServerName(string) error { return nil }
