package postgres_test

import (
	"crypto/rand"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
)

// Each role can do its work and no more, whichever came first, the tables or the roles.
func TestRoles(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, database string){
		"roles before tables": func(t *testing.T, database string) {
			exec(t, database, postgres.Roles)
		},
		"tables before roles": func(t *testing.T, database string) {
			openStore(t, database)
			exec(t, database, postgres.Roles)
		},
		"all again": func(t *testing.T, database string) {
			exec(t, database, postgres.Roles)
			openStore(t, database)
			exec(t, database, postgres.Roles)
		},
	} {
		t.Run(name, func(t *testing.T) {
			database := pgtest.Database(t)
			prepare(t, database)
			admins := []string{userOf(t, database, "plimsoll_admin")}
			admin := openStore(t, admins[0])
			reader, writer := userOf(t, database, "plimsoll_reader"), userOf(t, database, "plimsoll_writer")
			id := tryWriter(t, openStore(t, writer))
			tryReader(t, openStore(t, reader), id)
			for _, user := range []string{reader, writer} {
				mayNotChange(t, user)
			}
			refuses(t, reader, "INSERT INTO plimsoll_run SELECT * FROM plimsoll_run",
				"INSERT INTO plimsoll_accepted (run, series, repository, branch, commit_sha, started, who, why, at) SELECT id, '', '', '', '', now(), '', '', now() FROM plimsoll_run")
			tryGenerator(t, userOf(t, database, "plimsoll_generator"))
			refuses(t, reader, "SELECT * FROM plimsoll_handover", "INSERT INTO plimsoll_meeting (id, shards, terms) VALUES ('m2', 1, '[]')", "UPDATE plimsoll_meeting SET reason = ''")
			refuses(t, writer, "SELECT * FROM plimsoll_handover", "DELETE FROM plimsoll_meeting")
			exec(t, reader, "SELECT * FROM plimsoll_meeting, plimsoll_shard, plimsoll_shard_part")
			tryAdmin(t, admin, id)
			exec(t, admins[0], "DELETE FROM plimsoll_meeting")
		})
	}
}

// The error names the missing right of a user without a role, before and after the roles are made, and of one who
// may not use the schema or connect to the database.
func TestUserWithoutRole(t *testing.T) {
	database := pgtest.Database(t)
	openStore(t, database)
	exec(t, database, "CREATE ROLE nobody_in_"+nameOf(t, database))
	stranger := userOf(t, database, "nobody_in_"+nameOf(t, database))
	t.Cleanup(func() { exec(t, database, "DROP ROLE nobody_in_"+nameOf(t, database)) })
	denied := func(what string, parts ...string) {
		t.Helper()
		_, err := postgres.Open(t.Context(), stranger)
		for _, part := range append(parts, "the user user_of_nobody_in_") {
			if err == nil || !strings.Contains(err.Error(), part) || errors.Is(err, baseline.ErrOlderSchema) {
				t.Errorf("%s: got %v, want %q in it", what, err, part)
			}
		}
	}
	const may = "may not read runs; plimsoll_reader, plimsoll_writer or plimsoll_admin may"
	denied("no roles", "permission denied", "may not read runs")
	exec(t, database, postgres.Roles)
	denied("roles, but not theirs", "permission denied", may, "GRANT plimsoll_reader TO user_of_nobody_in_")
	exec(t, database, "REVOKE USAGE ON SCHEMA public FROM PUBLIC")
	denied("not the schema", "permission denied", may)
	exec(t, database, "REVOKE CONNECT ON DATABASE "+nameOf(t, database)+" FROM PUBLIC")
	denied("not the database", "permission denied: the user", "may not connect to this database", "GRANT CONNECT ON DATABASE "+nameOf(t, database)+" TO user_of_nobody_in_")
}

