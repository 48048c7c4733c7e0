package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
)

// An error of a trigger, a rule or a policy names it. If tables are only hidden, no error advises to drop them.
func TestRulesOfADatabase(t *testing.T) {
	const raises = " LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'frozen until Monday'; END $$;"
	for name, c := range map[string]struct {
		before, after string // SQL: before the tables are made, and after
		denied        bool
		want          string
	}{
		"an event trigger":     {before: "CREATE FUNCTION no() RETURNS event_trigger" + raises + "CREATE EVENT TRIGGER no ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION no()", want: "cannot open the store: a rule of this database, such as a trigger, refuses it"},
		"a trigger":            {after: "CREATE FUNCTION no() RETURNS trigger" + raises + "CREATE TRIGGER no BEFORE INSERT ON plimsoll_run FOR EACH ROW EXECUTE FUNCTION no()", want: "cannot add runs: a rule of this database, such as a trigger, refuses it"},
		"a trigger that drops": {after: "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; CREATE TRIGGER no BEFORE INSERT ON plimsoll_run FOR EACH ROW EXECUTE FUNCTION no()", want: "is not there: does a trigger"},
		"a rule":               {after: "CREATE RULE no AS ON INSERT TO plimsoll_run DO INSTEAD NOTHING", want: "cannot add runs: the tables are not those that Plimsoll made"},
		"a key is gone":        {after: "ALTER TABLE plimsoll_run DROP CONSTRAINT plimsoll_run_pkey CASCADE", want: "cannot add runs: the tables are not those that Plimsoll made"},
		"another column":       {after: "ALTER TABLE plimsoll_run ADD COLUMN owner text NOT NULL", want: "cannot add runs: the tables are not those that Plimsoll made"},
		"a policy":             {after: "ALTER TABLE plimsoll_run ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", denied: true, want: "cannot add runs: a policy of row security"},
		"a policy on all":      {after: "ALTER TABLE plimsoll_schema ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", want: "the row of plimsoll_schema was removed, or a policy of row security hides it"},
	} {
		t.Run(name, func(t *testing.T) {
			database := pgtest.Database(t)
			place := settle(t, database)
			exec(t, database, c.before+"; GRANT CREATE ON SCHEMA public TO PUBLIC; ALTER ROLE "+userIn(t, place)+" NOSUPERUSER")
			if c.after != "" {
				openStore(t, place)
				exec(t, database, c.after)
			}
			store, err := postgres.Open(t.Context(), place)
			if err == nil {
				defer store.Close()
				_, _, err = store.Put(t.Context(), storetest.NewResult(1))
			}
			if err == nil || errors.Is(err, baseline.ErrUnreachable) || errors.Is(err, baseline.ErrDenied) != c.denied || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
