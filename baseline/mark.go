package baseline

import (
	"errors"
	"fmt"
	"strings"
	"time"
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

// Check says what is wrong with a mark. It needs a name and a reason, both of bounded length and
// without control characters, and a time.
func (m Mark) Check() error {
	if m.At.IsZero() {
		return errors.New("a mark needs the time at which it was made")
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
		case !Plain(text.value):
			return fmt.Errorf("the %s of a mark holds control characters or is not UTF-8: %.40q", text.what, text.value)
		}
	}
	return nil
}

// Plain reports whether every store can keep a text and every terminal can show it: UTF-8 whose only
// control characters are tabs and line breaks.
func Plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f
	})
}
