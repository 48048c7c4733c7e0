package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plimsoll-ci/plimsoll/baseline"
)

// parse reads a URL, and describes the database without the password. It insists on encryption to
// another machine, unless the URL says sslmode=disable.
func parse(databaseURL string) (config *pgxpool.Config, where string, err error) {
	// None of the errors below is shown: they may quote the password.
	u, err := url.Parse(databaseURL)
	if err != nil {
		return nil, "", errors.New("the database's URL cannot be read: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %XX for special characters")
	}
	// A password with a plain @, / or ? would be read as a host, a database or a parameter, which
	// sentences name. It leaves an @ where none belongs.
	if n := strings.Count(databaseURL, "@"); n > 1 || n == 1 && u.User == nil {
		return nil, "", errors.New("the database's URL cannot be read: it has an @ too many: in the user, the password and parameters write %40 for @, %2F for /, %3F for ? and %23 for #")
	}
	config, err = pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, "", fmt.Errorf("the database's URL cannot be read: PostgreSQL does not know its host, its port or one of its parameters (%s)", strings.Join(names(u.Query()), ", "))
	}
	where = fmt.Sprintf("PostgreSQL database %s on %s", config.ConnConfig.Database, hosts(config.ConnConfig))
	if mayBeClear(config.ConnConfig) {
		query := u.Query()
		mode := cmp.Or(query.Get("sslmode"), os.Getenv("PGSSLMODE")) // pgx takes an empty one in the URL for prefer
		if mode == "allow" || mode == "prefer" {
			return nil, "", fmt.Errorf("%s: sslmode=%s may send the password in the clear: write sslmode=require, or sslmode=disable if you mean that", where, mode)
		}
		query.Set("sslmode", cmp.Or(mode, "require"))
		u.RawQuery = query.Encode()
		if config, err = pgxpool.ParseConfig(u.String()); err != nil {
			return nil, "", errors.New("the database's URL cannot be read")
		}
	}
	config.MaxConns = maxConns
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec // no prepared statements, which poolers lose
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "plimsoll"
	}
	return config, where, nil
}

// ways are what a connection tries, in this order. A URL may name several hosts. With sslmode allow
// or prefer, each of them is tried encrypted and in the clear.
func ways(c *pgx.ConnConfig) []*pgconn.FallbackConfig {
	first := &pgconn.FallbackConfig{Host: c.Host, Port: c.Port, TLSConfig: c.TLSConfig}
	return append([]*pgconn.FallbackConfig{first}, c.Fallbacks...)
}

// hosts names each host with its port once.
func hosts(c *pgx.ConnConfig) string {
	var all []string
	for _, way := range ways(c) {
		if host := net.JoinHostPort(way.Host, fmt.Sprint(way.Port)); !slices.Contains(all, host) {
			all = append(all, host)
		}
	}
	return strings.Join(all, " or ")
}

// mayBeClear reports whether a connection to another machine may be encrypted or not, as it comes.
func mayBeClear(c *pgx.ConnConfig) bool {
	elsewhere := slices.DeleteFunc(ways(c), func(way *pgconn.FallbackConfig) bool { return isHere(way.Host) })
	inClear := func(way *pgconn.FallbackConfig) bool { return way.TLSConfig == nil }
	inCipher := func(way *pgconn.FallbackConfig) bool { return way.TLSConfig != nil }
	return slices.ContainsFunc(elsewhere, inClear) && slices.ContainsFunc(elsewhere, inCipher)
}

func names(query url.Values) []string {
	var names []string
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// isHere reports whether a host is this machine: loopback, or the directory of a socket.
func isHere(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}

// passes reports whether the next try may end otherwise: after a cut connection (class 08), a server
// that shuts down or starts up, a conflict of two transactions, too many connections, and a run that
// was removed while it was marked (23503), which the next try does not find. See PostgreSQL's appendix
// of error codes.
func passes(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return strings.HasPrefix(refused.Code, "08") ||
			slices.Contains([]string{"57P01", "57P02", "57P03", "23503", "40001", "40P01", "53300"}, refused.Code)
	}
	return pgconn.SafeToRetry(err)
}

// explain says where an error came from, and what is most often wrong.
func (s *server) explain(err error) error {
	var refused *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, baseline.ErrNewerSchema), errors.Is(err, baseline.ErrOlderSchema):
	case errors.As(err, &refused):
		err = fmt.Errorf("%w: %s (SQLSTATE %s)", baseline.ErrUnreachable, inWords(refused, s.pool.Config().ConnConfig.User), refused.Code)
	case errors.As(err, &connect):
		err = fmt.Errorf("%w: %w; is the server up, and the URL right?%s", baseline.ErrUnreachable, root(connect), s.aboutTLS())
	}
	return fmt.Errorf("%s: %w", s.where, err)
}

// insufficientPrivilege is the SQLSTATE of a missing right.
const insufficientPrivilege = "42501"

func inWords(refused *pgconn.PgError, user string) string {
	switch refused.Code {
	case "28P01", "28000":
		return fmt.Sprintf("the user %s or the password is refused: %s", user, refused.Message)
	case insufficientPrivilege:
		return fmt.Sprintf("the user %s lacks a right: %s", user, refused.Message)
	case "53300":
		return "it has no connection left: " + refused.Message
	default:
		return refused.Message
	}
}

// aboutTLS adds, where it matters, that connections to another machine are encrypted.
func (s *server) aboutTLS() string {
	inCipher := func(way *pgconn.FallbackConfig) bool { return !isHere(way.Host) && way.TLSConfig != nil }
	if !slices.ContainsFunc(ways(s.pool.Config().ConnConfig), inCipher) {
		return ""
	}
	return " If the server has no TLS, write sslmode=disable into the URL."
}

// root is the cause of a failed connection. The library's own text repeats the URL.
func root(err error) error {
	for {
		var joined interface{ Unwrap() []error }
		if errors.As(err, &joined) && len(joined.Unwrap()) > 0 {
			err = joined.Unwrap()[0]
		}
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		var network *net.OpError
		if errors.As(err, &network) {
			return network
		}
		err = next
	}
}
