package plan

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Numbers of any length and spelling are compared by their mathematical value.
func TestCompareNumbers(t *testing.T) {
	number := rapid.Custom(func(t *rapid.T) string {
		digits := rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?`).Draw(t, "digits")
		if rapid.Bool().Draw(t, "exponent") {
			digits += fmt.Sprintf("e%+d", rapid.IntRange(-40, 40).Draw(t, "e"))
		}
		return digits
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		if rapid.Bool().Draw(t, "close") { // another spelling, or one digit more
			b = a + rapid.SampledFrom([]string{"", "e0", "E+00"}).Draw(t, "tail")
			if strings.Contains(a, ".") && !strings.Contains(a, "e") {
				b = a + rapid.SampledFrom([]string{"0", "1", "000"}).Draw(t, "digit")
			} else if strings.Contains(a, "e") {
				b = a
			}
		}
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		if got, want := CompareNumbers(a, b), x.Cmp(y); got != want {
			t.Errorf("CompareNumbers(%s, %s) is %d, want %d", a, b, got, want)
		}
	})
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"9007199254740993", "9007199254740992", 1}, {"19.90", "19.9", 0}, {"-0", "0", 0}, {"-0.0", "0e9", 0}, {"1e3", "1000", 0}, {"1E+3", "999.9999999999999999999999", 1},
		{"0.1", "0.10000000000000000001", -1}, {"-1", "-2", 1}, {"-1", "1", -1}, {"1e1000000000", "1e999999999", 1}, {"1e-1000000000", "0", 1},
		{"1e99999999999999999999", "1", 1}, {"1e-99999999999999999999", "1", -1}, {"0.001e3", "1", 0}, {"100e-2", "1.00", 0},
	} {
		if got := CompareNumbers(c.a, c.b); got != c.want {
			t.Errorf("CompareNumbers(%s, %s) is %d, want %d", c.a, c.b, got, c.want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { CompareNumbers("9007199254740993.10", "-9007199254740993.1e7") }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}
