package handover_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/handover"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

func fileIn(t *testing.T) handover.File {
	t.Helper()
	return handover.File{Path: filepath.Join(t.TempDir(), "values.json"), ProfileDigest: "d1", Shards: 3}
}

// Values come through as they are, kinds and odd bytes included, and only their user may read them.
func TestRoundTrip(t *testing.T) {
	f := fileIn(t)
	given := []profile.Value{{Kind: profile.NumberValue, Text: "12345678901234567890"}, {Kind: profile.TextValue, Text: "\xff\x00ü\""}, {}, {Kind: profile.JSONValue, Text: "[1]"}}
	id, err := f.Give(given)
	if err != nil {
		t.Fatal(err)
	}
	values, same, err := f.Take(t.Context())
	if err != nil || same != id || !slices.Equal(values, given) {
		t.Errorf("took %q of %s, %v; want %q of %s", values, same, err, given, id)
	}
	if info, err := os.Stat(f.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if again, err := f.Give(given); err != nil || again == id {
		t.Errorf("another setup has the ID %s of the first, %v", again, err)
	}
	if left, err := filepath.Glob(f.Path + "*"); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	none := fileIn(t)
	if _, err := none.Give(nil); err != nil {
		t.Fatal(err)
	}
	if values, _, err := none.Take(t.Context()); err != nil || len(values) != 0 {
		t.Errorf("a setup that saves nothing gives %v, %v", values, err)
	}
}

// A file of an earlier load is cleared. One that holds anything else stays, and is a mistake in the input.
func TestClear(t *testing.T) {
	f := fileIn(t)
	if err := f.Clear(); err != nil {
		t.Errorf("nothing to clear: %v", err)
	}
	if _, err := f.Give(nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Clear(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(f.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	for _, text := range []string{"my notes", `{"schema": 1, "else": 2}`, `{"schema": 9}`, ""} {
		if err := os.WriteFile(f.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := f.Clear(); exit.Status(err) != exit.Input || !strings.Contains(err.Error(), "name another file, or remove this one") {
			t.Errorf("%q: %v", text, err)
		}
		if kept, err := os.ReadFile(f.Path); err != nil || string(kept) != text {
			t.Errorf("%q became %q, %v", text, kept, err)
		}
		if _, _, err := f.Take(t.Context()); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	f.Path = filepath.Join(filepath.Dir(f.Path), "no", "such", "place")
	if _, err := f.Give(nil); err == nil {
		t.Error("written where there is no directory")
	}
}

// A shard waits for the values until its load begins, or for a minute if nobody says when that is.
func TestTakeWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fileIn(t)
		go func() {
			time.Sleep(30 * time.Second)
			if _, err := f.Give([]profile.Value{{Kind: profile.TextValue, Text: "late"}}); err != nil {
				t.Error(err)
			}
		}()
		if values, _, err := f.Take(t.Context()); err != nil || len(values) != 1 {
			t.Errorf("%v, %v", values, err)
		}
		missing := fileIn(t)
		began := time.Now()
		if _, _, err := missing.Take(t.Context()); err == nil || !strings.Contains(err.Error(), "shard 1 writes it once its setup is done") || time.Since(began) < time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		missing.Until, began = time.Now().Add(5*time.Minute), time.Now()
		if _, _, err := missing.Take(t.Context()); err == nil || time.Since(began) < 5*time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := missing.Take(ctx); err == nil {
			t.Error("it did not end with its context")
		}
	})
}

// Values of another load are refused.
func TestTakeRefuses(t *testing.T) {
	f := fileIn(t)
	if _, err := f.Give(nil); err != nil {
		t.Fatal(err)
	}
	for _, other := range []handover.File{{Path: f.Path, ProfileDigest: "d2", Shards: 3}, {Path: f.Path, ProfileDigest: "d1", Shards: 4}} {
		if _, _, err := other.Take(t.Context()); err == nil || !strings.Contains(err.Error(), "of another load: of 3 shards with the profile digest d1") {
			t.Errorf("%+v: %v", other, err)
		}
	}
}
