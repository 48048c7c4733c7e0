package sut

import (
	"io"
	"strings"
	"testing"
)

// The text of a ready system is found at any place, even in pieces.
func TestTheTextOfAReadySystem(t *testing.T) {
	for _, c := range []struct {
		pieces []string
		seen   bool
	}{
		{[]string{"is ready\n"}, true},
		{[]string{"no\nis re", "ad", "y"}, true},
		{[]string{strings.Repeat("50 %\r", 2000), "is rea", "dy\n"}, true},
		{[]string{"is rea\ndy"}, false},
		{[]string{"is read", "is read", "i"}, false},
		{[]string{"is ready", "\n", "later\n"}, true},
	} {
		output := &tail{watch: "is ready"}
		for _, piece := range c.pieces {
			_, _ = io.WriteString(output, piece) // it never fails
		}
		if output.Seen() != c.seen {
			t.Errorf("%.40q: seen %v, want %v", c.pieces, output.Seen(), c.seen)
		}
	}
}
