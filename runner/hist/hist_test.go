package hist_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
)

func of(values ...time.Duration) *hist.Histogram {
	h := &hist.Histogram{}
	for _, v := range values {
		h.Record(v)
	}
	return h
}

// values draws spans of every size that a request can take.
var values = rapid.SliceOf(rapid.Custom(func(t *rapid.T) time.Duration {
	return time.Duration(math.Pow(10, rapid.Float64Range(2, 13).Draw(t, "log10 ns"))) // 100 ns to 2.7 h
}))

func equal(t *rapid.T, what string, a, b *hist.Histogram) {
	t.Helper()
	if a.Count() != b.Count() || a.Min() != b.Min() || a.Max() != b.Max() || a.Over() != b.Over() {
		t.Fatalf("%s: %d in %v..%v (%d over) and %d in %v..%v (%d over)", what, a.Count(), a.Min(), a.Max(), a.Over(), b.Count(), b.Min(), b.Max(), b.Over())
	}
	for _, q := range []float64{0, 0.25, 0.5, 0.9, 0.99, 0.999, 1} {
		if a.Quantile(q) != b.Quantile(q) {
			t.Fatalf("%s: quantile %v is %v and %v", what, q, a.Quantile(q), b.Quantile(q))
		}
	}
}

func TestMergeIsAMonoid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y, z := values.Draw(t, "x"), values.Draw(t, "y"), values.Draw(t, "z")
		whole := of(slices.Concat(x, y, z)...)
		left := merged(t, of(x...), of(y...), of(z...))
		right := merged(t, of(x...), merged(t, of(y...), of(z...)))
		swapped := merged(t, of(z...), of(x...), of(y...))
		equal(t, "whole and (x y) z", whole, left)
		equal(t, "whole and x (y z)", whole, right)
		equal(t, "whole and z x y", whole, swapped)
		equal(t, "with the empty one", merged(t, whole, &hist.Histogram{}), left)
	})
}

// merged merges the others into the first.
func merged(t rapid.TB, into *hist.Histogram, others ...*hist.Histogram) *hist.Histogram {
	t.Helper()
	for _, other := range others {
		if err := into.Merge(other); err != nil {
			t.Fatal(err)
		}
	}
	return into
}

// A full histogram can be read. It refuses more values and stays as it is.
func TestMergeRefusesTooMany(t *testing.T) {
	full := of(time.Millisecond)
	read(t, full, counted(t, hist.MaxCount-1, 0))
	before := of(time.Second)
	if err := before.Merge(full); err != nil || before.Count() != hist.MaxCount {
		t.Fatalf("%d values, %v; want MaxCount", before.Count(), err)
	}
	if err := before.Merge(of(2 * time.Hour)); !errors.Is(err, hist.ErrFull) {
		t.Errorf("one more: %v, want ErrFull", err)
	}
	if before.Count() != hist.MaxCount || before.Over() != 0 || before.Max() != time.Second {
		t.Errorf("a refused merge changed the histogram: %d values, %d over, max %v", before.Count(), before.Over(), before.Max())
	}
}

func read(t *testing.T, h *hist.Histogram, text string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), h); err != nil {
		t.Fatal(err)
	}
}

// counted is the text of a histogram with n values of 1 ms and m of 1 s, made without this package.
func counted(t testing.TB, n, m int64) string {
	t.Helper()
	return packed(t, hdrhistogram.NewPacked(int64(hist.Lowest), int64(hist.Highest), hist.Digits), n, m)
}

