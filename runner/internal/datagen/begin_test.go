package datagen_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// who returns a row and a generated value of a user.
func who(u *datagen.User) (row, value string) {
	row = string(u.Append(nil, plan.Text{{Kind: plan.Column}}))
	return row, string(u.Append(nil, plan.Text{{Kind: plan.Generated, Generator: profile.Generator{Kind: profile.UUID}}}))
}

func beginPlan() *plan.Plan {
	rows := func(texts ...string) (rows [][]profile.Value) {
		for _, text := range texts {
			rows = append(rows, []profile.Value{{Kind: profile.TextValue, Text: text}})
		}
		return rows
	}
	return &plan.Plan{Seed: 7, AllUsers: 2, Behaviours: []plan.Behaviour{{OnStart: []plan.Step{{}}}}, Data: []plan.Table{{Name: "accounts", Order: profile.Sequential, Rows: rows("a", "b", "c", "d", "e")}}}
}

// Whatever comes between, on_start always sees the same row and generates new values, and the n-th
// task always generates the same values.
func TestBeginsAndTasks(t *testing.T) {
	p := beginPlan()
	plain, renewing := datagen.New(p).User(1, 0), datagen.New(p).User(1, 0)
	seen := map[string]bool{}
	own, first := who(renewing)
	seen[first] = true
	for n := range 20 {
		plain.NextTask()
		renewing.NextTask()
		if n%3 == 0 {
			renewing.Begin()
			row, value := who(renewing)
			if row != own || seen[value] {
				t.Fatalf("renewal %d sees %s and makes %s; at first %s and %s", n, row, value, own, first)
			}
			seen[value] = true
			renewing.NextTask()
			plain.NextTask()
		}
		_, want := who(plain)
		if n%2 == 0 { // a step more
			who(renewing)
			renewing.NextTask()
			plain.NextTask()
			_, want = who(plain)
		}
		if _, got := who(renewing); got != want || seen[got] {
			t.Fatalf("task %d makes %s, without renewals %s", n, got, want)
		}
		seen[want] = true
	}
}

// Setup generates values that no user does.
func TestOnce(t *testing.T) {
	s := datagen.New(beginPlan())
	row, value := who(s.Once(0))
	if again, same := who(s.Once(0)); again != row || same != value || row != "a" {
		t.Errorf("setup sees %s and makes %s, then %s and %s", row, value, again, same)
	}
	for user := range 10 {
		u := s.User(user, 0)
		for range 3 {
			if _, got := who(u); got == value {
				t.Errorf("user %d makes what setup has made", user)
			}
			u.NextTask()
		}
	}
}

// A saved value can be handed on, with its kind.
func TestSaved(t *testing.T) {
	s := datagen.New(beginPlan())
	from, to := s.User(0, 2), s.User(1, 2)
	want := profile.Value{Kind: profile.NumberValue, Text: "12345678901234567890"}
	from.Save(1, want)
	for slot := range 2 {
		to.Save(slot, from.Saved(slot))
	}
	from.Save(1, profile.Value{Kind: profile.TextValue, Text: "other"})
	if to.Saved(1) != want || to.Saved(0) != (profile.Value{}) {
		t.Errorf("handed on: %v, %v", to.Saved(0), to.Saved(1))
	}
}
