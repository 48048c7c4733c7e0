// Package imports reads results of other tools: it lists their formats, opens their files, and recognises one that
// was given under another's name.
//
// A name of a format and of files goes in, a result comes out, or the reason why there is none, in words. Files may be
// compressed with gzip, and may begin with a byte order mark. Pipes are fine: nothing is read twice.
package imports

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/ab"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/benchmark"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/gatling"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/hey"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/hlog"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/jmeter"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/k6"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/locust"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/oha"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/vegeta"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/wrk"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/input"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Formats lists all formats.
func Formats() []foreign.Format {
	return []foreign.Format{
		locust.Format(), k6.Format(), vegeta.Format(), jmeter.Format(), gatling.Format(), wrk.Format(), hey.Format(), oha.Format(), ab.Format(), hlog.Format(), benchmark.Format(),
	}
}

// Names lists the names of all formats.
func Names() (names []string) {
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return names
}

// Tools lists the names of all tools.
func Tools() (names []string) {
	for _, f := range Formats() {
		names = append(names, f.Tool)
	}
	return names
}

// Options are what the user says of the files.
type Options struct {
	Zone     *time.Location // of times without a zone; nil if not given
	Identity foreign.Identity
}

// ErrInterrupted is the error about files that were not read to their end because the context ended.
var ErrInterrupted = errors.New("interrupted before the end of what is to be read")

// Read reads the files of one result in a format. When ctx ends, it ends soon with ErrInterrupted.
func Read(ctx context.Context, name string, files []string, o Options) (*result.Result, error) {
	r, err := readAll(ctx, name, files, o)
	if ctx.Err() != nil { // whatever the reader made of it
		return nil, fmt.Errorf("import %s: %w", strings.Join(files, ", "), ErrInterrupted)
	}
	return r, err
}

func readAll(ctx context.Context, name string, files []string, o Options) (*result.Result, error) {
	format, err := named(name)
	if err != nil {
		return nil, err
	}
	r := reading{format: format, reader: format.New(), sink: &foreign.Sink{}, zone: o.Zone, many: len(files) > 1}
	if err := eachOnce(files); err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := r.file(ctx, file); err != nil {
			return nil, fmt.Errorf("import %s: %w", file, err)
		}
	}
	if err := r.reader.End(r.sink); err != nil {
		return nil, fmt.Errorf("import %s: %w", strings.Join(files, ", "), err)
	}
	whole, err := r.sink.Result(format, o.Identity)
	if err != nil {
		return nil, fmt.Errorf("import %s: %w", strings.Join(files, ", "), err)
	}
	return whole, nil
}

// eachOnce refuses a file that is given twice, also under two names.
func eachOnce(files []string) error {
	var seen []os.FileInfo
	for i, file := range files {
		if slices.Contains(files[:i], file) {
			return fmt.Errorf("%s is given twice: give each file once", file)
		}
		info, err := os.Stat(file) // of one that is not there, reading it tells
		for k, before := range seen {
			if err == nil && before != nil && os.SameFile(before, info) {
				return fmt.Errorf("%s and %s are the same file: give each file once", files[k], file)
			}
		}
		seen = append(seen, info)
	}
	return nil
}

// reading is what the files of one result are read with.
type reading struct {
	format foreign.Format
	reader foreign.Reader
	sink   *foreign.Sink
	zone   *time.Location
	many   bool              // files are read
	before map[string]string // many files, by the hash of what they hold
}

func named(name string) (foreign.Format, error) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, nil
		}
	}
	return foreign.Format{}, fmt.Errorf("there is no format %q: there are %s", name, strings.Join(Names(), ", "))
}

// headSize is how much of a file is looked at to recognise it.
const headSize = 4 << 10

var (
	bom  = []byte("\xef\xbb\xbf")
	wide = [][]byte{[]byte("\xff\xfe"), []byte("\xfe\xff")} // UTF-16
)

// file opens, unpacks, recognises and reads one file.
func (r *reading) file(ctx context.Context, path string) error {
	file, err := input.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	defer context.AfterFunc(ctx, func() {
		_ = file.SetReadDeadline(time.Now()) // ends a read that waits for a pipe; other files have no deadline
	})()
	f := &foreign.File{Name: path, Zone: r.zone, Changed: time.Now()}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		f.Changed = info.ModTime()
	}
	in, err := unpacked(file)
	if err != nil {
		return err
	}
	if f.Head, err = headOf(in); err != nil {
		return err
	}
	if err := recognise(r.format, f.Head); err != nil {
		return err
	}
	f.Reader = until{ctx.Err, in}
	if !r.many { // a hash takes time, and a file may have gigabytes
		return r.reader.Read(f, r.sink)
	}
	contents := sha256.New()
	f.Reader = io.TeeReader(f.Reader, contents)
	if err := r.reader.Read(f, r.sink); err != nil {
		return err
	}
	return r.once(path, string(contents.Sum(nil)))
}

// once refuses a file that holds what one before it does, such as a copy of it.
func (r *reading) once(path, contents string) error {
	if before, twice := r.before[contents]; twice {
		return fmt.Errorf("it holds the same as %s: give each file once", before)
	}
	if r.before == nil {
		r.before = map[string]string{}
	}
	r.before[contents] = path
	return nil
}

// headOf is how a file begins. A byte order mark is left out, there and of what is read later.
func headOf(in *bufio.Reader) ([]byte, error) {
	head, err := in.Peek(headSize)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && len(head) > 0: // the reader tells
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	}
	head = bytes.Clone(head)
	if bytes.HasPrefix(head, bom) {
		_, _ = in.Discard(len(bom)) // it is buffered
		head = head[len(bom):]
	}
	return head, nil
}

// until reads until ended returns an error, as that of a context does.
type until struct {
	ended func() error
	io.Reader
}

func (u until) Read(b []byte) (int, error) {
	if err := u.ended(); err != nil {
		return 0, err
	}
	return u.Reader.Read(b)
}

// unpacked is a file without its compression.
func unpacked(file io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(file, 256<<10)
	head, _ := in.Peek(2) // the next read tells what is wrong
	if !bytes.Equal(head, []byte("\x1f\x8b")) {
		return in, nil
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("unpack gzip: %w", err)
	}
	return bufio.NewReaderSize(z, 256<<10), nil
}

// recognise returns an error unless a file begins as one of the format does.
func recognise(format foreign.Format, head []byte) error {
	switch {
	case len(bytes.TrimSpace(head)) == 0:
		return errors.New("the file is empty")
	case bytes.HasPrefix(head, wide[0]), bytes.HasPrefix(head, wide[1]):
		return errors.New("the file is in UTF-16: write it as UTF-8")
	case format.Form(head) != "":
		return nil
	}
	if bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(`"profile_digest"`)) {
		return errors.New("this is a result or a verdict of Plimsoll's own: it needs no import")
	}
	for _, other := range Formats() {
		if form := other.Form(head); form != "" {
			return fmt.Errorf("this looks like %s: write `plimsoll import %s`", form, other.Name)
		}
	}
	return fmt.Errorf("this is no file of %s that is known here: it begins with %.60q; these are known: %s", format.Tool, head, format.Known)
}
