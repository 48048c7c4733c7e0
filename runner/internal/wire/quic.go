package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
)

// QUIC is a connection of QUIC on a UDP socket of its own.
type QUIC struct {
	*quic.Conn
	transport *quic.Transport
	socket    *net.UDPConn
}

// connected is a socket with one peer. Unlike an unconnected one, it gets an error if nobody listens there.
// quic-go names the peer in each write, which such a socket refuses.
type connected struct{ *net.UDPConn }

// WriteTo writes to the peer.
func (c connected) WriteTo(p []byte, _ net.Addr) (int, error) { return c.Write(p) }

// WriteMsgUDP writes to the peer.
func (c connected) WriteMsgUDP(p, oob []byte, _ *net.UDPAddr) (n, oobn int, err error) {
	return c.UDPConn.WriteMsgUDP(p, oob, nil)
}

// Close ends the connection and its socket. Streams under way end with it.
func (q *QUIC) Close() error {
	_ = q.CloseWithError(0x100, "") // H3_NO_ERROR; it is closed either way
	return errors.Join(q.transport.Close(), q.socket.Close())
}

// quicIdle is how long a connection may be idle, unless the server allows less.
const quicIdle = time.Hour

// quicConfig leaves time-outs to the calls and bounds what a server can make this side keep.
var quicConfig = &quic.Config{
	HandshakeIdleTimeout: quicIdle, MaxIdleTimeout: quicIdle, MaxIncomingStreams: -1,
	MaxStreamReceiveWindow: http1.MaxBody, MaxConnectionReceiveWindow: 4 * http1.MaxBody,
}

// The faults of QUIC.
const (
	ErrNoQUIC       Fault = "nothing listens at the UDP port, where HTTP/3 is spoken"
	ErrQUICLate     Late  = "no answer over UDP in time, where HTTP/3 is spoken"
	ErrQUICVersion  Fault = "the server speaks no version of QUIC that is known here"
	ErrNotHTTP3     Fault = "the server does not speak HTTP/3"
	errNotEncrypted Fault = "HTTP/3 needs https"
	errQUICProxy    Fault = "HTTP/3 does not go through a proxy"
	errQUICReset    Fault = "the server has forgotten the connection: stateless reset"
)

// Direct reports whether there is no proxy.
func (v Via) Direct() bool { return v.url == nil }

// DialQUIC connects to an origin over UDP and offers protocols. It goes through no proxy.
func (d *Dialer) DialQUIC(ctx context.Context, to Origin, protocols ...string) (*QUIC, error) {
	switch {
	case to.Scheme != "https":
		return nil, errNotEncrypted
	case !d.Via(to).Direct():
		return nil, errQUICProxy
	}
	config := d.config(to, protocols)
	q, err := inTurn(ctx, d.names, to.Host, to.Port, func(ctx context.Context, address string) (*QUIC, error) {
		at, err := net.ResolveUDPAddr("udp", address) // an IP address: it looks nothing up
		if err != nil {
			return nil, err
		}
		socket, err := net.DialUDP("udp", nil, at)
		if err != nil {
			return nil, err
		}
		transport := &quic.Transport{Conn: connected{socket}}
		conn, err := transport.Dial(ctx, at, config, quicConfig)
		if err != nil {
			transport.Close() //nolint:errcheck // it failed already
			socket.Close()    //nolint:errcheck // it failed already
			return nil, err
		}
		return &QUIC{conn, transport, socket}, nil
	})
	switch {
	case err == nil:
		return q, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, ErrNotConnected), late(err):
		return nil, ErrQUICLate
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, QUICFault(err)
}

// QUICFault puts an error of a QUIC connection into words.
func QUICFault(err error) error {
	var version *quic.VersionNegotiationError
	var reset *quic.StatelessResetError
	var transport *quic.TransportError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return ErrNoQUIC
	case errors.As(err, &version):
		return ErrQUICVersion
	case errors.As(err, &reset):
		return errQUICReset
	case !errors.As(err, &transport) || certificate(err) != "":
		return err
	case transport.ErrorCode == noProtocol:
		return ErrNotHTTP3
	case transport.ErrorCode.IsCryptoError() && transport.Remote:
		return Fault("the server refuses TLS: " + strings.TrimPrefix(tls.AlertError(transport.ErrorCode).Error(), "tls: ")) // its low byte
	}
	return Fault("QUIC: " + transport.ErrorCode.String())
}

// noProtocol is the alert no_application_protocol (RFC 9001, section 4.8).
const noProtocol quic.TransportErrorCode = 0x178
