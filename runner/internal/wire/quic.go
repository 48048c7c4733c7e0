package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
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

// Close ends the connection and its socket. Streams under way end with it.
func (q *QUIC) Close() error {
	_ = q.CloseWithError(0x100, "") // H3_NO_ERROR; it is closed either way
	return errors.Join(q.transport.Close(), q.socket.Close())
}

// quicIdle is how long a connection may be idle. The server decides if it allows less.
const quicIdle = time.Hour

// quicConfig leaves time-outs to the calls and bounds what a server can make this side keep.
var quicConfig = &quic.Config{
	HandshakeIdleTimeout: quicIdle, MaxIdleTimeout: quicIdle, MaxIncomingStreams: -1,
	MaxStreamReceiveWindow: http1.MaxBody, MaxConnectionReceiveWindow: 4 * http1.MaxBody,
}

// The faults of QUIC.
const (
	errNoQUIC       Fault = "HTTP/3 needs https"
	errQUICProxy    Fault = "HTTP/3 does not go through a proxy"
	errQUICVersion  Fault = "the server speaks no version of QUIC that is known here"
	errQUICReset    Fault = "the server has forgotten the connection: stateless reset"
	errQUICProtocol Fault = "the server does not speak HTTP/3"
)

// Direct reports whether there is no proxy.
func (v Via) Direct() bool { return v.url == nil }

// DialQUIC connects to an origin over UDP and offers protocols. It goes through no proxy.
func (d *Dialer) DialQUIC(ctx context.Context, to Origin, protocols ...string) (*QUIC, error) {
	switch {
	case to.Scheme != "https":
		return nil, errNoQUIC
	case !d.Via(to).Direct():
		return nil, errQUICProxy
	}
	config := d.config(to, protocols)
	q, err := inTurn(ctx, d.names, to.Host, to.Port, func(ctx context.Context, address string) (*QUIC, error) {
		at, err := net.ResolveUDPAddr("udp", address) // an IP address: it looks nothing up
		if err != nil {
			return nil, err
		}
		socket, err := net.ListenUDP("udp", nil)
		if err != nil {
			return nil, err
		}
		transport := &quic.Transport{Conn: socket}
		conn, err := transport.Dial(ctx, at, config, quicConfig)
		if err != nil {
			transport.Close() //nolint:errcheck // it failed already
			socket.Close()    //nolint:errcheck // it failed already
			return nil, err
		}
		return &QUIC{conn, transport, socket}, nil
	})
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return q, notInTime(QUICFault(err))
}

// QUICFault puts an error of a QUIC connection into words.
func QUICFault(err error) error {
	var version *quic.VersionNegotiationError
	var reset *quic.StatelessResetError
	var transport *quic.TransportError
	switch {
	case errors.As(err, &version):
		return errQUICVersion
	case errors.As(err, &reset):
		return errQUICReset
	case !errors.As(err, &transport) || certificate(err) != "":
		return err
	case transport.ErrorCode == noProtocol:
		return errQUICProtocol
	case transport.ErrorCode.IsCryptoError() && transport.Remote:
		return Fault("the server refuses TLS: " + strings.TrimPrefix(tls.AlertError(transport.ErrorCode).Error(), "tls: ")) // its low byte
	}
	return Fault("QUIC: " + transport.ErrorCode.String())
}

// noProtocol is the alert no_application_protocol (RFC 9001, section 4.8).
const noProtocol quic.TransportErrorCode = 0x178
