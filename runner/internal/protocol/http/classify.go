package http

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// fault is what a system did wrong, in a sentence that is the same each time.
type fault string

// Error is the sentence.
func (f fault) Error() string { return string(f) }

// What can be wrong with an answer, and with the way to it.
const (
	errNotHTTP     fault = "what came is not an HTTP/1.1 answer"
	errNoAnswer    fault = "the connection was closed without an answer"
	errHeaderEnd   fault = "the connection was closed within the header"
	errBodyEnd     fault = "the connection was closed within the body"
	errHeaderLine  fault = "a header line is malformed"
	errHeaderSize  fault = "the header is larger than 1 MiB"
	errLength      fault = "the Content-Length is not a number"
	errLengths     fault = "there are two Content-Lengths"
	errCoding      fault = "the Transfer-Encoding is not one that HTTP/1.1 knows here"
	errChunk       fault = "the size of a chunk is not a number"
	errChunkEnd    fault = "a chunk does not end where its size says"
	errTrailerSize fault = "the trailer is larger than 1 MiB"
	errTooLarge    fault = "the answer is larger than 16 MiB"
	errGzip        fault = "the gzip of the body is damaged"
	errInterim     fault = "more than 100 interim answers came"
	errLine        fault = "a line is too long" // inner: endless gives it a better name
	errNotHTTP2    fault = "the server does not speak HTTP/2"
	errScheme      fault = "the address is neither http nor https"
	errNoHost      fault = "the address names no host"
	errLocation    fault = "the Location of a redirect is no address"
	errTunnel      fault = "the proxy sent more than an answer"
)

// late is a deadline that has passed, in a sentence that says at what.
type late string

// Error is the sentence.
func (l late) Error() string { return string(l) }

const (
	errNoConnection late = "not connected in time"
	errNoneFree     late = "no shared connection became free in time"
)

// classify tells whose fault an error is. cut says that the load's end caused it.
func classify(err error, cut bool) (tally.Class, string) {
	var known fault
	var passed late
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch own := ownFault(err); {
	case own != "":
		return tally.Generator, "this machine: " + own
	case cut || errors.Is(err, context.Canceled):
		return tally.Timeout, "not answered before the load ended"
	case errors.As(err, &passed):
		return tally.Timeout, string(passed)
	case errors.As(err, &known):
		return tally.Transport, string(known)
	case errors.As(err, &dns):
		return tally.Generator, "look up " + dns.Name + ": " + dns.Err
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		return tally.Timeout, "no whole answer in time"
	default:
		return tally.Transport, describe(err)
	}
}

// ownFault says what this machine has run out of; empty when it is not its fault.
func ownFault(err error) string {
	for _, own := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS} {
		if errors.Is(err, own) {
			return own.Error()
		}
	}
	return ""
}

// closedByPeer reports whether the other side has closed a connection that was written to.
func closedByPeer(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// describe puts an error of the network into words without ports, addresses and numbers, so
// that equal errors read alike.
func describe(err error) string {
	var call *os.SyscallError
	var op *net.OpError
	var stream streamError
	switch text := certificate(err); {
	case text != "":
		return text
	case errors.As(err, &stream):
		return "the stream was reset: " + stream.name()
	case errors.As(err, &call):
		return call.Syscall + ": " + call.Err.Error()
	case errors.As(err, &op):
		return op.Op + ": " + op.Err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return string(errNoAnswer)
	default: // net/http puts details that vary behind a semicolon, a text from afar behind a new line
		text, _, _ = strings.Cut(err.Error(), ";")
		text, _, _ = strings.Cut(text, "\n")
		return text
	}
}

// certificate says what is wrong with TLS; empty when that is not it. The texts of x509 are
// not taken over where they hold the present time.
func certificate(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert *net.OpError
	switch {
	case errors.As(err, &unknown):
		return "the certificate is signed by an unknown authority"
	case errors.As(err, &name):
		return "the certificate is not for " + name.Host
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has expired or is not valid yet"
	case errors.As(err, &verification):
		text, _, _ := strings.Cut(verification.Err.Error(), "\n")
		return "the certificate is not good: " + text
	case errors.As(err, &record):
		return "the server does not speak TLS"
	case errors.As(err, &alert) && alert.Op == "remote error": // crypto/tls does not export the type
		return "the server refuses TLS: " + strings.TrimPrefix(alert.Err.Error(), "tls: ")
	}
	return ""
}
