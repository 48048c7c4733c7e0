package baseline

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Mark is what somebody has said about a run.
type Mark struct {
	By  string    `json:"by"`
	Why string    `json:"why"`
	At  time.Time `json:"at"` // to the microsecond
}

// Bounds on the texts of a Mark, in bytes. Each is shown in one line.
const (
	maxBy  = 200
	maxWhy = 2_000
)

// Every store can keep a time between these. They bound marks, and runs too.
var (
	earliest = time.Unix(0, 0)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Check says what is wrong with a mark. It needs a name and a reason, both of bounded length and
// without control characters, and a time.
func (m Mark) Check() error {
	switch {
	case m.At.IsZero():
		return errors.New("a mark needs the time at which it was made")
	case m.At.Before(earliest) || !m.At.Before(latest):
		return fmt.Errorf("a mark of the year %d: a mark is made in the years 1970 to 2199", m.At.Year())
	}
	for _, text := range []struct {
		what, value string
		most        int
	}{{"name of who made it", m.By, maxBy}, {"reason", m.Why, maxWhy}} {
		switch {
		case strings.TrimSpace(text.value) == "":
			return fmt.Errorf("a mark needs the %s", text.what)
		case len(text.value) > text.most:
			return fmt.Errorf("the %s of a mark has %d bytes, and %d are allowed: say it shorter", text.what, len(text.value), text.most)
		case !plain(text.value):
			return fmt.Errorf("the %s of a mark holds control characters or is not UTF-8: %.40q", text.what, text.value)
		}
	}
	return nil
}

// plain reports whether every store can keep a text and every terminal can show it: UTF-8 whose only
// control characters are tabs and line breaks.
func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r'
	})
}

// Kept is the mark as a store keeps it: its time in UTC, to the microsecond.
func (m Mark) Kept() Mark {
	m.At = m.At.UTC().Truncate(time.Microsecond)
	return m
}
