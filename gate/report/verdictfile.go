package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result/plainjson"
)

// Schema is the version of the verdict file that this program writes and reads.
const Schema = 1

// maxFile is how large a verdict file may be, in bytes.
const maxFile = 8 << 20

// Errors of Decode wrap one of these.
var (
	ErrMalformed = errors.New("not a complete verdict file")
	ErrAltered   = errors.New("the verdict file was changed after it was written")
	ErrUnsound   = errors.New("no gate can have written this verdict file")
)

// content is the part of a verdict file that the digest covers, as compact JSON.
type content struct {
	Subject Subject `json:"subject"`
	gate.Verdict
	LeftOut     int  `json:"left_out,omitempty"`
	PassInDoubt bool `json:"pass_in_doubt,omitempty"`
}

// file is a verdict file.
type file struct {
	Schema int    `json:"schema"`
	Digest string `json:"digest"` // sha256, in hexadecimal
	content
}

// Encode writes the verdict file: the verdict and its run as data, with a schema version and a
// digest of the content. Programs read it, and one job hands it to another that may comment. It
// holds neither the links nor the label of acceptance. If there are more comparisons than the file
// may hold, the worst are kept; texts that are too long are cut. Encode does not write a report that
// Decode would refuse: the error says why.
func Encode(w io.Writer, r Report) error {
	c := bounded(r)
	if err := c.check(); err != nil {
		return fmt.Errorf("write the verdict of %s: %w: %w", plain(r.Subject.Series, maxName), ErrUnsound, err)
	}
	for {
		text, err := c.encode()
		if err != nil {
			return fmt.Errorf("write the verdict of %s: %w", plain(r.Subject.Series, maxName), err)
		}
		if len(text) <= maxFile {
			_, err := w.Write(text)
			return err
		}
		half := len(c.Comparisons) / 2 // everything else fits, thanks to its bounds
		c.LeftOut += len(c.Comparisons) - half
		c.Comparisons = c.Comparisons[:half]
	}
}

func (c content) encode() ([]byte, error) {
	digest, err := c.digest()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	err = enc.Encode(file{Schema, digest, c})
	return b.Bytes(), err
}

func (c content) digest() (string, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// bounded is the content of a report, cut to what a file may hold.
func bounded(r Report) content {
	v, leftOut := r.Verdict.Bound()
	c := content{Subject: r.Subject, Verdict: v, LeftOut: r.LeftOut + leftOut, PassInDoubt: r.PassInDoubt}
	c.Subject.Course = append([]Round{}, c.Subject.Course[:min(len(c.Subject.Course), maxCourse)]...)
	c.Subject.Measured = slices.Clone(c.Subject.Measured[:min(len(c.Subject.Measured), maxMeasured)])
	for i := range c.Subject.Measured {
		c.Subject.Measured[i] = cut(c.Subject.Measured[i], maxMeasuredText)
	}
	for _, text := range c.Subject.texts() {
		*text = cut(*text, maxSubjectText)
	}
	return c
}

// cut shortens a text to a number of characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// Decode reads what Encode wrote. The input may be hostile: the Report that Decode returns is
// bounded, consistent and safe to show. It is still only the word of whoever wrote the file, both
// the verdict and the acceptance: a reader that must not trust the writer has to look them up
// elsewhere. Errors wrap ErrMalformed, ErrAltered or ErrUnsound and say what is wrong.
func Decode(rd io.Reader) (Report, error) {
	data, err := io.ReadAll(io.LimitReader(rd, maxFile+1))
	if err != nil {
		return Report{}, fmt.Errorf("read the verdict file: %w", err)
	}
	if len(data) > maxFile {
		return Report{}, fmt.Errorf("%w: larger than %d MiB", ErrMalformed, maxFile>>20)
	}
	if err := checkShape(data); err != nil {
		return Report{}, err
	}
	f, err := parse(data)
	if err != nil {
		return Report{}, err
	}
	if err := f.check(); err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrUnsound, err)
	}
	digest, err := f.digest()
	if err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if digest != f.Digest {
		return Report{}, fmt.Errorf("%w: its digest is %s and it says %.64q", ErrAltered, digest, f.Digest)
	}
	return Report{Verdict: f.Verdict, Subject: f.Subject, LeftOut: f.LeftOut, PassInDoubt: f.PassInDoubt}, nil
}

// parse reads a file of this schema and refuses unknown fields.
func parse(data []byte) (f file, err error) {
	if err := plainjson.CheckSchema(data, Schema); err != nil {
		return f, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return f, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return f, nil // CheckSchema has checked that nothing follows
}
