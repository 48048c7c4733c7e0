package postgres

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/plimsoll-ci/plimsoll/baseline"
)

// noWayIn adds the remedy to an error of connecting. No advice turns a protection off. If the server has no
// TLS, the error says what travels unencrypted.
func (s *server) noWayIn(connect *pgconn.ConnectError) error {
	all := s.failures(connect)
	plain := func(err *pgconn.PgError) bool { return strings.Contains(err.Message, "no encryption") }
	for _, takePlain := range []bool{false, true} { // the try in the clear after a failed encrypted one tells least
		for _, err := range all {
			var refused *pgconn.PgError
			if errors.As(err, &refused) && (takePlain || !plain(refused)) {
				kind := baseline.ErrUnreachable
				if refused.Code == insufficientPrivilege {
					kind = baseline.ErrDenied
				}
				return fmt.Errorf("%w: %s", kind, s.inWords(refused))
			}
			if advice := s.aboutTLS(err); advice != "" {
				return fmt.Errorf("%w: %w; %s", baseline.ErrUnreachable, root(err), advice)
			}
		}
	}
	return fmt.Errorf("%w: %w; is the server up, and the URL right?", baseline.ErrUnreachable, root(all[0]))
}

// failures are the errors that can be the reason. The lack of TLS is none if the server is asked in the clear
// next, as on this machine.
func (s *server) failures(connect *pgconn.ConnectError) []error {
	all := causes(connect)
	if !slices.ContainsFunc(ways(s.config.ConnConfig), func(way *pgconn.FallbackConfig) bool { return way.TLSConfig == nil }) {
		return all
	}
	last := len(all) - 1
	return append(slices.DeleteFunc(slices.Clone(all[:last]), refusedTLS), all[last])
}

// refusedTLS reports whether a server, or a pooler in front of it, has no TLS.
func refusedTLS(err error) bool {
	return strings.Contains(err.Error(), "server refused TLS connection")
}

// causes are the errors of all tries.
func causes(err error) []error {
	for next := err; next != nil; next = errors.Unwrap(next) {
		if joined, ok := next.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) > 0 {
			return joined.Unwrap()
		}
	}
	return []error{err}
}

// root is the innermost error of a failed connection. The text that pgx adds repeats the URL.
func root(err error) error {
	for {
		var network *net.OpError
		if errors.As(err, &network) {
			return network
		}
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// The advice about the client's certificate: if there is none, and if the server refuses it.
const (
	needsCertificate = "the server asks for a certificate of the client: name it and its key with sslcert=FILE and sslkey=FILE in the URL"
	untrusted        = "the server refuses the client's certificate in sslcert: is it still valid, and signed by an authority that the server trusts?"
)

// hasCertificate reports whether the URL names a certificate of the client.
func (s *server) hasCertificate() bool {
	return slices.ContainsFunc(ways(s.config.ConnConfig), func(way *pgconn.FallbackConfig) bool {
		return way.TLSConfig != nil && len(way.TLSConfig.Certificates) > 0
	})
}

// aboutAccess is the advice if a server or a pooler refuses this kind of connection, whoever the user is.
func (s *server) aboutAccess(said string) string {
	has := func(part string) bool { return strings.Contains(said, part) }
	switch {
	case has("no encryption"), has("SSL off"), has("SSL required"): // PostgreSQL, PostgreSQL before 14, PgBouncer
		return "the server takes encrypted connections only: write sslmode=require, or verify-full with sslrootcert=FILE, into the URL"
	case has("client certificate") && s.hasCertificate():
		return untrusted
	case has("client certificate"):
		return needsCertificate
	case has("certificate authentication failed"):
		return "the client's certificate is for another user: its common name must be the user in the URL"
	case has("pg_hba.conf"):
		return "the server does not let this user into this database from this machine: whoever runs it can add a line to pg_hba.conf"
	case has("unsupported startup parameter"):
		return "a pooler refuses this parameter of the URL: remove it, or let the pooler ignore it with ignore_startup_parameters"
	}
	return ""
}

// aboutTLS is the advice for an error of TLS; empty for other errors.
func (s *server) aboutTLS(err error) string {
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var network *net.OpError
	text := err.Error()
	switch {
	case errors.As(err, &name):
		return aboutName(name)
	case errors.As(err, &authority) && s.roots != "" && s.roots != "system":
		return fmt.Sprintf("the authority in %s did not sign the server's certificate: name the file of the authority that did with sslrootcert=FILE. Ask whoever runs the server whether it has changed", s.roots)
	case errors.As(err, &authority):
		return "this machine does not know the authority that signed the server's certificate: name the file of its certificate with sslrootcert=FILE in the URL"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the server's certificate is valid from %s to %s: have it renewed. If today is within that time, this machine's clock is wrong", day(invalid.Cert.NotBefore), day(invalid.Cert.NotAfter))
	case errors.As(err, &invalid), strings.Contains(text, "x509:"):
		return "the server's certificate cannot be trusted as it is: whoever runs the server must make another one"
	case errors.As(err, &network) && network.Op == "remote error":
		return aboutAlert(network.Err.Error())
	case strings.Contains(text, "unsupported protocol version"):
		return aboutAlert("protocol version")
	case strings.Contains(text, "channel binding"):
		return "channel_binding=require needs TLS, a password that the server keeps as scram-sha-256, and no pooler in between"
	case refusedTLS(err):
		return "the server, or a pooler in front of it, has no TLS: turn it on there (ssl = on). Without it, everybody on the way can read and change the password and the runs; " +
			"sslmode=disable in the URL accepts that: use it only for a server on this machine or in a private network"
	case strings.Contains(text, "first record does not look like a TLS handshake"), strings.Contains(text, "tls error: EOF"):
		return "the answer is not TLS as PostgreSQL speaks it: is the port right? sslnegotiation=direct needs PostgreSQL 17"
	}
	return ""
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// aboutName is the advice for a certificate with another name.
func aboutName(err x509.HostnameError) string {
	var names []string
	if err.Certificate != nil {
		names = slices.Clone(err.Certificate.DNSNames)
		for _, ip := range err.Certificate.IPAddresses {
			names = append(names, ip.String())
		}
	}
	if len(names) == 0 {
		return "the server's certificate has no name that can be checked: whoever runs the server must make one with a subjectAltName"
	}
	if len(names) > 5 {
		names = append(names[:5], "…")
	}
	return fmt.Sprintf("the certificate is for %s: write that name as the host in the URL (with hostaddr=ADDRESS if the name does not lead there). If %s is the right name, another server answers there: do not send it a password",
		strings.Join(names, ", "), err.Host)
}

// aboutAlert is the advice for a handshake that the server broke off.
func aboutAlert(text string) string {
	switch {
	case strings.Contains(text, "certificate required"), strings.Contains(text, "handshake failure"):
		return needsCertificate
	case strings.Contains(text, "certificate"):
		return untrusted
	case strings.Contains(text, "unrecognized name"):
		return "the server has no certificate for this name: write the name in its certificate as the host in the URL"
	case strings.Contains(text, "protocol version"):
		return "the server speaks only versions of TLS that are no longer safe: have TLS 1.2 turned on there"
	}
	return "the server broke off the TLS handshake: its log says why"
}
