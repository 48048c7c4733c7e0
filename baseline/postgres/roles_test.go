package postgres_test

import (
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
)

// The owner of the database can make the roles: on many rented servers nobody is a superuser.
func TestRolesByTheOwnerOfTheDatabase(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, database, owner string){
		"roles before tables": func(t *testing.T, _, owner string) {
			exec(t, owner, postgres.Roles)
			openStore(t, owner)
		},
		"tables before roles, twice": func(t *testing.T, _, owner string) {
			openStore(t, owner)
			exec(t, owner, postgres.Roles)
			exec(t, owner, postgres.Roles)
		},
		"tables between the roles of a superuser and the owner's": func(t *testing.T, database, owner string) {
			exec(t, database, postgres.Roles)
			exec(t, database, "GRANT CREATE ON SCHEMA public TO owner_"+nameOf(t, database)) // which is the owner's since PostgreSQL 15
			openStore(t, owner)
			exec(t, owner, postgres.Roles)
		},
	} {
		t.Run(name, func(t *testing.T) {
			database := pgtest.Database(t)
			owner := "owner_" + nameOf(t, database)
			exec(t, database, "CREATE ROLE "+owner+" LOGIN CREATEROLE PASSWORD 'owner'; ALTER DATABASE "+nameOf(t, database)+" OWNER TO "+owner)
			t.Cleanup(func() {
				exec(t, database, "ALTER DATABASE "+nameOf(t, database)+" OWNER TO CURRENT_USER; DROP OWNED BY "+owner+"; DROP ROLE "+owner)
			})
			exec(t, database, asMaker(owner))
			prepare(t, database, change(t, database, func(u *url.URL) { u.User = url.UserPassword(owner, "owner") }))
			admin := openStore(t, userOf(t, database, "plimsoll_admin"))
			id := tryWriter(t, openStore(t, userOf(t, database, "plimsoll_writer")))
			tryReader(t, openStore(t, userOf(t, database, "plimsoll_reader")), id)
			tryAdmin(t, admin, id)
		})
	}
}

// The roles of several databases can be made at the same time, though roles belong to the whole server.
func TestRolesForSeveralDatabasesAtOnce(t *testing.T) {
	var databases []string
	for range 3 {
		databases = append(databases, pgtest.Database(t))
	}
	var wg sync.WaitGroup
	for _, database := range append(databases, databases...) { // twice in each
		wg.Go(func() {
			conn, err := pgx.Connect(t.Context(), database)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close(t.Context())
			for end := time.Now().Add(20 * time.Second); ; {
				_, err := conn.Exec(t.Context(), postgres.Roles)
				var refused *pgconn.PgError // of two at once in the same database, one may have to try again
				if errors.As(err, &refused) && refused.Code == "XX000" && time.Now().Before(end) {
					continue
				}
				if err != nil {
					t.Error(err)
				}
				return
			}
		})
	}
	wg.Wait()
	for _, database := range databases {
		openStore(t, userOf(t, database, "plimsoll_admin"))
		openStore(t, userOf(t, database, "plimsoll_reader"))
	}
}

// asMaker is SQL that gives a user the rights that the maker of the roles has. Since PostgreSQL 16 the maker can
// only grant them; before, CREATEROLE is enough. The roles may exist already, since they belong to the whole
// server.
func asMaker(name string) string {
	return `DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['plimsoll_reader', 'plimsoll_writer', 'plimsoll_generator', 'plimsoll_admin'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE 'CREATE ROLE ' || role;
        END IF;
        IF current_setting('server_version_num')::int >= 160000 THEN
            EXECUTE 'GRANT ' || role || ' TO ` + name + ` WITH ADMIN TRUE, INHERIT FALSE, SET FALSE';
        END IF;
    END LOOP;
END $$`
}
