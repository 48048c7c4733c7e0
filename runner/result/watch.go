package result

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Watch is what was read of the system, of the machine and of what else was watched while the load lasted.
//
// A reading is a number with a name: its subject and its figure, joined by a dot, such as "system.rss_bytes",
// "machine.cpu_share", "gpu.0.busy_share" or "db-host.cpu_share". The names that this program writes are listed in
// readings.go. A name is missing where nothing was read, and Absent says why. A missing reading is never zero.
//
// Outside the ID. A Compact Result keeps all but the Timeline.
type Watch struct {
	Every time.Duration      `json:"every_ns"`       // from one reading to the next
	Mean  map[string]float64 `json:"mean,omitempty"` // over the judged time. A counter's is its rate for each second
	Peak  map[string]float64 `json:"peak,omitempty"` // the highest reading of the judged time
	// Facts are texts about what was watched, such as "system.busiest_thread" or "gpu.0.name".
	Facts  map[string]string `json:"facts,omitempty"`
	Absent []Absent          `json:"absent,omitempty"`
	// Timeline holds the readings one by one, warm-up included, by name. All columns begin at Start and have one
	// length. A reading that is missing is NaN, and null in JSON.
	Start    time.Duration     `json:"start_ns,omitempty"` // of the first reading, since the load began
	Step     time.Duration     `json:"step_ns,omitempty"`  // from one point to the next; more than Every if points were joined
	Timeline map[string]Column `json:"timeline,omitempty"`
}

// Absent is a source that was not read.
type Absent struct {
	Source string `json:"source"` // such as "pressure", "gpu" or the name of an exporter
	Why    string `json:"why"`    // half a sentence: "this kernel has it switched off"
}

// Column is one reading over time. NaN stands for a missing value.
type Column []float64

// MarshalJSON writes null for a missing value.
func (c Column) MarshalJSON() ([]byte, error) {
	values := make([]*float64, len(c))
	for i := range c {
		if !math.IsNaN(c[i]) {
			values[i] = &c[i]
		}
	}
	return json.Marshal(values)
}

// UnmarshalJSON reads null as a missing value.
func (c *Column) UnmarshalJSON(text []byte) error {
	var values []*float64
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	*c = make(Column, len(values))
	for i, v := range values {
		(*c)[i] = math.NaN()
		if v != nil {
			(*c)[i] = *v
		}
	}
	return nil
}

// The bounds of a Watch.
const (
	maxColumns = 2_000   // of a timeline
	maxPoints  = 1_800   // of a column
	maxCells   = 500_000 // in all columns together
	maxAbsent  = 1_000   // sources
)

func (w *Watch) validate() error {
	if w == nil {
		return nil
	}
	for _, d := range []time.Duration{w.Every, w.Start, w.Step} {
		if d < 0 || d > maxLength {
			return fmt.Errorf("what was watched has an impossible time: every %v, from %v, in steps of %v", w.Every, w.Start, w.Step)
		}
	}
	for _, readings := range []map[string]float64{w.Mean, w.Peak} {
		if err := validateReadings(readings); err != nil {
			return err
		}
	}
	if len(w.Facts) > maxReadings || len(w.Absent) > maxAbsent {
		return fmt.Errorf("what was watched has %d facts and %d absent sources", len(w.Facts), len(w.Absent))
	}
	for name, text := range w.Facts {
		if err := plainAll(maxText, "fact", name, text); err != nil {
			return err
		}
	}
	for _, a := range w.Absent {
		if err := plainAll(maxText, "absent source", a.Source, a.Why); err != nil {
			return err
		}
	}
	return w.validateTimeline()
}

// validateTimeline checks that all columns have one length, within bounds.
func (w *Watch) validateTimeline() error {
	length := -1
	for name, column := range w.Timeline {
		if err := plain("name of a reading", name, maxText); err != nil {
			return err
		}
		if length < 0 {
			length = len(column)
		}
		if len(column) != length || length > maxPoints {
			return fmt.Errorf("reading %q has %d points over time, another has %d; at most %d", name, len(column), length, maxPoints)
		}
		for _, v := range column {
			if math.Abs(v) > maxReading {
				return fmt.Errorf("reading %q is %g", name, v)
			}
		}
	}
	if len(w.Timeline) > maxColumns || len(w.Timeline)*length > maxCells {
		return fmt.Errorf("what was watched has %d columns of %d points", len(w.Timeline), length)
	}
	return nil
}

// plainAll returns an error unless all texts are plain.
func plainAll(most int, what string, texts ...string) error {
	for _, text := range texts {
		if err := plain(what, text, most); err != nil {
			return err
		}
	}
	return nil
}
