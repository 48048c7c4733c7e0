package storetest

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// impossible puts runs that cannot exist. A store that took them could not read them back.
func impossible(t *testing.T, s baseline.Store) {
	for name, change := range map[string]Change{
		"a clock that stepped back": func(r *result.Result) { r.Finished = r.Started.Add(-time.Second) },
		"no time":                   func(r *result.Result) { r.Started = time.Time{} },
		"a time too far away": func(r *result.Result) {
			r.Started, r.Finished = r.Started.AddDate(9000, 0, 0), r.Finished.AddDate(9000, 0, 0)
		},
		"huge counts":             func(r *result.Result) { r.Rounds[0].Total.Requests = math.MaxInt64 - 1 },
		"a count below 0":         func(r *result.Result) { r.Tally.Routes["GET /items"].Outcomes[tally.OK] = -1 },
		"a NUL":                   func(r *result.Result) { r.Commit = "a\x00" },
		"not UTF-8":               func(r *result.Result) { r.Branch = "\xff" },
		"a name that is too long": func(r *result.Result) { r.Series = strings.Repeat("a", 10_000) },
		"a route without a name":  func(r *result.Result) { r.Tally.Routes[""] = r.Tally.Routes["GET /items"] },
		"a schema of the future":  func(r *result.Result) { r.Schema++ },
	} {
		if _, created, err := s.Put(t.Context(), NewResult(1, change)); err == nil || created {
			t.Errorf("%s: created %v, error %v; want an error", name, created, err)
		}
	}
	if infos := list(t, s, baseline.Query{}); len(infos) != 0 {
		t.Errorf("%d runs are kept, want none", len(infos))
	}
	// Odd but possible runs are kept, and come back.
	for i, change := range []Change{
		func(r *result.Result) { r.Started, r.Finished = time.Unix(0, 0).UTC(), time.Unix(9, 0).UTC() },
		func(r *result.Result) {
			r.Started, r.Finished = r.Started.AddDate(10, 0, 0), r.Finished.AddDate(10, 0, 0)
		},
		func(r *result.Result) { r.Series, r.Branch, r.Repository = long("s"), long("b"), long("r") },
	} {
		info := put(t, s, NewResult(i, change))
		if run, err := s.Get(t.Context(), info.ID); err != nil || run.Result.ID() != info.ID {
			t.Errorf("odd run %d: %v", i, err)
		}
	}
	if records, err := s.Window(t.Context(), baseline.Query{}); err != nil || len(records) != 3 {
		t.Errorf("%d records, %v", len(records), err)
	}
}

// long is a name of the greatest length, which does not compress.
func long(begin string) string {
	b := []byte(begin)
	for x := uint32(len(begin)); len(b) < 500; x = x*1664525 + 1013904223 {
		b = append(b, 'a'+byte(x>>24)%26)
	}
	return string(b)
}

// damaged edits the rows of a store directly.
func (s Suite) damaged(t *testing.T) {
	for name, change := range map[string]func(summary string) (set string){
		"an empty summary":             func(string) string { return "summary = '{}'" },
		"a list as a summary":          func(string) string { return "summary = '[1]'" },
		"lists of different lengths":   swapped(`"routes":[`, `"routes":["one more",`),
		"impossible figures":           swapped(`"p50_ns":[`, `"p50_ns":[-`),
		"text for a figure":            swapped(`"p50_ns":[`, `"p50_ns":["x",`),
		"a list for a figure":          swapped(`"p50_ns":[`, `"p50_ns":[[1],`),
		"an infinite figure":           swapped(`"p50_ns":[`, `"p50_ns":[1e999,`),
		"a NUL in a route":             swapped(`"routes":[`, `"routes":["\u0000",`),
		"half a character":             swapped(`"routes":[`, `"routes":["\ud800",`),
		"one value in place of a list": swapped(`"routes":[`, `"routes":"*","no":[`),
		"another series":               func(string) string { return "series = 'cart'" },
	} {
		t.Run(name, func(t *testing.T) {
			place := s.Place(t)
			store := s.open(t, place)
			id, good := put(t, store, NewResult(1)).ID, put(t, store, NewResult(2)).ID
			var summary string
			if err := s.SQL(t, place).QueryRowContext(t.Context(), "SELECT CAST(summary AS text) FROM plimsoll_run WHERE id = '"+id+"'").Scan(&summary); err != nil {
				t.Fatal(err)
			}
			if _, err := s.SQL(t, place).ExecContext(t.Context(), "UPDATE plimsoll_run SET "+change(summary)+" WHERE id = '"+id+"'"); err != nil {
				t.Logf("the database refuses it: %v", err)
				return
			}
			s.isNamed(t, store, id, func() error { _, err := store.Window(t.Context(), baseline.Query{}); return err })
			s.reads(t, place)
			if err := store.Exclude(t.Context(), id, NewMark(0)); err != nil {
				t.Errorf("exclude it: %v", err)
			}
			check(t, store, baseline.Query{}, good)
			if err := store.Remove(t.Context(), id); err != nil {
				t.Errorf("remove it: %v", err)
			}
			check(t, store, baseline.Query{WithExcluded: true}, good)
		})
	}
	t.Run("times", s.damagedTimes)
	t.Run("a document", func(t *testing.T) {
		place := s.Place(t)
		store := s.open(t, place)
		id, good := put(t, store, NewResult(1)).ID, put(t, store, NewResult(2)).ID
		s.exec(t, place, "UPDATE plimsoll_run SET document = '' WHERE id = '"+id+"'")
		s.isNamed(t, store, id, func() error { _, err := store.Get(t.Context(), id); return err })
		s.isNamed(t, store, id, func() error {
			for _, err := range baseline.All(t.Context(), store, baseline.Query{}) {
				if err != nil {
					return err
				}
			}
			return nil
		})
		check(t, store, baseline.Query{}, good, id) // its figures are whole
		s.exec(t, place, "UPDATE plimsoll_run SET document = (SELECT document FROM plimsoll_run WHERE id = '"+good+"') WHERE id = '"+id+"'")
		s.isNamed(t, store, id, func() error { _, err := store.Get(t.Context(), id); return err })
	})
}

