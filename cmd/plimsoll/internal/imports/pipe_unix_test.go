//go:build unix

package imports_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/imports"
)

// The end of the context ends an import soon: of a file without an end, and of a pipe whose writer is silent.
func TestInterrupted(t *testing.T) {
	rows := strings.Repeat("1767225600000,10,a,200,true\n", 20_000)
	for name, goesOn := range map[string]bool{"without an end": true, "silent": false} {
		pipe := filepath.Join(t.TempDir(), "pipe.jtl")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.OpenFile(pipe, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		ctx, end := context.WithCancel(t.Context())
		written := make(chan struct{})
		go func() { // ends when the pipe is closed
			defer close(written)
			_, err := io.WriteString(file, "timeStamp,elapsed,label,responseCode,success\n"+rows)
			end()
			for goesOn && err == nil {
				_, err = io.WriteString(file, rows)
			}
		}()
		began := time.Now()
		r, err := imports.Read(ctx, "jmeter", []string{pipe}, options)
		if took := time.Since(began); !errors.Is(err, imports.ErrInterrupted) || took > 20*time.Second {
			t.Errorf("%s: after %v got %v, %v", name, took, r, err)
		}
		file.Close()
		<-written
	}
}
