package hist

import (
	"math/bits"
	"time"
)

// Recorder counts values in a few nanoseconds each, without allocating, for the hot path. It
// distinguishes values as finely as a Histogram does, and Drain moves them into one. It takes 4 bytes
// for each bucket up to the longest value seen: 21 KB for 10 ms, 96 KB for an hour. Between two Drains
// at most 4 billion values may fall into one bucket. The zero Recorder is ready. Not safe for
// concurrent use.
//
// The buckets are HdrHistogram's: units of 512 ns (the power of two below Lowest), 2048 of
// them one unit wide, then 1024 for each doubling.
type Recorder struct {
	counts      []uint32 // as long as the longest value has needed
	first, last int      // buckets outside of these are empty
	n           int64
	min, max    time.Duration
	over        int64
}

const (
	unitShift  = 9  // 512 ns
	wholeBits  = 11 // 2048 buckets for three digits
	halfBucket = 1 << (wholeBits - 1)
)

// bucket is the index of the bucket that a value from 0 to Highest falls into.
func bucket(d time.Duration) int {
	units := uint64(d) >> unitShift
	shift := max(bits.Len64(units)-wholeBits, 0)
	return shift*halfBucket + int(units>>shift)
}

// within is a value that falls into a bucket.
func within(index int) time.Duration {
	shift := max(index/halfBucket-1, 0)
	return time.Duration(uint64(index-shift*halfBucket) << shift << unitShift)
}

// Record counts one value, as Histogram.Record does.
func (r *Recorder) Record(d time.Duration) {
	d = max(d, 0)
	if r.n == 0 {
		r.begin(d)
	}
	r.n++
	r.min, r.max = min(r.min, d), max(r.max, d)
	if d > Highest {
		r.over++
		d = Highest
	}
	i := bucket(d)
	if i >= len(r.counts) {
		r.grow(i + 1)
	}
	r.counts[i]++
	r.first, r.last = min(r.first, i), max(r.last, i)
}

func (r *Recorder) begin(d time.Duration) {
	r.min, r.max = d, d
	r.first, r.last = bucket(Highest), 0
}

// grow makes room for n buckets, and some spare.
func (r *Recorder) grow(n int) {
	room := min(n+n/4, bucket(Highest)+1)
	r.counts = append(r.counts, make([]uint32, room-len(r.counts))...)
}

// Drain moves the values into h and leaves r empty.
func (r *Recorder) Drain(h *Histogram) {
	if r.n == 0 {
		return
	}
	if h.counts == nil {
		h.counts = newCounts()
		h.min = r.min
	}
	h.min, h.max = min(h.min, r.min), max(h.max, r.max)
	h.over += r.over
	for i := r.first; i <= r.last; i++ {
		if n := r.counts[i]; n > 0 {
			if err := h.counts.RecordValues(int64(within(i)), int64(n)); err != nil {
				panic("hist: " + err.Error()) // the value was clamped to the range
			}
			r.counts[i] = 0
		}
	}
	r.n, r.over = 0, 0
}