// If the user may not use the schema, no tables are made, not even temporary ones that end with the connection.
func TestUserWithoutSchema(t *testing.T) {
	database := pgtest.Database(t)
	exec(t, database, "REVOKE ALL ON SCHEMA public FROM PUBLIC; CREATE ROLE nobody_in_"+nameOf(t, database))
	t.Cleanup(func() { exec(t, database, "DROP ROLE nobody_in_"+nameOf(t, database)) })
	_, err := postgres.Open(t.Context(), userOf(t, database, "nobody_in_"+nameOf(t, database)))
	if !errors.Is(err, baseline.ErrOlderSchema) || !strings.Contains(err.Error(), "may not use it") {
		t.Errorf("got %v", err)
	}
}

// A user who lacks the right on one table of the meetings is told which role has it.
func TestGeneratorWithoutATable(t *testing.T) {
	database := pgtest.Database(t)
	exec(t, database, postgres.Roles)
	openStore(t, database)
	generator := userOf(t, database, "plimsoll_generator")
	for table, use := range map[string]string{
		"plimsoll_meeting": "SELECT FROM plimsoll_meeting", "plimsoll_shard": "UPDATE plimsoll_shard SET beats = 1",
		"plimsoll_shard_part": "SELECT FROM plimsoll_shard_part", "plimsoll_handover": "DELETE FROM plimsoll_handover",
	} {
		exec(t, database, "REVOKE ALL ON "+table+" FROM plimsoll_generator")
		db, err := postgres.OpenMeetings(t.Context(), generator)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Write(t.Context(), func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), use); return err })
		if !errors.Is(err, baseline.ErrDenied) || !strings.Contains(err.Error(), "may not take part in meetings; plimsoll_generator or plimsoll_admin may") || !strings.Contains(err.Error(), table) {
			t.Errorf("%s: %v", table, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		exec(t, database, postgres.Roles) // which gives it back
	}
}

// The error of a role that may not migrate names the role that may.
func TestOlderSchemaIsRefused(t *testing.T) {
	database := pgtest.Database(t)
	exec(t, database, postgres.Roles)
	reader, writer := userOf(t, database, "plimsoll_reader"), userOf(t, database, "plimsoll_writer")
	refused := func(what string, users ...string) {
		t.Helper()
		for _, user := range users {
			_, err := postgres.Open(t.Context(), user)
			if !errors.Is(err, baseline.ErrOlderSchema) || errors.Is(err, baseline.ErrUnreachable) ||
				!strings.Contains(err.Error(), "the role plimsoll_admin") || !strings.Contains(err.Error(), "`plimsoll baseline list`") {
				t.Errorf("%s: got %v", what, err)
			}
		}
	}
	refused("no tables yet", reader)
	openStore(t, database)
	openStore(t, reader)
	exec(t, database, "DELETE FROM plimsoll_schema WHERE version = 2")
	refused("a version behind", reader, writer)
}

// One admin makes the tables and another brings them up to date. That works because the role owns the tables.
func TestAdminsFollowEachOther(t *testing.T) {
	database := pgtest.Database(t)
	exec(t, database, postgres.Roles)
	openStore(t, userOf(t, database, "plimsoll_admin"))
	second := "second_" + nameOf(t, database)
	exec(t, database, "CREATE ROLE "+second+" LOGIN PASSWORD 'second'; GRANT plimsoll_admin TO "+second)
	t.Cleanup(func() { exec(t, database, "DROP OWNED BY "+second+"; DROP ROLE "+second) })
	admin := change(t, database, func(u *url.URL) { u.User = url.UserPassword(second, "second") })
	exec(t, admin, "ALTER TABLE plimsoll_run ADD COLUMN later int; INSERT INTO plimsoll_schema (version) VALUES (3)")
	exec(t, admin, "SET ROLE plimsoll_admin; CREATE TABLE plimsoll_later (x int)")
	exec(t, userOf(t, database, "plimsoll_reader"), "SELECT * FROM plimsoll_later")
}

