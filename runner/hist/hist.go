// Package hist keeps a distribution of latencies in little memory.
//
// A Histogram takes time.Durations and gives back counts, quantiles (q in 0..1, three significant
// digits) and the exact smallest and largest value. It distinguishes values from 1 µs to 1 h. It
// counts longer ones at 1 h, and Over says how many those were.
//
// Merge is associative and commutative, and the zero Histogram is its unit. A Histogram holds
// at most MaxCount values: Merge refuses more, so no count overflows.
//
// It is built on the packed form of HdrHistogram (http://hdrhistogram.org). Its memory grows
// with the number of distinct values, so a program can hold thousands. The JSON form carries
// the counts as HdrHistogram's V2 compressed text, which every HdrHistogram library reads.
// UnmarshalJSON takes untrusted text, but only of this package's own range and digits.
//
// Recorder counts faster, for the hot path. Neither is safe for concurrent use.
package hist

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range and the precision in which values are distinguished.
const (
	Lowest  = time.Microsecond
	Highest = time.Hour
	Digits  = 3
)

// MaxCount is the most values that a Histogram holds: a float64 still counts them exactly.
const MaxCount = 1 << 53

// maxEncoded bounds the text that UnmarshalJSON takes, in bytes. A histogram of this range with
// every bucket filled encodes to less than a quarter of it.
const maxEncoded = 1 << 20

// The errors of this package wrap these.
var (
	ErrCorrupt = errors.New("not a histogram of this program") // by UnmarshalJSON
	ErrFull    = errors.New("more values than a histogram holds")
)

// Histogram is a distribution of durations. The zero value is empty and ready.
type Histogram struct {
	counts   *hdrhistogram.PackedHistogram // nil while empty
	min, max time.Duration                 // exact; counts rounds to three digits
	over     int64
}

// Record counts one value. A negative one counts as 0: only a broken clock gives it.
func (h *Histogram) Record(d time.Duration) { h.RecordMany(d, 1) }

// RecordMany counts a value n times, as Record does. The caller keeps the sum below MaxCount.
func (h *Histogram) RecordMany(d time.Duration, n int64) {
	if n <= 0 {
		return
	}
	d = max(d, 0)
	if h.counts == nil {
		h.counts = newCounts()
		h.min = d
	}
	h.min, h.max = min(h.min, d), max(h.max, d)
	if d > Highest {
		h.over += n
		d = Highest
	}
	if err := h.counts.RecordValues(int64(d), n); err != nil {
		panic("hist: " + err.Error()) // the value was clamped to the range above
	}
}

// Merge adds the values of o and leaves o as it is. If h would then hold more than MaxCount
// values, the error is ErrFull and h stays as it was.
func (h *Histogram) Merge(o *Histogram) error {
	if o.counts == nil {
		return nil
	}
	if h.Count() > MaxCount-o.Count() {
		return fmt.Errorf("merge %d and %d values: %w", h.Count(), o.Count(), ErrFull)
	}
	if h.counts == nil {
		h.counts = newCounts()
		h.min = o.min
	}
	h.min, h.max = min(h.min, o.min), max(h.max, o.max)
	h.over += o.over
	if dropped := h.counts.Merge(o.counts); dropped != 0 {
		panic(fmt.Sprintf("hist: merge dropped %d values of an equal range", dropped))
	}
	return nil
}

// Count is the number of values recorded.
func (h *Histogram) Count() int64 {
	if h.counts == nil {
		return 0
	}
	return h.counts.TotalCount()
}

// Buckets is the number of distinct values: a measure of the memory that h takes.
func (h *Histogram) Buckets() int {
	if h.counts == nil {
		return 0
	}
	return int(h.counts.Populated())
}

// Each calls yield for each distinct value, in growing order, with how often it came. Values are rounded down to three
// digits, but none is below Min. It stops when yield returns false.
func (h *Histogram) Each(yield func(value time.Duration, count int64) bool) {
	if h.counts == nil {
		return
	}
	h.counts.ForEachBucket(func(value, count int64) bool { return yield(h.clamp(time.Duration(value)), count) })
}

// Over is how many values were longer than Highest.
func (h *Histogram) Over() int64 { return h.over }

// Min is the smallest value recorded, exactly; 0 when empty.
func (h *Histogram) Min() time.Duration { return h.min }

// Max is the largest value recorded, exactly; 0 when empty.
func (h *Histogram) Max() time.Duration { return h.max }

// Mean is the average of the values, to three digits; 0 when empty.
func (h *Histogram) Mean() time.Duration {
	if h.counts == nil {
		return 0
	}
	return h.clamp(time.Duration(h.counts.Mean()))
}

// Quantile is the value at rank q·n of n values, with q from 0 to 1. It has three digits and lies
// between Min and Max. The rank is rounded as HdrHistogram does. 0 when empty.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.counts == nil {
		return 0
	}
	return h.clamp(time.Duration(h.counts.ValueAtPercentile(q * 100)))
}

