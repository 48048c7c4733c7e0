package http

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

const errNotHTTP2 wire.Fault = "the server does not speak HTTP/2"

// newTransport makes a Transport that is used only to make single connections: its pool would retry
// requests and share connections.
func (f *Clients) newTransport() *http.Transport {
	t := &http.Transport{
		DisableCompression:     true, // or it would not count the bytes on the wire
		MaxResponseHeaderBytes: http1.MaxHeader,
		Protocols:              new(http.Protocols),
	}
	t.Protocols.SetHTTP2(true)
	offer := []string{"h2"}
	if f.target.HTTP == profile.HTTP2 {
		t.Protocols.SetUnencryptedHTTP2(true)
	} else { // a redirect may lead to a server that speaks nothing else
		t.Protocols.SetHTTP1(true)
		offer = append(offer, "http/1.1")
	}
	t.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
		return f.dialer.Tunnel(ctx, originAt("http", address))
	}
	t.DialTLSContext = func(ctx context.Context, _, address string) (net.Conn, error) {
		c, err := f.dialer.Tunnel(ctx, originAt("https", address), offer...)
		if err != nil {
			return nil, err
		}
		encrypted, ok := c.(*tls.Conn)
		if len(offer) == 1 && (!ok || encrypted.ConnectionState().NegotiatedProtocol != "h2") {
			c.Close() //nolint:errcheck // it carried nothing but the handshake
			return nil, errNotHTTP2
		}
		return c, nil
	}
	return t
}

// originAt is the origin of an address that the Transport asks for.
func originAt(scheme, address string) wire.Origin {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		panic("http: " + err.Error()) // it came from Origin.Address
	}
	return wire.Origin{Scheme: scheme, Host: host, Port: port}
}

// carrier is an HTTP/2 connection.
type carrier struct {
	*http.ClientConn
	once    sync.Once
	settled chan struct{} // closed once it has carried an answer, or has had the time for it
}

// settle says that the connection has carried an answer, or has failed.
func (c *carrier) settle() { c.once.Do(func() { close(c.settled) }) }

// settling is how long others wait for the first answer on a fresh connection. Until then the server's
// limit of requests at once is unknown, and it would refuse those beyond.
const settling = 100 * time.Millisecond

// wait returns when the connection is settled, or ctx has ended.
func (c *carrier) wait(ctx context.Context) {
	select {
	case <-c.settled:
		return
	default:
	}
	timer := time.NewTimer(settling)
	defer timer.Stop()
	select {
	case <-c.settled:
	case <-timer.C:
		c.settle()
	case <-ctx.Done():
	}
}

// line holds one HTTP/2 connection, which any number of users may share.
type line struct {
	turn chan struct{} // holds a token while a user uses conn
	conn *carrier
}

func newLine() *line { return &line{turn: make(chan struct{}, 1)} }

// connection returns the connection of the line, or dials one if there is no usable one; kept says that it
// was there already. If another user is dialling, or waits for the first answer on a fresh connection,
// it waits too, at most until ctx ends.
func (l *line) connection(ctx context.Context, t *http.Transport, at wire.Origin) (c *carrier, kept bool, err error) {
	c, kept, err = l.take(ctx, t, at)
	if kept {
		c.wait(ctx)
	}
	return c, kept, err
}

func (l *line) take(ctx context.Context, t *http.Transport, at wire.Origin) (c *carrier, kept bool, err error) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, false, context.Cause(ctx)
	}
	if l.conn != nil && l.conn.Err() == nil {
		return l.conn, true, nil
	}
	l.conn = nil
	made, err := t.NewClientConn(ctx, at.Scheme, at.Address())
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, false, err
	}
	l.conn = &carrier{ClientConn: made, settled: make(chan struct{})}
	return l.conn, false, nil
}

// drop forgets a connection that takes no more requests. Those under way on it continue.
func (l *line) drop(ctx context.Context, c *carrier) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return
	}
	if l.conn == c {
		l.conn = nil
	}
	if c.InFlight() == 0 {
		c.Close() //nolint:errcheck // it is of no more use
	}
}

// close ends the connection.
func (l *line) close() error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if l.conn == nil {
		return nil
	}
	c := l.conn
	l.conn = nil
	return c.Close()
}

// streamError receives, through errors.As, net/http's error of a stream that the server reset. net/http
// fills in any struct with these fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

// Error is the name of the code. With the number of the stream, equal errors would differ.
func (e streamError) Error() string { return e.name() }

// streamCodes are the error codes of RFC 9113, section 7, by number.
var streamCodes = []string{
	"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
	"FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
	"INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
}

func (e streamError) name() string {
	if int(e.Code) < len(streamCodes) {
		return streamCodes[e.Code]
	}
	return "an unknown code"
}
