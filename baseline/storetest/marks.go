package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// NewMark is a mark made in the nth minute.
func NewMark(n int) baseline.Mark {
	return baseline.Mark{By: "ana", Why: fmt.Sprintf("reason %d: \"ü\"; it's", n), At: time.Date(2026, 11, 24, 12, n, 0, 123456000, time.UTC)}
}

// later moves a run by days.
func later(days int) Change {
	return func(r *result.Result) {
		r.Started, r.Finished = r.Started.AddDate(0, 0, days), r.Finished.AddDate(0, 0, days)
	}
}

// onBranch changes the branch. That alone does not make another run, so it changes CIRun too.
func onBranch(name string) Change {
	return func(r *result.Result) { r.Branch, r.CIRun = name, name }
}

// puts puts runs 0 to n-1, a day apart, and gives their IDs.
func puts(t testing.TB, s baseline.Store, n int, changes ...Change) (ids []string) {
	t.Helper()
	for i := range n {
		ids = append(ids, put(t, s, NewResult(i, append(changes, later(i))...)).ID)
	}
	return ids
}

// check compares the runs that Window and List give for a query with those wanted, newest first.
func check(t *testing.T, s baseline.Store, q baseline.Query, want ...string) {
	t.Helper()
	infos := list(t, s, q)
	records, err := s.Window(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if got := idsOf(infos); !slices.Equal(got, want) {
		t.Errorf("%+v\nlist   %.8q\nwant   %.8q", q, got, want)
	}
	var got []string
	for i, record := range records {
		got = append(got, record.Summary.ID)
		if i < len(infos) && !same(record.Info, infos[i]) {
			t.Errorf("Window and List differ about a run:\n%+v\n%+v", record.Info, infos[i])
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v\nwindow %.8q\nwant   %.8q", q, got, want)
	}
}

func idsOf(infos []baseline.Info) (ids []string) {
	for _, info := range infos {
		ids = append(ids, info.ID)
	}
	return ids
}

// same compares two Infos with their marks.
func same(a, b baseline.Info) bool {
	equal := func(a, b *baseline.Mark) bool { return a == b || a != nil && b != nil && *a == *b }
	marks := equal(a.Accepted, b.Accepted) && equal(a.Excluded, b.Excluded)
	a.Accepted, a.Excluded, b.Accepted, b.Excluded = nil, nil, nil, nil
	return marks && a == b
}

func accept(t *testing.T, s baseline.Store) {
	ids := puts(t, s, 4)
	elsewhere := put(t, s, NewResult(9, onBranch("feature"), later(9))).ID
	for n, id := range []string{ids[0], ids[2], elsewhere} {
		if err := s.Accept(t.Context(), id, NewMark(n)); err != nil {
			t.Fatal(err)
		}
	}
	since := baseline.Query{Series: "shop", Repository: "example/shop", Branch: "main", SinceAccepted: true}
	check(t, s, since, ids[3], ids[2])
	check(t, s, baseline.Query{Series: "shop", SinceAccepted: true}, elsewhere)
	check(t, s, baseline.Query{Series: "cart", SinceAccepted: true})
	check(t, s, baseline.Query{Series: "shop"}, elsewhere, ids[3], ids[2], ids[1], ids[0])
	for id, want := range map[string]*baseline.Mark{ids[1]: nil, ids[2]: new(NewMark(1))} {
		record, err := s.Get(t.Context(), id)
		if err != nil || !same(record.Info, with(record.Info, want)) {
			t.Errorf("got %+v, %v, want the mark %+v", record.Accepted, err, want)
		}
	}

	// The commits of a query are a history of their own, on any branch: acceptances of other commits do not count
	// in it.
	commits := baseline.Query{Series: "shop", SinceAccepted: true, Commits: []string{commit(0), commit(1), commit(3)}}
	check(t, s, commits, ids[3], ids[1], ids[0])

	for _, m := range []baseline.Mark{NewMark(5), NewMark(4)} { // the one put last, not the one made last
		if err := s.Accept(t.Context(), ids[2], m); err != nil {
			t.Fatal(err)
		}
	}
	if record, err := s.Get(t.Context(), ids[2]); err != nil || record.Accepted == nil || *record.Accepted != NewMark(4) {
		t.Errorf("after two more marks: got %+v, %v", record.Accepted, err)
	}
	refusesMarks(t, s.Accept, ids[0])
}

func with(i baseline.Info, accepted *baseline.Mark) baseline.Info {
	i.Accepted = accepted
	return i
}

func commit(n int) string { return NewResult(n).Commit }

func exclude(t *testing.T, s baseline.Store) {
	ids := puts(t, s, 4)
	for _, id := range []string{ids[1], ids[2]} {
		if err := s.Accept(t.Context(), id, NewMark(0)); err != nil {
			t.Fatal(err)
		}
	}
	since := baseline.Query{Series: "shop", Branch: "main", SinceAccepted: true}
	check(t, s, since, ids[3], ids[2])
	if err := s.Exclude(t.Context(), ids[2], NewMark(1)); err != nil {
		t.Fatal(err)
	}
	check(t, s, baseline.Query{Series: "shop"}, ids[3], ids[1], ids[0])
	check(t, s, baseline.Query{Series: "shop", WithExcluded: true}, ids[3], ids[2], ids[1], ids[0])
	check(t, s, baseline.Query{Series: "shop", Commits: []string{commit(2), commit(0)}}, ids[0])
	check(t, s, since, ids[3], ids[1]) // the excluded run's acceptance no longer counts
	if record, err := s.Get(t.Context(), ids[2]); err != nil || record.Excluded == nil || *record.Excluded != NewMark(1) {
		t.Errorf("got %+v, %v", record.Excluded, err)
	}
	if _, created, err := s.Put(t.Context(), NewResult(2, later(2))); err != nil || created {
		t.Errorf("an excluded run put again: created %v, error %v", created, err)
	}
	check(t, s, baseline.Query{Series: "shop"}, ids[3], ids[1], ids[0])
	refusesMarks(t, s.Exclude, ids[0])
}

// refusesMarks checks that Accept or Exclude refuses wrong IDs and wrong marks.
func refusesMarks(t *testing.T, mark marker, id string) {
	t.Helper()
	for _, none := range []string{strings.Repeat("0", 64), "", id[:20], id + "0", id + "\x00", "\xff"} {
		if err := mark(t.Context(), none, NewMark(0)); !errors.Is(err, baseline.ErrNotFound) {
			t.Errorf("mark %q: got %v, want ErrNotFound", none, err)
		}
	}
	for want, change := range map[string]func(*baseline.Mark){
		"name":       func(m *baseline.Mark) { m.By = " " },
		"reason":     func(m *baseline.Mark) { m.Why = "" },
		"time":       func(m *baseline.Mark) { m.At = time.Time{} },
		"1969":       func(m *baseline.Mark) { m.At = time.Unix(-1, 0).UTC() },
		"2200":       func(m *baseline.Mark) { m.At = m.At.AddDate(174, 0, 0) },
		"20000":      func(m *baseline.Mark) { m.At = m.At.AddDate(17974, 0, 0) },
		"control":    func(m *baseline.Mark) { m.Why = "a\u009b31mb" },
		"UTF-8":      func(m *baseline.Mark) { m.Why = "a\x00b" },
		"not UTF-8":  func(m *baseline.Mark) { m.By = "\xff" },
		"2001 bytes": func(m *baseline.Mark) { m.Why = strings.Repeat("a", 2001) },
		"201 bytes":  func(m *baseline.Mark) { m.By = strings.Repeat("a", 201) },
	} {
		m := NewMark(0)
		change(&m)
		if err := mark(t.Context(), id, m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("mark with %.20q, %.20q, %v: got %v, want %q in it", m.By, m.Why, m.At, err, want)
		}
	}
}

// acceptedAtOnce accepts the same run through many handles at once.
func (s Suite) acceptedAtOnce(t *testing.T) {
	place := s.Place(t)
	store := s.open(t, place)
	id := put(t, store, NewResult(1)).ID
	var wg sync.WaitGroup
	for n := range s.Handles {
		wg.Go(func() {
			own, err := s.Open(t.Context(), place)
			if err != nil {
				t.Errorf("handle %d: %v", n, err)
				return
			}
			defer own.Close() //nolint:errcheck // Accept's error is what counts
			if err := own.Accept(t.Context(), id, NewMark(n)); err != nil {
				t.Errorf("handle %d: %v", n, err)
			}
		})
	}
	wg.Wait()
	if infos := list(t, store, baseline.Query{SinceAccepted: true}); len(infos) != 1 || infos[0].Accepted == nil {
		t.Fatalf("got %+v", infos)
	}
	last := NewMark(s.Handles)
	if err := store.Accept(t.Context(), id, last); err != nil {
		t.Fatal(err)
	}
	if infos := list(t, store, baseline.Query{}); len(infos) != 1 || *infos[0].Accepted != last {
		t.Errorf("got %+v, want one run with the last mark", infos)
	}
}
