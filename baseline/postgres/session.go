package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// statementTimeout is how long a statement may take.
const statementTimeout = 30 * time.Second // as in settings

// settings are set by every transaction. The server, the database or the role may have others, and in a pooler's
// session another client may have left some. These are only the settings that change an answer or make it fail.
// How the planner works, and whether a commit waits for the disk, stays up to the administrator.
const settings = "; SET LOCAL client_encoding = 'UTF8'" +
	"; SET LOCAL standard_conforming_strings = on" +
	"; SET LOCAL statement_timeout = '30s'" +
	"; SET LOCAL lock_timeout = '20s'" +
	"; SET LOCAL idle_in_transaction_session_timeout = '60s'" +
	"; SET LOCAL DateStyle = 'ISO, YMD'" +
	"; SET LOCAL TimeZone = 'UTC'" +
	"; SET LOCAL bytea_output = 'hex'" +
	"; SET LOCAL row_security = on" + // off turns a policy that hides rows into an error
	"; SET LOCAL transform_null_equals = off" +
	"; SET LOCAL client_min_messages = 'warning'" +
	"; SET LOCAL default_table_access_method = 'heap'" + // others cannot do ON CONFLICT
	"; SET LOCAL jit = off" // compiling takes longer than the statements

// read does f in a read-only transaction, which a replica allows too.
func (s *server) read(ctx context.Context, f func(pgx.Tx) error) error {
	return s.begin(ctx, "BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY, NOT DEFERRABLE", f)
}

// transact does all of f or nothing.
func (s *server) transact(ctx context.Context, f func(pgx.Tx) error) error {
	return s.begin(ctx, "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE, NOT DEFERRABLE", f)
}

// begin does f in a transaction. The message that begins it also sets all settings.
func (s *server) begin(ctx context.Context, begin string, f func(pgx.Tx) error) error {
	return s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		begin += settings
		if major(c.Conn().PgConn().ParameterStatus("server_version")) >= 17 {
			begin += "; SET LOCAL transaction_timeout = 0"
		}
		if s.schema != "" {
			// pg_catalog comes first because it is not named. Temporary tables come last.
			begin += "; SET LOCAL search_path = " + pgx.Identifier{s.schema}.Sanitize() + ", pg_temp"
		}
		return pgx.BeginTxFunc(ctx, c, pgx.TxOptions{BeginQuery: begin}, f)
	})
}

// major is the major version: 15 of 15.12 (Debian 15.12-0+deb12u2), or of 15beta1.
func major(version string) int {
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(version)
	}
	number, err := strconv.Atoi(version[:end])
	if err != nil {
		return 0
	}
	return number
}

// schema is a schema of the database.
type schema struct {
	name      string
	ours      bool // it has Plimsoll's tables
	creatable bool // the user may make tables in it
}

// find chooses the schema that has the tables, or the one to make them in. The search path is that of the URL, or
// else that of the role, the database or the server. Nothing else uses the search path.
func (s *server) find(ctx context.Context) error {
	var path []string
	var all []schema
	err := s.read(ctx, func(tx pgx.Tx) (err error) {
		path, all, err = s.schemas(ctx, tx)
		return err
	})
	if err == nil {
		s.schema, err = choose(path, all)
	}
	return err
}

// schemas gives the search path, and all schemas that are on it or have the tables. Until it replaces the search
// path, it names pg_catalog everywhere, since somebody else's functions may come first.
func (s *server) schemas(ctx context.Context, tx pgx.Tx) (path []string, all []schema, err error) {
	if s.path != "" {
		if _, err := tx.Exec(ctx, "SELECT pg_catalog.set_config('search_path'::pg_catalog.text, $1::pg_catalog.text, true)", s.path); err != nil {
			return nil, nil, err
		}
	}
	if err := tx.QueryRow(ctx, "SELECT pg_catalog.current_schemas(false)::pg_catalog.text[]").Scan(&path); err != nil {
		return nil, nil, err
	}
	if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog, pg_temp"); err != nil {
		return nil, nil, err
	}
	const ask = `SELECT name, ours, has_schema_privilege(oid, 'CREATE')
		FROM (SELECT n.oid, n.nspname::text AS name,
		             EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'plimsoll_schema' AND c.relkind IN ('r', 'p')) AS ours
		      FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema') s
		WHERE ours OR name = ANY ($1) ORDER BY name`
	rows, err := tx.Query(ctx, ask, path)
	if err != nil {
		return nil, nil, err
	}
	all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (one schema, err error) {
		return one, row.Scan(&one.name, &one.ours, &one.creatable)
	})
	return path, all, err
}

// choose takes the first schema of the path that has the tables, else the first in which the user may make them.
// If the path has neither, it takes the only schema that has the tables. If no schema has them, it takes the first
// schema of the path, or public, and an error of making the tables names that one.
func choose(path []string, all []schema) (string, error) {
	first := func(is func(schema) bool) string {
		for _, name := range path {
			if i := slices.IndexFunc(all, func(s schema) bool { return s.name == name }); i >= 0 && is(all[i]) {
				return name
			}
		}
		return ""
	}
	if name := first(func(s schema) bool { return s.ours }); name != "" {
		return name, nil
	}
	if name := first(func(s schema) bool { return s.creatable }); name != "" {
		return name, nil
	}
	var elsewhere []string
	for _, s := range all {
		if s.ours {
			elsewhere = append(elsewhere, s.name)
		}
	}
	switch len(elsewhere) {
	case 0:
		if name := first(func(schema) bool { return true }); name != "" {
			return name, nil
		}
		return "public", nil
	case 1:
		return elsewhere[0], nil
	}
	return "", fmt.Errorf("the schemas %s all hold tables of Plimsoll, and none is on the search path: write search_path=%s, or another of them, into the URL",
		strings.Join(elsewhere, ", "), elsewhere[0])
}
