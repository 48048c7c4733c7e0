package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// target is the database that a URL names.
type target struct {
	config *pgxpool.Config
	where  string // the server and database without the password, for messages
	path   string // the search_path of the URL: a pooler would refuse it as a parameter
	roots  string // the file of trusted authorities: sslrootcert or PGSSLROOTCERT
	// addresses gives hosts the addresses that hostaddr in the URL lists.
	addresses map[string]string
}

// parse reads a URL. It insists on encryption to another machine, unless the URL says sslmode=disable.
func parse(databaseURL string) (*target, error) {
	// The errors below may quote the password, so none is shown whole.
	u, err := url.Parse(databaseURL)
	if err != nil {
		return nil, errors.New("the database's URL cannot be read: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %XX for special characters")
	}
	// A password with a bare @, / or ? would be read as a host, a database or a parameter, and messages name
	// these. It leaves an @ in a wrong place.
	if n := strings.Count(databaseURL, "@"); n > 1 || n == 1 && u.User == nil {
		return nil, errors.New("the database's URL cannot be read: it has one @ too many: in the user, the password and parameters write %40 for @, %2F for /, %3F for ? and %23 for #")
	}
	if err := known(u.Query()); err != nil {
		return nil, err
	}
	address := take(u, "hostaddr") // pgx does not know it
	if address != "" && u.Host == "" && !u.Query().Has("host") {
		put(u, "host", address)
	}
	config, err := pgxpool.ParseConfig(u.String())
	if err != nil {
		return nil, unreadable(u, err)
	}
	t := &target{roots: cmp.Or(u.Query().Get("sslrootcert"), os.Getenv("PGSSLROOTCERT"))}
	t.where = fmt.Sprintf("PostgreSQL database %s on %s", config.ConnConfig.Database, hosts(config.ConnConfig))
	if t.addresses, err = addresses(config.ConnConfig, address); err != nil {
		return nil, fmt.Errorf("%s: %w", t.where, err)
	}
	if t.mayBeClear(config.ConnConfig) {
		mode := take(u, "sslmode")
		mode = cmp.Or(mode, os.Getenv("PGSSLMODE")) // pgx reads an empty sslmode in the URL as prefer
		if mode == "allow" || mode == "prefer" {
			return nil, fmt.Errorf("%s: sslmode=%s may send the password in the clear: write sslmode=require, or verify-full with sslrootcert=FILE", t.where, mode)
		}
		put(u, "sslmode", cmp.Or(mode, "require"))
		if config, err = pgxpool.ParseConfig(u.String()); err != nil {
			return nil, unreadable(u, err)
		}
	}
	t.prepare(config)
	return t, nil
}

// prepare sets what does not come from the URL.
func (t *target) prepare(config *pgxpool.Config) {
	t.config = config
	config.MaxConns = maxConns
	config.PingTimeout = connectTimeout // a firewall may have dropped an idle connection
	c := config.ConnConfig
	c.ConnectTimeout = connectTimeout
	c.DefaultQueryExecMode = pgx.QueryExecModeExec // no prepared statements, which poolers lose
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "plimsoll"
	}
	// Names are read before the first transaction sets the encoding. Every pooler accepts this parameter.
	c.RuntimeParams["client_encoding"] = "UTF8"
	t.path = c.RuntimeParams["search_path"]
	delete(c.RuntimeParams, "search_path")
	lookup := c.LookupFunc
	c.LookupFunc = func(ctx context.Context, host string) ([]string, error) {
		if address, ok := t.addresses[host]; ok {
			return []string{address}, nil
		}
		return lookup(ctx, host)
	}
}

// known refuses unknown words in the parameters that take one of a few.
func known(query url.Values) error {
	for _, p := range []struct {
		name, environment string
		advised, others   []string
	}{
		{"sslmode", "PGSSLMODE", []string{"verify-full", "verify-ca", "require"}, []string{"prefer", "allow", "disable"}},
		{"channel_binding", "PGCHANNELBINDING", []string{"require", "prefer"}, []string{"disable"}},
		{"sslnegotiation", "PGSSLNEGOTIATION", []string{"postgres", "direct"}, nil},
		{"target_session_attrs", "PGTARGETSESSIONATTRS", []string{"read-write", "primary", "any"}, []string{"read-only", "standby", "prefer-standby"}},
	} {
		word := cmp.Or(query.Get(p.name), os.Getenv(p.environment))
		if word != "" && !slices.Contains(p.advised, word) && !slices.Contains(p.others, word) {
			return fmt.Errorf("the database's URL cannot be read: %s=%.40s is not known: expected one of %s", p.name, word, strings.Join(p.advised, ", "))
		}
	}
	return nil
}

