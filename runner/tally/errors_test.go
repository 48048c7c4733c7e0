package tally_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// failing is n failures, each with a text of its own but for a few.
func failing(n int) (samples []tally.Sample) {
	for i := range n {
		samples = append(samples, tally.Sample{Route: "GET /a", Class: tally.Status, Error: fmt.Sprintf("error %d", i*i%(n-n/10)), Ended: time.Duration(i) * time.Millisecond})
	}
	return samples
}

// With many more texts than are kept, however they are cut and in whatever order and nesting they are
// merged, the same texts, counts and times remain.
func TestErrorTextsAreAMonoid(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		all := failing(400)
		want := of(all).Routes["GET /a"].Errors
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		i, j := random.IntN(len(all)), random.IntN(len(all))
		i, j = min(i, j), max(i, j)
		a, b, c := all[:i], all[i:j], all[j:]
		left, right, swapped := of(a), of(b), of(c)
		left.Merge(of(b))
		left.Merge(of(c))
		right.Merge(of(c))
		outer := of(a)
		outer.Merge(right)
		swapped.Merge(of(a))
		swapped.Merge(of(b))
		for name, got := range map[string]*tally.Tally{"(a b) c": left, "a (b c)": outer, "c a b": swapped} {
			if got := got.Routes["GET /a"].Errors; !maps.Equal(got, want) {
				t.Fatalf("%s, cut at %d and %d: %v\nwant %v", name, i, j, got, want)
			}
		}
	}
}

// The counts of kept texts are exact, and no error is lost.
func TestErrorTextsAreBounded(t *testing.T) {
	all := failing(1000)
	counts := map[string]int64{}
	for _, s := range all {
		counts[s.Error]++
	}
	errors := of(all).Routes["GET /a"].Errors
	var n int64
	for text, seen := range errors {
		n += seen.Count
		if text != tally.OtherErrors && seen.Count != counts[text] {
			t.Errorf("%s: counted %d times, was there %d times", text, seen.Count, counts[text])
		}
	}
	if len(errors) != 51 || n != 1000 {
		t.Errorf("%d texts of %d errors, want 50 and the others, of 1000", len(errors), n)
	}
	if others := errors[tally.OtherErrors]; others.First > 100*time.Millisecond || others.Last < 900*time.Millisecond {
		t.Errorf("the others were seen from %v to %v", others.First, others.Last)
	}
}

func TestErrorTextsCanBeShown(t *testing.T) {
	for _, text := range []string{"", "plain", "a\x00b\n\x1b[31m", "\xff\xfe", strings.Repeat("ü", 1000), strings.Repeat("\xff", 1000), strings.Repeat("x", 299) + "ü"} {
		tl := of([]tally.Sample{{Route: "GET /a", Class: tally.Status, Error: text}})
		if err := tl.Validate(); err != nil {
			t.Errorf("%.20q: %v", text, err)
		}
		for kept := range tl.Routes["GET /a"].Errors {
			if len(kept) > 300 || !utf8.ValidString(kept) || strings.ContainsAny(kept, "\n\x00\x1b") {
				t.Errorf("%.20q is kept as %q", text, kept)
			}
		}
	}
}

// BenchmarkNewErrorTexts counts a flood of new texts.
func BenchmarkNewErrorTexts(b *testing.B) {
	r := tally.NewRecorder([]tally.Name{{Route: "GET /a"}})
	texts := make([]string, 1<<14)
	for i := range texts {
		texts[i] = fmt.Sprintf("the answer %d is not what was expected of it", i)
	}
	for i := 0; b.Loop(); i++ {
		r.Add(0, tally.Sample{Class: tally.Expect, Error: texts[i%len(texts)]})
	}
}
