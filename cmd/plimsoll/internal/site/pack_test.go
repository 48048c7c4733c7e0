package site

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// unpack is what files/history.js does with a list; TestRealUnpacking runs that one.
func unpack(p packed, n int) (values []float64) {
	for i := range n {
		var first, second byte = ' ', ' '
		if 2*i < len(p.Values) {
			first = p.Values[2*i]
		}
		if 2*i+1 < len(p.Values) {
			second = p.Values[2*i+1]
		}
		switch {
		case first == ' ':
			values = append(values, math.NaN())
		case second == ' ':
			values = append(values, 0)
		default:
			k := 90*strings.IndexByte(alphabet, first) + strings.IndexByte(alphabet, second)
			values = append(values, float64(100+k%900)*math.Pow10(p.Decade+k/900))
		}
	}
	return values
}

func lineOf(values ...float64) Line {
	l := Line{Values: values, Lower: make([]float64, len(values)), Upper: make([]float64, len(values))}
	for i, v := range values {
		l.Lower[i], l.Upper[i] = 0.9*v, 1.06*v
	}
	return l
}

// A value comes back with three digits, and none and zero as themselves.
func TestPack(t *testing.T) {
	nan := math.NaN()
	for _, values := range [][]float64{
		{1, 9.99, 10, 99.95, 100, 999.4, 999.6, 1234, 999_500, 1e6},
		{nan, 5, nan, 0, 0}, {0, 0}, {nan}, {}, {3.7e-9}, {8.1e15, 8.2e15}, {0.1, 0.01, 0.001, 0.25}, {math.Inf(1), -3},
		{1e3, 3_599_999_999_999 / 3600}, {2e6, nan, 3e6, nan},
	} {
		p := pack(lineOf(values...))
		if strings.HasSuffix(p.Values, " ") || strings.ContainsAny(p.Values, "\"'\\<") {
			t.Errorf("%v: packed as %q", values, p.Values)
		}
		for i, got := range unpack(p, len(values)) {
			want := values[i]
			if want < 0 || math.IsInf(want, 0) {
				want = nan
			}
			if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 0.005*want {
				t.Errorf("%v: number %d comes back as %g", values, i, got)
			}
		}
	}
}

// With more than nine decades in a month, the smallest values are raised to the smallest that fits.
func TestPackManyDecades(t *testing.T) {
	got := unpack(pack(lineOf(1, 1e12)), 2)
	if got[1] != 1e12 || got[0] < 1 || got[0] > 1e4 {
		t.Errorf("got %v", got)
	}
}

func TestPackBand(t *testing.T) {
	for want, band := range map[string][3]float64{
		"!": {100, 100, 100}, " ": {100, math.NaN(), math.NaN()}, string(alphabet[80]): {100, 1, 900}, string(alphabet[9*4+5]): {100, 96.4, 106.1},
	} {
		if got := string(packBand(band[0], band[1], band[2])); got != want {
			t.Errorf("%v: got %q, want %q", band, got, want)
		}
	}
}

// A chunk without anything to tell has no list, and repeats no commit.
func TestChunk(t *testing.T) {
	var all []baseline.Record
	for i, commit := range []string{"aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaa", "", "b b"} {
		r := baseline.Record{Info: baseline.Info{ID: strings.Repeat("0", 63) + string(rune('0'+i)), Series: "shop", Commit: commit, Started: time.Date(2026, 2, 1, i, 0, 0, 0, time.UTC)}}
		r.Summary = result.Summary{Figures: map[string]result.Figures{tally.All: {Requests: 10, P50: 5}}}
		all = append(all, r)
	}
	g := Build(all, Options{}).Groups[0]
	c := g.chunk(g.Months()[0])
	if c.Commit != "aaaaaaaaaa =  b_b" || c.IDSize != 10 || len(c.ID) != 40 || c.Seconds[0] != 0 || c.Seconds[1] != 3600 {
		t.Errorf("got %+v", c)
	}
	if c.Of[0]["failures"] != nil || c.Of[0]["p50"] == nil || len(c.System) != 0 {
		t.Errorf("lists %+v", c.Of)
	}
	if text, err := json.Marshal(c); err != nil || strings.Contains(string(text), "null") {
		t.Errorf("%v: %s", err, text)
	}
}