// Largest are the n largest values, or all if there are fewer, in growing order and rounded as Quantile does.
func (h *Histogram) Largest(n int64) []time.Duration {
	count := h.Count()
	n = min(n, count)
	if n <= 0 {
		return nil
	}
	percentiles := make([]float64, n)
	for i := range percentiles {
		percentiles[i] = 100 * float64(count-n+1+int64(i)) / float64(count)
	}
	values := make([]time.Duration, n)
	for i, v := range h.counts.ValueAtPercentilesSlice(percentiles) {
		values[i] = h.clamp(time.Duration(v))
	}
	return values
}

// clamp keeps a bucket's value, which is rounded up, within what was really recorded.
func (h *Histogram) clamp(d time.Duration) time.Duration { return min(max(d, h.min), h.max) }

// Coarse is the same distribution to two digits, which encodes to less than half of the size.
// Count, Min, Max and Over stay exact.
func (h *Histogram) Coarse() Histogram {
	if h.counts == nil {
		return Histogram{}
	}
	coarse := hdrhistogram.NewPacked(int64(Lowest), int64(Highest), Digits-1)
	counts := newCounts()
	if coarse.Merge(h.counts)+counts.Merge(coarse) != 0 {
		panic("hist: a range does not hold its own values")
	}
	return Histogram{counts: counts, min: h.min, max: h.max, over: h.over}
}

// IsZero reports whether nothing was recorded; encoding/json's omitzero asks it.
func (h Histogram) IsZero() bool { return h.counts == nil }

// encoded is the JSON form.
type encoded struct {
	MinNs int64  `json:"min_ns"`
	MaxNs int64  `json:"max_ns"`
	Over  int64  `json:"over,omitempty"`
	HDR   string `json:"hdr"` // V2 compressed, base64
}

// MarshalJSON writes the smallest and largest value in ns and the counts as V2 compressed
// HdrHistogram text; an empty Histogram is null.
func (h Histogram) MarshalJSON() ([]byte, error) {
	if h.counts == nil {
		return []byte("null"), nil
	}
	text, err := h.counts.EncodeV2()
	if err != nil {
		return nil, fmt.Errorf("encode histogram: %w", err)
	}
	return json.Marshal(encoded{int64(h.min), int64(h.max), h.over, string(text)})
}

// UnmarshalJSON reads what MarshalJSON wrote, from a source that need not be trusted. It refuses
// anything else with an error that wraps ErrCorrupt.
func (h *Histogram) UnmarshalJSON(data []byte) error {
	*h = Histogram{}
	if string(data) == "null" {
		return nil
	}
	if len(data) > maxEncoded {
		return fmt.Errorf("%w: %d bytes of text", ErrCorrupt, len(data))
	}
	var e encoded
	fields := json.NewDecoder(bytes.NewReader(data))
	fields.DisallowUnknownFields()
	if err := fields.Decode(&e); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	counts, err := decode(e.HDR)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	// If the counts add up to more than an int64 holds, the decoder gives the greatest int64.
	total := counts.TotalCount()
	if total <= 0 || total > MaxCount {
		return fmt.Errorf("%w: %d values", ErrCorrupt, total)
	}
	if e.MinNs < 0 || e.MaxNs < e.MinNs || e.Over < 0 || e.Over > total {
		return fmt.Errorf("%w: min %d ns, max %d ns, %d over", ErrCorrupt, e.MinNs, e.MaxNs, e.Over)
	}
	*h = Histogram{counts: counts, min: time.Duration(e.MinNs), max: time.Duration(e.MaxNs), over: e.Over}
	return nil
}

// decode reads counts of our own range and digits. It looks at the header before the counts: a text
// can name any range, and for a wide one a few bytes grow to 50 MB.
func decode(text string) (*hdrhistogram.PackedHistogram, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	const before = 8 // the cookie and the length of what is compressed
	if len(data) < before {
		return nil, errors.New("too short")
	}
	z, err := zlib.NewReader(bytes.NewReader(data[before:]))
	if err != nil {
		return nil, err
	}
	var header struct { // of HdrHistogram's encoding V2
		Cookie, Length, Offset, Digits int32
		Lowest, Highest                int64
	}
	if err := binary.Read(z, binary.BigEndian, &header); err != nil {
		return nil, err
	}
	if header.Digits != Digits || header.Lowest != int64(Lowest) || header.Highest != int64(Highest) {
		return nil, fmt.Errorf("%d digits from %d to %d ns", header.Digits, header.Lowest, header.Highest)
	}
	return hdrhistogram.DecodePacked([]byte(text))
}

func newCounts() *hdrhistogram.PackedHistogram {
	return hdrhistogram.NewPacked(int64(Lowest), int64(Highest), Digits)
}
