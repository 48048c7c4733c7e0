package archive

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"iter"

	"github.com/plimsoll-ci/plimsoll/baseline"
)

// Export writes the runs that a query admits, without its Limit, and gives their number.
func Export(ctx context.Context, w io.Writer, s baseline.Store, q baseline.Query) (int, error) {
	return Write(w, baseline.All(ctx, s, q))
}

// Write writes runs and gives their number. They must come newest first, the order of stores. After an error the
// file is not whole.
func Write(w io.Writer, records iter.Seq2[baseline.Run, error]) (int, error) {
	out := &writer{to: bufio.NewWriter(w), sum: sha256.New()}
	out.write(header{format, version})
	n := 0
	var last Run
	for record, err := range records {
		if err != nil {
			return n, err
		}
		run := Run{record.ID, record.Result.Branch, record.Stored.UTC(), record.Accepted, record.Excluded, record.Result.Compact()}
		if err := run.check(); err != nil {
			return n, err
		}
		if n > 0 && !last.before(run) {
			return n, fmt.Errorf("write run %.12s: it comes after an older one: runs must come newest first", run.ID)
		}
		text, err := encode(run)
		if err != nil {
			return n, err
		}
		sum := sha256.Sum256(text)
		out.write(line{text, hex.EncodeToString(sum[:])})
		if out.err != nil {
			return n, out.err
		}
		n++
		last = run
	}
	out.write(trailer{&n, hex.EncodeToString(out.sum.Sum(nil))})
	if out.err == nil {
		out.err = out.to.Flush()
	}
	return n, out.err
}

// writer writes lines and hashes them, until the first error.
type writer struct {
	to  *bufio.Writer
	sum hash.Hash
	err error
}

func (w *writer) write(value any) {
	if w.err != nil {
		return
	}
	var text []byte
	if text, w.err = encode(value); w.err == nil {
		_, w.err = io.MultiWriter(w.to, w.sum).Write(append(text, '\n'))
	}
}