// damagedTimes sets columns to texts that are no times, or to times that Go or JSON cannot hold. One database
// refuses some of them by the column's type, the other does not.
func (s Suite) damagedTimes(t *testing.T) {
	for _, set := range []string{"started = 'infinity'", "started = '20000-01-01 00:00:00+00'", "started = 'soon'", "stored = 'infinity'", "stored = 'soon'"} {
		place := s.Place(t)
		store := s.open(t, place)
		id, good := put(t, store, NewResult(1)).ID, put(t, store, NewResult(2)).ID
		if err := store.Accept(t.Context(), id, NewMark(0)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SQL(t, place).ExecContext(t.Context(), "UPDATE plimsoll_run SET "+set+" WHERE id = '"+id+"'"); err != nil {
			continue // the database refuses it
		}
		if strings.HasPrefix(set, "started") {
			s.isNamed(t, store, id, func() error { _, err := store.Window(t.Context(), baseline.Query{}); return err })
		}
		found, err := store.Find(t.Context(), id)
		if err != nil || found.ID != id {
			t.Errorf("%s: found %+v, %v", set, found, err)
		}
		s.exec(t, place, "UPDATE plimsoll_accepted SET at = "+set[strings.Index(set, "'"):])
		if infos := list(t, store, baseline.Query{}); len(infos) != 2 {
			t.Errorf("%s: %d runs are listed", set, len(infos))
		}
		if err := errors.Join(store.Exclude(t.Context(), id, NewMark(1)), store.Remove(t.Context(), id)); err != nil {
			t.Errorf("%s: %v", set, err)
		}
		check(t, store, baseline.Query{WithExcluded: true}, good)
	}
}

// swapped replaces a part of the summary.
func swapped(old, with string) func(string) string {
	return func(summary string) string { return "summary = '" + strings.Replace(summary, old, with, 1) + "'" }
}

// foreign puts a row that Plimsoll cannot have put.
func (s Suite) foreign(t *testing.T) {
	place := s.Place(t)
	store := s.open(t, place)
	good := put(t, store, NewResult(2)).ID
	const id = "it's mine"
	s.exec(t, place, `INSERT INTO plimsoll_run (id, series, repository, branch, commit_sha, profile_digest, environment, fit, tool, started, summary, document)
		SELECT 'it''s mine', series, repository, branch, commit_sha, profile_digest, environment, fit, tool, started, summary, document FROM plimsoll_run`)
	s.isNamed(t, store, id, func() error { _, err := store.Window(t.Context(), baseline.Query{}); return err })
	found, err := store.Find(t.Context(), id)
	if err != nil || found.ID != id {
		t.Errorf("found %+v, %v", found, err)
	}
	if err := errors.Join(store.Exclude(t.Context(), id, NewMark(0)), store.Remove(t.Context(), id)); err != nil {
		t.Error(err)
	}
	check(t, store, baseline.Query{WithExcluded: true}, good)
}

// isNamed checks that reading the run gives an error with its ID and the remedy, and that the run is still listed.
func (s Suite) isNamed(t *testing.T, store baseline.Store, id string, read func() error) {
	t.Helper()
	err := read()
	if !errors.Is(err, baseline.ErrDamaged) || errors.Is(err, baseline.ErrUnreachable) || !strings.Contains(err.Error(), id) || !strings.Contains(err.Error(), "baseline rm") {
		t.Errorf("got %v, want ErrDamaged with the run's ID and the remedy", err)
	}
	if infos := list(t, store, baseline.Query{}); !slices.ContainsFunc(infos, func(i baseline.Info) bool { return i.ID == id }) {
		t.Errorf("run %s is not listed", id)
	}
}

// exec runs a statement past the store.
func (s Suite) exec(t *testing.T, place, statement string) {
	t.Helper()
	if _, err := s.SQL(t, place).ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// reads checks that a damaged run does not break the view for others.
func (s Suite) reads(t *testing.T, place string) {
	t.Helper()
	var n int
	if err := s.SQL(t, place).QueryRowContext(t.Context(), "SELECT count(value) FROM plimsoll_figure").Scan(&n); err != nil || n < 18 {
		t.Errorf("the view has %d figures of the other run, %v", n, err)
	}
}
