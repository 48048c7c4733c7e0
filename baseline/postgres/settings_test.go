package postgres_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// odd are settings of a server, a database or a role. Each has a value that breaks a careless client.
func odd() []string {
	return []string{
		"DateStyle = 'SQL, DMY'", "DateStyle = 'German'", "IntervalStyle = 'sql_standard'", "TimeZone = 'Asia/Kathmandu'", "TimeZone = 'Europe/Amsterdam'",
		"bytea_output = 'escape'", "client_encoding = 'LATIN1'", "client_encoding = 'SJIS'", "extra_float_digits = -15",
		"default_transaction_isolation = 'serializable'", "default_transaction_isolation = 'repeatable read'",
		"default_transaction_read_only = on", "default_transaction_deferrable = on",
		"statement_timeout = '100ms'", "lock_timeout = '1ms'", "idle_in_transaction_session_timeout = '20ms'", "idle_session_timeout = '20ms'",
		"standard_conforming_strings = off", "backslash_quote = on", "escape_string_warning = on", "array_nulls = off",
		"lc_monetary = 'C'", "lc_numeric = 'C'", "lc_time = 'C'", "lc_messages = 'C'",
		"row_security = off", "synchronous_commit = off", "jit = on", "jit_above_cost = 0", "plan_cache_mode = 'force_generic_plan'",
		"transform_null_equals = on", "quote_all_identifiers = on", "check_function_bodies = off", "xmloption = 'document'",
		"client_min_messages = 'debug5'", "enable_indexscan = off", "enable_seqscan = off", "work_mem = '64kB'", "from_collapse_limit = 1",
		"plpgsql.variable_conflict = 'use_column'", "plpgsql.extra_errors = 'all'", "exit_on_error = on", "search_path = ''", "search_path = 'nowhere'", "search_path = 'pg_catalog'",
		"search_path = information_schema, pg_temp, public, pg_catalog",
	}
}

// known leaves out the settings that an older server does not have.
func known(t *testing.T, database string, settings []string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	return slices.DeleteFunc(settings, func(setting string) bool {
		name, _, _ := strings.Cut(setting, " ")
		var there bool
		if err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_settings WHERE lower(name) = lower($1)) OR $1 LIKE 'plpgsql.%'", name).Scan(&there); err != nil {
			t.Fatal(err)
		}
		return !there
	})
}

// settle makes a superuser with settings of their own, and gives the URL for them.
func settle(t *testing.T, database string, settings ...string) string {
	t.Helper()
	name, password := "odd_"+strings.ToLower(rand.Text()[:12]), rand.Text()
	exec(t, database, "CREATE ROLE "+name+" LOGIN SUPERUSER PASSWORD '"+password+"'")
	t.Cleanup(func() { exec(t, database, "REASSIGN OWNED BY "+name+" TO CURRENT_USER; DROP ROLE "+name) })
	for _, setting := range settings {
		exec(t, database, "ALTER ROLE "+name+" SET "+setting)
	}
	return change(t, database, func(u *url.URL) { u.User = url.UserPassword(name, password) })
}

// The store works with each of the settings, directly and behind a pooler.
func TestEverySetting(t *testing.T) {
	database := pgtest.Database(t)
	empty := emptied(database)
	for _, setting := range known(t, database, odd()) {
		t.Run(setting, func(t *testing.T) {
			place := settle(t, database, setting)
			empty(t)
			works(t, place)
			empty(t)
			works(t, pgtest.Pooler(t, place))
		})
	}
}

// works does with a store all that the commands do.
func works(t *testing.T, place string) {
	t.Helper()
	store, err := postgres.Open(t.Context(), place)
	if err != nil {
		t.Error(err)
		return
	}
	defer store.Close()
	const series = "caf\u00e9 \u2192 \\ ' \" {NULL}"
	var ids []string
	for n := range 3 {
		put, created, err := store.Put(t.Context(), storetest.NewResult(n, func(r *result.Result) { r.Identity.Series = series }))
		if err != nil || !created {
			t.Errorf("put: created %v, %v", created, err)
			return
		}
		if found, err := store.Find(t.Context(), put.ID); err != nil || found != put {
			t.Errorf("found %+v, %v, want %+v", found, err, put)
		}
		ids = append(ids, put.ID)
	}
	mark := storetest.NewMark(1)
	mark.Why = "it's \\ na\u00efve"
	if err := errors.Join(store.Accept(t.Context(), ids[1], mark), store.Exclude(t.Context(), ids[2], mark)); err != nil {
		t.Error(err)
	}
	records, err := store.Window(t.Context(), baseline.Query{Series: series, SinceAccepted: true, Commits: []string{strings.Repeat("0", 39) + "1", "NULL", "{}"}})
	if err != nil || len(records) != 1 || records[0].ID != ids[1] || records[0].Accepted == nil || *records[0].Accepted != mark.Kept() {
		t.Errorf("the window is %+v, %v", records, err)
	}
	run, err := store.Get(t.Context(), ids[0])
	if err != nil || run.Result.ID() != ids[0] {
		t.Errorf("got %v, %v", run.ID, err)
	}
	if old, err := store.Expired(t.Context(), baseline.Retention{Keep: 1}); err != nil || len(old) != 1 {
		t.Errorf("%d runs may go, %v", len(old), err)
	}
	if err := store.Remove(t.Context(), ids...); err != nil {
		t.Error(err)
	}
}

