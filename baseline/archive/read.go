package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Imported counts what Import did.
type Imported struct {
	Runs   int // in the file
	New    int // runs that the store did not have
	Marked int // marks put
}

// Import checks a whole file, and then puts its runs into a store with their marks, except marks that they have
// there already. The store sets its own time of storing. After an error some runs may be there. Importing again is
// safe.
func Import(ctx context.Context, rs io.ReadSeeker, s baseline.Store) (Imported, error) {
	var done Imported
	n, err := Read(rs, func(run Run) error {
		info, created, err := s.Put(ctx, run.Result)
		if err != nil {
			return err
		}
		if created {
			done.New++
		}
		for _, mark := range []struct {
			of, there *baseline.Mark
			put       func(context.Context, string, baseline.Mark) error
		}{{run.Excluded, info.Excluded, s.Exclude}, {run.Accepted, info.Accepted, s.Accept}} {
			if mark.of == nil || mark.there != nil && *mark.there == mark.of.Kept() {
				continue
			}
			if err := mark.put(ctx, run.ID, *mark.of); err != nil {
				return fmt.Errorf("run %.12s is put; mark it: %w", run.ID, err)
			}
			done.Marked++
		}
		return nil
	})
	done.Runs = n
	return done, err
}

// Read checks a whole file from its beginning. Then it calls each with every run, in the order of the file, until
// an error. It gives the number of runs. An error about the file wraps ErrMalformed and names the line.
func Read(rs io.ReadSeeker, each func(Run) error) (int, error) {
	if _, err := rs.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	n, sum, err := scan(rs, func(Run) error { return nil })
	if err != nil {
		return 0, err
	}
	if _, err := rs.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	_, again, err := scan(rs, each)
	if err == nil && again != sum {
		err = fmt.Errorf("%w: it was changed while it was read", ErrMalformed)
	}
	return n, err
}

// scan reads a file once and gives the number of its runs and the digest of its lines.
func scan(rd io.Reader, each func(Run) error) (n int, sum string, err error) {
	in := &reader{from: bufio.NewReaderSize(io.LimitReader(rd, maxSize), 64<<10), sum: sha256.New()}
	wrong := func(err error) error {
		return fmt.Errorf("%w: line %d: %w", ErrMalformed, in.number, err)
	}
	text, err := in.next()
	if err != nil {
		return 0, "", wrong(err)
	}
	var head header
	if err := decode(text, &head); err != nil || head.Format != format {
		return 0, "", wrong(fmt.Errorf("it does not begin with the format %q", format))
	}
	if head.Version != version {
		return 0, "", wrong(fmt.Errorf("version %d, this program reads version %d", head.Version, version))
	}
	var last Run
	for ; ; n++ {
		before := hex.EncodeToString(in.sum.Sum(nil))
		text, err := in.next()
		if err != nil {
			return n, "", wrong(err)
		}
		if isTrailer(text) {
			if err := in.end(text, n, before); err != nil {
				return n, "", wrong(err)
			}
			return n, before, nil
		}
		run, err := readRun(text)
		switch {
		case err != nil:
			return n, "", wrong(err)
		case n == maxRuns:
			return n, "", wrong(fmt.Errorf("more than %d runs", maxRuns))
		case n > 0 && !last.before(run):
			return n, "", wrong(fmt.Errorf("run %.12s comes twice, or after an older one", run.ID))
		}
		if err := each(run); err != nil {
			return n, "", err
		}
		last = Run{ID: run.ID, Result: &result.Result{Identity: run.Result.Identity}}
	}
}

// isTrailer recognises the last line by its beginning. The rest is checked later.
func isTrailer(text []byte) bool { return bytes.HasPrefix(text, []byte(`{"runs":`)) }

// readRun reads a line and checks it.
func readRun(text []byte) (run Run, err error) {
	var l line
	if err := decode(text, &l); err != nil {
		return run, err
	}
	if sum := sha256.Sum256(l.Run); hex.EncodeToString(sum[:]) != l.SHA256 {
		return run, errors.New("the run does not have the digest beside it: it was changed")
	}
	if err := decode(l.Run, &run); err != nil {
		return run, err
	}
	return run, run.check()
}

// reader reads lines, counts them and sums them up.
type reader struct {
	from   *bufio.Reader
	sum    hash.Hash
	number int
}

// next is the next line without its end. It is valid until the next call.
func (r *reader) next() ([]byte, error) {
	r.number++
	var text []byte
	for {
		part, err := r.from.ReadSlice('\n')
		if most := lineLimit().Bytes; len(text)+len(part) > most {
			return nil, fmt.Errorf("longer than %d MiB", most>>20)
		}
		text = append(text, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return nil, errors.New("the file ends here, without its last line, which counts the runs: it was cut short")
		case err != nil:
			return nil, err
		}
		_, _ = r.sum.Write(text) // a hash takes everything
		return text[:len(text)-1], nil
	}
}

// end checks the last line, and that it is the last.
func (r *reader) end(text []byte, n int, sum string) error {
	var t trailer
	if err := decode(text, &t); err != nil {
		return err
	}
	switch {
	case t.Runs == nil || *t.Runs != n:
		return fmt.Errorf("the file has %d runs, but its last line does not say so", n)
	case t.SHA256 != sum:
		return errors.New("the lines above do not have the digest given here: the file was changed")
	}
	if _, err := r.from.ReadByte(); !errors.Is(err, io.EOF) {
		r.number++
		return errors.New("something follows the last line")
	}
	return nil
}