// tryReader reads the runs that a writer has put, and tries to change them.
func tryReader(t *testing.T, store baseline.Store, id string) {
	t.Helper()
	records, err := store.Window(t.Context(), baseline.Query{})
	if err != nil || len(records) != 2 || records[0].Accepted == nil {
		t.Errorf("a reader sees %d runs, error %v", len(records), err)
	}
	_, _, err = store.Put(t.Context(), storetest.NewResult(2))
	lacksRight(t, "a reader puts", err)
	lacksRight(t, "a reader accepts", store.Accept(t.Context(), id, storetest.NewMark(0)))
	lacksRight(t, "a reader excludes", store.Exclude(t.Context(), id, storetest.NewMark(0)))
	lacksRight(t, "a reader removes", store.Remove(t.Context(), id))
	if _, err := store.Expired(t.Context(), baseline.Retention{Keep: 1}); err != nil {
		t.Errorf("a reader asks what would go: %v", err)
	}
}

// tryWriter puts runs, accepts one and reads it back, and tries what only an admin may. It returns the accepted run.
func tryWriter(t *testing.T, store baseline.Store) (id string) {
	t.Helper()
	var kept baseline.Info
	for n := range 2 {
		var err error
		if kept, _, err = store.Put(t.Context(), storetest.NewResult(n)); err != nil {
			t.Fatalf("a writer puts: %v", err)
		}
	}
	if err := store.Accept(t.Context(), kept.ID, storetest.NewMark(0)); err != nil {
		t.Errorf("a writer accepts: %v", err)
	}
	if records, err := store.Window(t.Context(), baseline.Query{SinceAccepted: true}); err != nil || len(records) != 1 {
		t.Errorf("a writer sees %d runs, error %v", len(records), err)
	}
	lacksRight(t, "a writer excludes", store.Exclude(t.Context(), kept.ID, storetest.NewMark(0)))
	lacksRight(t, "a writer removes", store.Remove(t.Context(), kept.ID))
	return kept.ID
}

// tryAdmin puts a run, and excludes and removes another.
func tryAdmin(t *testing.T, store baseline.Store, id string) {
	t.Helper()
	if _, _, err := store.Put(t.Context(), storetest.NewResult(3)); err != nil {
		t.Errorf("an admin puts: %v", err)
	}
	if err := store.Exclude(t.Context(), id, storetest.NewMark(0)); err != nil {
		t.Errorf("an admin excludes: %v", err)
	}
	if err := store.Remove(t.Context(), id); err != nil {
		t.Errorf("an admin removes: %v", err)
	}
}

// tryGenerator holds a meeting of one shard, and tries what is not of a meeting.
func tryGenerator(t *testing.T, user string) {
	t.Helper()
	db, err := postgres.OpenMeetings(t.Context(), user)
	if err != nil {
		t.Fatalf("a generator opens the meetings: %v", err)
	}
	defer db.Close()
	for _, statement := range []string{
		"INSERT INTO plimsoll_meeting (id, shards, terms) VALUES ('m1', 1, '[]')",
		"SELECT FROM plimsoll_meeting WHERE id = 'm1' FOR UPDATE",
		"INSERT INTO plimsoll_shard (meeting, number, token, host, lease) VALUES ('m1', 1, 't', 'h', now())",
		"UPDATE plimsoll_shard SET beats = 1",
		"INSERT INTO plimsoll_handover (meeting, id, content) VALUES ('m1', 's', '')",
		"DELETE FROM plimsoll_handover",
		"INSERT INTO plimsoll_shard_part (meeting, number, digest, document) VALUES ('m1', 1, 'd', '')",
		"DELETE FROM plimsoll_meeting",
		"INSERT INTO plimsoll_meeting (id, shards, terms) VALUES ('m1', 1, '[]')",
	} {
		if err := db.Write(t.Context(), func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), statement); return err }); err != nil {
			t.Errorf("a generator: %s: %v", statement, err)
		}
	}
	refuses(t, user, "SELECT * FROM plimsoll_run", "SELECT * FROM plimsoll_figure", "SELECT * FROM plimsoll_accepted", "DELETE FROM plimsoll_shard_part",
		"DELETE FROM plimsoll_shard", "UPDATE plimsoll_shard_part SET document = ''", "UPDATE plimsoll_schema SET version = 1", "TRUNCATE plimsoll_meeting CASCADE", "CREATE TABLE of_my_own (x int)", "SET ROLE plimsoll_admin")
	if _, err := postgres.Open(t.Context(), user); err != nil {
		t.Errorf("a generator opens the store, in which it may read nothing: %v", err)
	}
}