// together are the settings that a role can have at the same time.
func together(t *testing.T, database string) []string {
	return slices.DeleteFunc(known(t, database, odd()), func(setting string) bool {
		return setting == "client_encoding = 'SJIS'" // the other encodings cannot be converted to it
	})
}

// The whole contract holds with all of them, behind a pooler that gives a connection to another client after each
// transaction, with its session as it is.
func TestContractBehindPgBouncer(t *testing.T) {
	database := pgtest.Database(t)
	contract(t, database, pgtest.Pooler(t, settle(t, database, together(t, database)...)), 32)
}

// The contract holds in a database with another encoding too.
func TestContractInAnotherEncoding(t *testing.T) {
	if testing.Short() {
		t.Skip("one contract is enough under the race detector")
	}
	database := pgtest.DatabaseWith(t, "ENCODING 'LATIN1' TEMPLATE template0")
	contract(t, database, settle(t, database, together(t, database)...), 8)
}

// contract runs the contract on a database, at a place that leads to it.
func contract(t *testing.T, database, place string, handles int) {
	empty := emptied(database)
	storetest.Suite{Open: open, Handles: handles, Place: func(t testing.TB) string {
		empty(t)
		return place
	}, SQL: func(t testing.TB, _ string) *sql.DB { return openSQL(t, database) }}.Run(t)
}

// A database without an encoding keeps every text as it is.
func TestDatabaseWithoutEncoding(t *testing.T) {
	database := pgtest.DatabaseWith(t, "ENCODING 'SQL_ASCII' TEMPLATE template0")
	works(t, settle(t, database, "client_encoding = 'LATIN1'"))
	works(t, pgtest.Pooler(t, database))
}

// If the encoding of a database lacks a character, the error says so, and nothing is kept.
func TestEncodingThatLacksACharacter(t *testing.T) {
	database := pgtest.DatabaseWith(t, "ENCODING 'LATIN1' TEMPLATE template0")
	store := openStore(t, database)
	_, _, err := store.Put(t.Context(), storetest.NewResult(1, func(r *result.Result) { r.Identity.Series = "caf\u00e9" }))
	if err != nil {
		t.Errorf("in its encoding: %v", err)
	}
	_, _, err = store.Put(t.Context(), storetest.NewResult(1, func(r *result.Result) { r.Identity.Series = "a \u2192 b" }))
	if err == nil || !strings.Contains(err.Error(), "cannot add runs: the database's encoding lacks a character") || !strings.Contains(err.Error(), "ENCODING 'UTF8'") {
		t.Errorf("got %v", err)
	}
}

// Functions, operators and types that somebody made in a schema of the search path are not used.
func TestHostileSearchPath(t *testing.T) {
	database := pgtest.Database(t)
	place := settle(t, database, "search_path = evil, public, pg_catalog")
	exec(t, database, `CREATE SCHEMA evil;
		DO $$
		DECLARE
		    signature text;
		BEGIN
		    FOR signature IN SELECT unnest(ARRAY['max(bigint)', 'count("any")', 'unnest(text[])', 'current_schemas(boolean)', 'current_schema()',
		        'pg_has_role(name, text, text)', 'pg_has_role(oid, text)', 'has_schema_privilege(text, name, text)', 'has_schema_privilege(oid, text)',
		        'set_config(text, text, boolean)', 'current_setting(text)', 'pg_advisory_xact_lock(bigint)', 'jsonb_typeof(jsonb)', 'json_typeof(json)', 'now()'])
		    LOOP
		        IF signature !~ 'max|count' THEN
		            EXECUTE 'CREATE FUNCTION evil.' || signature || ' RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION ''hostile''; END $f$';
		            EXECUTE 'CREATE FUNCTION public.' || signature || ' RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION ''hostile''; END $f$';
		        END IF;
		    END LOOP;
		END $$;
		CREATE FUNCTION evil.never(text, text) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION 'hostile'; END $f$;
		CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never);
		CREATE OPERATOR evil.>= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.never);
		CREATE TABLE evil.plimsoll_run (x int); CREATE VIEW evil.plimsoll_schema AS SELECT 99 AS version;
		CREATE DOMAIN evil.timestamptz AS int; CREATE DOMAIN evil.text AS int; CREATE DOMAIN evil.bigint AS text`)
	exec(t, database, "DROP TABLE evil.plimsoll_run; DROP VIEW evil.plimsoll_schema; CREATE TABLE public.plimsoll_none (x int)")
	exec(t, place, postgres.Roles)
	works(t, place)
	if at := tables(t, database); at != "evil" {
		t.Errorf("the tables are in %s: want the first schema of the path", at)
	}
}