// unreadable says what is wrong with a URL, or with a file that it names.
func unreadable(u *url.URL, err error) error {
	var file *fs.PathError
	switch inner := errors.Unwrap(err); {
	case errors.As(err, &file):
		return fmt.Errorf("the database's URL names a file that cannot be read: %w", file)
	case inner != nil && inner.Error() == "unable to add CA to cert pool":
		return errors.New("the database's URL cannot be used: the file of sslrootcert holds no certificate: expected PEM, which begins with -----BEGIN CERTIFICATE-----")
	case inner != nil && inner.Error() == `both "sslcert" and "sslkey" are required`:
		return errors.New("the database's URL cannot be used: sslcert and sslkey belong together: name both the client's certificate and its key")
	}
	given := names(u.Query())
	if len(given) == 0 {
		return errors.New("the database's URL cannot be read: its host or its port is invalid")
	}
	return fmt.Errorf("the database's URL cannot be read: its host, its port or one of its parameters is invalid (%s)", strings.Join(given, ", "))
}

// take removes a parameter from a URL and gives its value; empty without it. The others stay as they were written.
func take(u *url.URL, name string) (value string) {
	var rest []string
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		key, raw, _ := strings.Cut(pair, "=")
		if key != name {
			rest = append(rest, pair)
			continue
		}
		if text, err := url.PathUnescape(raw); err == nil { // as PostgreSQL reads it: + is not a space
			value = text
		}
	}
	u.RawQuery = strings.Join(rest, "&")
	return value
}

// put adds a parameter to a URL.
func put(u *url.URL, name, value string) {
	u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+name+"="+url.PathEscape(value), "&")
}

// addresses gives each host its address in hostaddr, which lists one for each host.
func addresses(c *pgx.ConnConfig, list string) (map[string]string, error) {
	if list == "" {
		return nil, nil
	}
	var hosts []string
	for _, way := range ways(c) {
		if !slices.Contains(hosts, way.Host) {
			hosts = append(hosts, way.Host)
		}
	}
	given := strings.Split(list, ",")
	if len(given) != len(hosts) {
		return nil, fmt.Errorf("hostaddr has %d addresses for %d hosts: write one for each", len(given), len(hosts))
	}
	of := map[string]string{}
	for i, address := range given {
		if address == "" {
			continue
		}
		if net.ParseIP(address) == nil {
			return nil, fmt.Errorf("hostaddr=%.60s is not an IP address: write one such as 10.0.0.5, and put a name into the host", address)
		}
		of[hosts[i]] = address
	}
	return of, nil
}

// ways are the tries of one connection, in this order. A URL may name several hosts. With sslmode allow or prefer,
// each host is tried both encrypted and in the clear.
func ways(c *pgx.ConnConfig) []*pgconn.FallbackConfig {
	first := &pgconn.FallbackConfig{Host: c.Host, Port: c.Port, TLSConfig: c.TLSConfig}
	return append([]*pgconn.FallbackConfig{first}, c.Fallbacks...)
}

// hosts lists each host with its port, once.
func hosts(c *pgx.ConnConfig) string {
	var all []string
	for _, way := range ways(c) {
		if host := net.JoinHostPort(way.Host, fmt.Sprint(way.Port)); !slices.Contains(all, host) {
			all = append(all, host)
		}
	}
	return strings.Join(all, " or ")
}

// mayBeClear reports whether another machine is tried both encrypted and in the clear.
func (t *target) mayBeClear(c *pgx.ConnConfig) bool {
	elsewhere := slices.DeleteFunc(ways(c), func(way *pgconn.FallbackConfig) bool { return t.isHere(way.Host) })
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
func (t *target) isHere(host string) bool {
	host = cmp.Or(t.addresses[host], host)
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}
