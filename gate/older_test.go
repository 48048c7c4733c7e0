package gate_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Results that were stored before rounds had costs and readings are judged as they were then. The files are what the
// program of that time wrote.
func TestOlderResults(t *testing.T) {
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join("testdata", "older", name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	side := func(name string) *result.Result {
		r, err := result.Read(filepath.Join("testdata", "older", name))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	got, err := json.MarshalIndent(gate.JudgePairs(gate.DefaultPolicy(), side("base.json"), side("head.json"), true), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(read("verdict.json")) {
		t.Errorf("got\n%s", got)
	}
}