// mayNotChange tries SQL that neither reader nor writer may run.
func mayNotChange(t *testing.T, user string) {
	t.Helper()
	refuses(t, user,
		"UPDATE plimsoll_run SET document = ''",
		"UPDATE plimsoll_accepted SET who = 'somebody else'",
		"DELETE FROM plimsoll_run",
		"DELETE FROM plimsoll_accepted",
		"DELETE FROM plimsoll_excluded",
		"TRUNCATE plimsoll_run CASCADE",
		"INSERT INTO plimsoll_excluded (run, who, why, at) SELECT id, '', '', now() FROM plimsoll_run",
		"INSERT INTO plimsoll_schema (version) VALUES (99)",
		"CREATE TABLE of_my_own (x int)",
		"CREATE INDEX of_my_own ON plimsoll_run (tool)",
		"DROP VIEW plimsoll_figure",
		"DROP TABLE plimsoll_run CASCADE",
		"ALTER TABLE plimsoll_run ADD COLUMN x int",
		"SET ROLE plimsoll_admin",
		"GRANT plimsoll_admin TO CURRENT_USER",
		"BEGIN; LOCK TABLE plimsoll_run IN ACCESS EXCLUSIVE MODE",
	)
	exec(t, user, "SELECT count(*) FROM plimsoll_figure")
}

// refuses checks that each statement is refused because the user lacks the right.
func refuses(t *testing.T, database string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, statement := range statements {
		_, err = conn.Exec(t.Context(), statement)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.Code != "42501" {
			t.Errorf("%s: got %v, want SQLSTATE 42501", statement, err)
		}
		if _, err := conn.Exec(t.Context(), "ROLLBACK; RESET ROLE"); err != nil { // what the statement may have begun
			t.Fatal(err)
		}
	}
}

// lacksRight checks that an error says who may not do what, and which role may.
func lacksRight(t *testing.T, what string, err error) {
	t.Helper()
	words := strings.Fields(what) // a reader accepts
	may := "plimsoll_admin may"
	if slices.Contains([]string{"puts", "accepts"}, words[2]) {
		may = "plimsoll_writer or plimsoll_admin may"
	}
	operation := map[string]string{"puts": "add", "accepts": "accept", "excludes": "exclude", "removes": "remove"}[words[2]]
	if !errors.Is(err, baseline.ErrDenied) || errors.Is(err, baseline.ErrUnreachable) {
		t.Errorf("%s: got %v", what, err)
		return
	}
	for _, want := range []string{": permission denied: the user user_of_plimsoll_" + words[1], "(plimsoll_" + words[1] + ") may not " + operation + " runs; " + may + ": ask somebody", "42501"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", what, err, want)
		}
	}
}

// userOf makes a user in a role, and gives the URL for them. Users belong to the whole server, so this one has a
// unique name and ends with the test.
func userOf(t *testing.T, database, role string) string {
	t.Helper()
	name, password := "user_of_"+role+"_"+nameOf(t, database), rand.Text()
	exec(t, database, "CREATE ROLE "+name+" LOGIN PASSWORD '"+password+"'; GRANT "+role+" TO "+name)
	t.Cleanup(func() { exec(t, database, "DROP OWNED BY "+name+"; DROP ROLE "+name) })
	return change(t, database, func(u *url.URL) { u.User = url.UserPassword(name, password) })
}

// nameOf is the name of the database at a URL.
func nameOf(t *testing.T, database string) string {
	t.Helper()
	config, err := pgx.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	return config.Database
}

// openStore opens the store as the user of a URL, until the test ends.
func openStore(t *testing.T, database string) baseline.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}
