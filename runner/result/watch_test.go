package result_test

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// A missing reading is null in the file, and no zero when it is read back.
func TestMissingReadings(t *testing.T) {
	r := small()
	r.Watch = &result.Watch{Timeline: map[string]result.Column{"system.rss_bytes": {1, math.NaN(), 0}}}
	text := encode(t, r)
	if !bytes.Contains(text, []byte("null")) {
		t.Errorf("no null in %s", text)
	}
	again, err := result.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	column := again.Watch.Timeline["system.rss_bytes"]
	if len(column) != 3 || column[0] != 1 || !math.IsNaN(column[1]) || column[2] != 0 {
		t.Errorf("read back as %v", column)
	}
	if err := json.Unmarshal([]byte(`["1"]`), &column); err == nil {
		t.Error("a text passes for a reading")
	}
}

// The compact form keeps what was watched, without the readings one by one.
func TestCompactWatch(t *testing.T) {
	r := small()
	r.Watch = &result.Watch{Every: 1, Step: 1, Start: 1, Mean: map[string]float64{"a": 1}, Timeline: map[string]result.Column{"a": {1}}}
	if c := r.Compact().Watch; c.Timeline != nil || c.Step != 0 || c.Start != 0 || c.Every != 1 || c.Mean["a"] != 1 {
		t.Errorf("compact: %+v", c)
	}
	if r.Watch.Timeline == nil {
		t.Error("Compact changed the original")
	}
}
