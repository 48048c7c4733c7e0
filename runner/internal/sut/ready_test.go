package sut

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// A timeout does not replace an earlier, better reason.
func TestLate(t *testing.T) {
	for err, want := range map[error]bool{
		context.DeadlineExceeded: true, os.ErrDeadlineExceeded: true, wire.ErrNotConnected: true,
		context.Canceled: false, errors.New("refused"): false,
	} {
		if got := late(fmt.Errorf("connect: %w", err)); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}
