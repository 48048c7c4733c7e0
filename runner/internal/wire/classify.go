package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Fault says what a system did wrong, always in the same sentence.
type Fault string

// Error is the sentence.
func (f Fault) Error() string { return string(f) }

const (
	errScheme Fault = "the address is neither http nor https"
	errNoHost Fault = "the address names no host"
)

// Late says what did not happen before its deadline.
type Late string

// Error is the sentence.
func (l Late) Error() string { return string(l) }

// The things that can be late.
const (
	ErrNotConnected Late = "not connected in time"
	ErrNoAnswer     Late = "no whole answer in time"
)

// ErrCut is the error of a call that the end of the load cut off.
var ErrCut = fmt.Errorf("not answered before the load ended: %w", context.Canceled)

// IsCut reports whether the end of the load caused an error.
func IsCut(err error) bool { return errors.Is(err, context.Canceled) }

// Classify says whose fault an error is, and names it. A canceled context stands for the end of
// the load.
func Classify(err error) (tally.Class, string) {
	var known Fault
	var answer http1.Error
	var passed Late
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch own := ownFault(err); {
	case own != "":
		return tally.Generator, "this machine: " + own
	case IsCut(err):
		return tally.Timeout, "not answered before the load ended"
	case errors.As(err, &passed):
		return tally.Timeout, string(passed)
	case errors.As(err, &known):
		return tally.Transport, string(known)
	case errors.As(err, &answer):
		return tally.Transport, string(answer)
	case errors.As(err, &dns):
		return tally.Generator, "look up " + dns.Name + ": " + dns.Err
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		return tally.Timeout, string(ErrNoAnswer)
	default:
		return tally.Transport, describe(err)
	}
}

// ownFault says what this machine has run out of; empty for any other error.
func ownFault(err error) string {
	for _, own := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS} {
		if errors.Is(err, own) {
			return own.Error()
		}
	}
	return ""
}

// notInTime turns a time-out of connecting into ErrNotConnected: either the context or the socket may
// notice it first. A name service that is late keeps its own error.
func notInTime(err error) error {
	if late(err) {
		return ErrNotConnected
	}
	return err
}

// late reports whether time ran out while a connection was made.
func late(err error) bool {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout() && !errors.As(err, &dns)
}

// ClosedByPeer reports whether the other side has closed a connection that was written to.
func ClosedByPeer(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// describe puts an error of the network into words. It leaves out ports, addresses and numbers, so
// equal faults have equal texts.
func describe(err error) string {
	var call *os.SyscallError
	var op *net.OpError
	switch text := certificate(err); {
	case text != "":
		return text
	case errors.As(err, &call):
		return call.Syscall + ": " + call.Err.Error()
	case errors.As(err, &op):
		return op.Op + ": " + op.Err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return string(http1.ErrNoAnswer)
	default: // net/http adds varying details after a semicolon, and text of the server after a line end
		text, _, _ = strings.Cut(err.Error(), ";")
		text, _, _ = strings.Cut(text, "\n")
		return text
	}
}

// certificate says what is wrong with TLS; empty for any other error. It replaces texts of x509 that
// contain the present time.
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
		return "the certificate is not valid: " + text
	case errors.As(err, &record):
		return "the server does not speak TLS"
	case errors.As(err, &alert) && alert.Op == "remote error": // crypto/tls does not export the type
		return "the server refuses TLS: " + strings.TrimPrefix(alert.Err.Error(), "tls: ")
	}
	return ""
}
