package profile_test

import (
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// A number is what RFC 8259, section 6, says, and nothing else.
func TestIsNumber(t *testing.T) {
	grammar := regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	check := func(text string) {
		if got, want := profile.IsNumber(text), grammar.MatchString(text); got != want {
			t.Errorf("IsNumber(%q) = %v", text, got)
		}
	}
	for _, text := range []string{"", "-", "0", "-0", "00", "01", "10", "1.", ".5", "1.50", "-1.5e3", "1e", "1E+", "1e-07", "1e+", "+1", "1 ", "1\n", "0x1", "1_0", "٣", "1e1.5", "--1", "1.2.3", "9007199254740993"} {
		check(text)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		text := make([]byte, random.IntN(8))
		for i := range text {
			text[i] = "00123459.-+eE x"[random.IntN(15)]
		}
		check(string(text))
	}
}