func packed(t testing.TB, h *hdrhistogram.PackedHistogram, n, m int64) string {
	t.Helper()
	if err := errors.Join(h.RecordValues(int64(time.Millisecond), n), h.RecordValues(int64(time.Second), m)); err != nil {
		t.Fatal(err)
	}
	text, err := h.EncodeV2()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"min_ns":1000000,"max_ns":1000000000,"hdr":%q}`, text)
}

// A quantile is within three digits of the value at that rank.
func TestQuantile(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 10, 1000, 20_000} {
		var all []time.Duration
		h := &hist.Histogram{}
		for range n {
			v := time.Duration(float64(5*time.Millisecond) * math.Exp(random.NormFloat64()))
			all = append(all, v)
			h.Record(v)
		}
		slices.Sort(all)
		for _, q := range []float64{0, 0.5, 0.66, 0.95, 0.99, 0.999, 1} {
			want := all[max(int(q*float64(n)+0.5)-1, 0)]
			if got := h.Quantile(q); math.Abs(float64(got-want)) > 0.001*float64(want)+1000 {
				t.Errorf("quantile %v of %d values is %v, want %v", q, n, got, want)
			}
		}
	}
}

func TestQuantilesAreOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := of(values.Draw(t, "values")...)
		p, q := rapid.Float64Range(0, 1).Draw(t, "p"), rapid.Float64Range(0, 1).Draw(t, "q")
		if low, high := h.Quantile(min(p, q)), h.Quantile(max(p, q)); low > high || low < h.Min() || high > h.Max() {
			t.Fatalf("quantiles %v of %v and %v of %v in %v..%v", low, min(p, q), high, max(p, q), h.Min(), h.Max())
		}
	})
}

func TestOutOfRange(t *testing.T) {
	h := of(-time.Second, 0, 2*time.Hour)
	if h.Count() != 3 || h.Over() != 1 || h.Min() != 0 || h.Max() != 2*time.Hour {
		t.Errorf("got %d values in %v..%v, %d over", h.Count(), h.Min(), h.Max(), h.Over())
	}
}

func TestEmpty(t *testing.T) {
	var h hist.Histogram
	if h.Count() != 0 || h.Quantile(0.99) != 0 || h.Mean() != 0 || !h.IsZero() {
		t.Errorf("the empty histogram is not empty")
	}
	text, err := json.Marshal(h)
	if err != nil || string(text) != "null" {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := of(values.Draw(t, "values")...)
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var back hist.Histogram
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatalf("%v of %s", err, text)
		}
		equal(t, "before and after", h, &back)
	})
}

func TestUnmarshalRefuses(t *testing.T) {
	for _, text := range []string{
		counted(t, math.MaxInt64-1, 0),
		counted(t, hist.MaxCount, 1),
		packed(t, hdrhistogram.NewPacked(1, math.MaxInt64, 5), 1, 1),
		packed(t, hdrhistogram.NewPacked(int64(hist.Lowest), int64(hist.Highest), 2), 1, 1),
		`{"min_ns":0,"max_ns":0,"hdr":""}`,
		`{"min_ns":0,"max_ns":0,"hdr":"HISTFAAAA"}`,
		`{"min_ns":5,"max_ns":1,"hdr":"` + hdr(t) + `"}`,
		`{"min_ns":-5,"max_ns":1,"hdr":"` + hdr(t) + `"}`,
		`{"min_ns":0,"max_ns":1,"over":7,"hdr":"` + hdr(t) + `"}`,
		`[]`,
	} {
		var h hist.Histogram
		if err := json.Unmarshal([]byte(text), &h); !errors.Is(err, hist.ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", text, err)
		}
	}
}

// hdr is the encoded text of one value.
func hdr(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(of(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ HDR string }
	if err := json.Unmarshal(text, &e); err != nil || e.HDR == "" {
		t.Fatalf("%v in %s", err, text)
	}
	return e.HDR
}

// No text makes the decoder panic, and a histogram that it accepts can be used and written again.
func FuzzUnmarshal(f *testing.F) {
	for _, h := range []*hist.Histogram{of(), of(time.Millisecond), of(time.Microsecond, time.Second, 2*time.Hour)} {
		text, err := json.Marshal(h)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(counted(f, math.MaxInt64-1, 0)))
	f.Add([]byte(counted(f, hist.MaxCount, 0)))
	f.Add([]byte(packed(f, hdrhistogram.NewPacked(1, math.MaxInt64, 5), 1, 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		var h hist.Histogram
		if json.Unmarshal(text, &h) != nil {
			return
		}
		if err := h.Merge(of(time.Second)); err != nil && !errors.Is(err, hist.ErrFull) {
			t.Fatal(err)
		}
		again, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var back hist.Histogram
		if err := json.Unmarshal(again, &back); err != nil || back.Count() != h.Count() {
			t.Errorf("%v: %d values became %d", err, h.Count(), back.Count())
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	spans := make([]time.Duration, 4096)
	for i := range spans {
		spans[i] = time.Duration(float64(5*time.Millisecond) * math.Exp(random.NormFloat64()/2))
	}
	var h hist.Histogram
	for i := 0; b.Loop(); i++ {
		h.Record(spans[i%len(spans)])
	}
}

func TestCoarse(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h hist.Histogram
	for range 10_000 {
		h.Record(time.Duration(random.ExpFloat64() * float64(20*time.Millisecond)))
	}
	coarse := h.Coarse()
	if coarse.Count() != h.Count() || coarse.Min() != h.Min() || coarse.Max() != h.Max() {
		t.Errorf("coarse: %d values from %v to %v; was %d from %v to %v", coarse.Count(), coarse.Min(), coarse.Max(), h.Count(), h.Min(), h.Max())
	}
	for _, q := range []float64{0, 0.1, 0.5, 0.9, 0.99, 0.999, 1} {
		got, want := float64(coarse.Quantile(q)), float64(h.Quantile(q))
		if math.Abs(got-want) > 0.01*want {
			t.Errorf("q %v: coarse %v, was %v", q, time.Duration(got), time.Duration(want))
		}
	}
	fine, small, again := encode(t, h), encode(t, coarse), coarse.Coarse()
	if 2*len(small) > len(fine) {
		t.Errorf("coarse takes %d bytes, was %d", len(small), len(fine))
	}
	if encode(t, again) != small {
		t.Error("coarse twice is not coarse once")
	}
	var empty hist.Histogram
	if c := empty.Coarse(); c.Count() != 0 {
		t.Error("an empty histogram is not empty when coarse")
	}
}

func encode(t *testing.T, h hist.Histogram) string {
	t.Helper()
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The largest values are the quantiles of their ranks.
func TestLargest(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 7, 333, 5000} {
		var h hist.Histogram
		for range n {
			h.Record(time.Duration(random.ExpFloat64() * float64(20*time.Millisecond)))
		}
		for _, most := range []int64{0, 1, 5, int64(n), int64(n) + 9} {
			got := h.Largest(most)
			if int64(len(got)) != min(most, int64(n)) {
				t.Fatalf("the largest %d of %d are %d", most, n, len(got))
			}
			for i, d := range got {
				if want := h.Quantile(float64(n-len(got)+i+1) / float64(n)); d != want {
					t.Errorf("number %d of the largest %d of %d: %v, want %v", i, most, n, d, want)
				}
			}
		}
	}
}

// Each calls for all values once, in growing order and within the range of the values, and stops when asked.
func TestEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := of(values.Draw(t, "values")...)
		last, count, calls := time.Duration(-1), int64(0), 0
		h.Each(func(v time.Duration, n int64) bool {
			if v < last || v < h.Min() || v > h.Max() || n <= 0 {
				t.Fatalf("%v, %d times, after %v, in %v to %v", v, n, last, h.Min(), h.Max())
			}
			last, count, calls = v, count+n, calls+1
			return true
		})
		if count != h.Count() || calls != h.Buckets() {
			t.Fatalf("%d values in %d calls, want %d in %d", count, calls, h.Count(), h.Buckets())
		}
		calls = 0
		h.Each(func(time.Duration, int64) bool { calls++; return false })
		if calls > 1 {
			t.Fatalf("%d calls after it was asked to stop", calls)
		}
	})
}