// tables lists the schemas that have the tables, with commas between them.
func tables(t *testing.T, database string) (schemas string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), "SELECT coalesce(string_agg(schemaname, ',' ORDER BY schemaname), '') FROM pg_tables WHERE tablename = 'plimsoll_run'").Scan(&schemas); err != nil {
		t.Fatal(err)
	}
	return schemas
}

// The search path says where the tables are made. Later users find them even if their path leads elsewhere or
// nowhere.
func TestSchemaOfTheTables(t *testing.T) {
	const odd = `Od'd "1`
	for name, c := range map[string]struct {
		before     string   // SQL
		paths      []string // of users who open the store, one after the other
		want, says string
	}{
		"the first schema":                      {"", []string{`"$user", public`, "public"}, "public", ""},
		"a schema of their own":                 {"CREATE SCHEMA runs", []string{"runs, public", "public, runs", "''"}, "runs", ""},
		"a name that needs quotes":              {`CREATE SCHEMA "Od'd ""1"`, []string{`"Od'd ""1"`, "''", `"Od'd ""1", public`}, odd, ""},
		"an empty path":                         {"", []string{"''", "public", "nowhere"}, "public", ""},
		"two projects in one database":          {"CREATE SCHEMA a; CREATE SCHEMA b", []string{"a", "b"}, "a,b", ""},
		"several, and none of them on the path": {"CREATE SCHEMA a; CREATE SCHEMA b", []string{"a", "b", "''"}, "a,b", "the schemas a, b all hold tables"},
	} {
		t.Run(name, func(t *testing.T) {
			database := pgtest.Database(t)
			if c.before != "" {
				exec(t, database, c.before)
			}
			var err error
			for _, path := range c.paths {
				var store baseline.Store
				if store, err = postgres.Open(t.Context(), settle(t, database, "search_path = "+path)); err == nil {
					store.Close()
				}
			}
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
			if at := tables(t, database); at != c.want {
				t.Errorf("the tables are in %q, want %q", at, c.want)
			}
		})
	}
}

func userIn(t *testing.T, place string) string {
	t.Helper()
	u, err := url.Parse(place)
	if err != nil {
		t.Fatal(err)
	}
	return u.User.Username()
}

// A search path in the URL works behind a pooler, which would refuse it as a parameter. If the pooler refuses
// another parameter, the error says so.
func TestParametersBehindPgBouncer(t *testing.T) {
	database := pgtest.Database(t)
	exec(t, database, "CREATE SCHEMA runs")
	pooler := pgtest.Pooler(t, database)
	works(t, change(t, pooler, func(u *url.URL) { u.RawQuery += "&search_path=runs%2Cpublic" }))
	if at := tables(t, database); at != "runs" {
		t.Errorf("the tables are in %s", at)
	}
	_, err := postgres.Open(t.Context(), change(t, pooler, func(u *url.URL) { u.RawQuery += "&geqo=off" }))
	if err == nil || !strings.Contains(err.Error(), "geqo") || !strings.Contains(err.Error(), "ignore_startup_parameters") {
		t.Errorf("got %v", err)
	}
	for want, at := range map[string]string{
		"or the password is refused by the pooler":                  change(t, pooler, func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "guess") }),
		"the pooler in front of the server has no database nowhere": change(t, pooler, func(u *url.URL) { u.Path = "/nowhere" }),
	} {
		if _, err := postgres.Open(t.Context(), at); !errors.Is(err, baseline.ErrUnreachable) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	_, err = postgres.Open(t.Context(), change(t, database, func(u *url.URL) { u.RawQuery += "&ssl_mode=require" }))
	if err == nil || !strings.Contains(err.Error(), "the URL has a parameter that the server does not take") {
		t.Errorf("got %v", err)
	}
}

// Session pooling works too. Statement pooling is refused at the first try.
func TestModesOfPgBouncer(t *testing.T) {
	database := pgtest.Database(t)
	works(t, pgtest.PoolerBy(t, "session", database))
	_, err := postgres.Open(t.Context(), pgtest.PoolerBy(t, "statement", database))
	if err == nil || !strings.Contains(err.Error(), "use one with pool_mode = transaction or session") {
		t.Errorf("got %v", err)
	}
}

// Settings that others leave in a pooler's session do not reach the store.
func TestSessionOfOthers(t *testing.T) {
	database := pgtest.Database(t)
	pooler := pgtest.Pooler(t, database)
	other, err := pgx.Connect(t.Context(), pgtest.Unprepared(t, pooler))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.WithoutCancel(t.Context()))
	if _, err := other.Exec(t.Context(), "SET search_path = pg_catalog; SET bytea_output = escape; SET statement_timeout = '1ms'; SET default_transaction_read_only = on; SET DateStyle = 'SQL, DMY'"); err != nil {
		t.Fatal(err)
	}
	works(t, pooler)
}

// A replica can be read. An error of writing to it names the primary.
func TestReplica(t *testing.T) {
	server := pgtest.Server(t, pgtest.Options{})
	store := openStore(t, server.URL())
	put, _, err := store.Put(t.Context(), storetest.NewResult(1))
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
	exec(t, server.URL(), "CREATE DATABASE without_tables")
	server.Restart(t, pgtest.Options{Files: map[string]string{"standby.signal": ""}})
	replica, err := postgres.Open(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer replica.Close()
	if records, err := replica.Window(t.Context(), baseline.Query{}); err != nil || len(records) != 1 {
		t.Errorf("%d runs, %v", len(records), err)
	}
	_, _, err = replica.Put(t.Context(), storetest.NewResult(2))
	for operation, err := range map[string]error{
		"add": err, "accept": replica.Accept(t.Context(), put.ID, storetest.NewMark(1)),
		"exclude": replica.Exclude(t.Context(), put.ID, storetest.NewMark(1)), "remove": replica.Remove(t.Context(), put.ID),
	} {
		if err == nil || errors.Is(err, baseline.ErrUnreachable) || !strings.Contains(err.Error(), "cannot "+operation+" runs: the server is a read-only replica: write the primary's host") {
			t.Errorf("%s: got %v", operation, err)
		}
	}
	_, err = postgres.Open(t.Context(), change(t, server.URL(), func(u *url.URL) { u.Path = "/without_tables" }))
	if !errors.Is(err, baseline.ErrOlderSchema) || !strings.Contains(err.Error(), "on the primary") {
		t.Errorf("no tables there: got %v", err)
	}
}

// The errors name tables that are gone, a schema that is missing and a server that is full.
func TestErrorsOfAServer(t *testing.T) {
	database := pgtest.Database(t)
	store := openStore(t, database)
	exec(t, database, "DROP TABLE plimsoll_run CASCADE")
	_, err := store.Window(t.Context(), baseline.Query{})
	if err == nil || errors.Is(err, baseline.ErrUnreachable) || !strings.Contains(err.Error(), "the tables are not those that Plimsoll made") {
		t.Errorf("without its table: got %v", err)
	}
	exec(t, database, "DROP TABLE plimsoll_schema; CREATE TABLE plimsoll_run (x int)")
	if _, err = postgres.Open(t.Context(), database); err == nil || !strings.Contains(err.Error(), "the tables are not those that Plimsoll made") {
		t.Errorf("with a table of somebody else's: got %v", err)
	}
	exec(t, database, "DROP SCHEMA public CASCADE")
	if _, err = postgres.Open(t.Context(), database); err == nil || !strings.Contains(err.Error(), "the database has no schema public, or the user") {
		t.Errorf("without a schema: got %v", err)
	}
	full := settle(t, database)
	exec(t, database, "ALTER ROLE "+userIn(t, full)+" NOSUPERUSER CONNECTION LIMIT 0")
	_, err = postgres.Open(t.Context(), full)
	if !errors.Is(err, baseline.ErrUnreachable) || !strings.Contains(err.Error(), "no connection left for the user "+userIn(t, full)) {
		t.Errorf("no connection left: got %v", err)
	}
}
