// Package handover carries the values of setup between the shards of one load, in a file. Pack and Unpack make and read the
// bytes, for those who carry them in another way.
//
// The first shard clears the file, does setup and writes the values. The others wait for the file and read them. The file
// names its load and has an ID, which every shard stores in its result. Merging refuses shards with different IDs, so
// values left behind by an earlier load do not go unnoticed. Values may be secrets: only the user who wrote the file may
// read it.
package handover

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/input"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

const (
	schema   = 1
	maxBytes = 64 << 20 // of the file
	lookEach = 100 * time.Millisecond
	patience = time.Minute // of a shard that is not told when the load begins
)

// File is the file, and the load that it is for.
type File struct {
	Path          string
	ProfileDigest string
	Shards        int
	Until         time.Time // when the load begins, so the values must be there; zero if nobody says
}

// content is what the file holds.
type content struct {
	Schema        int     `json:"schema"`
	ID            string  `json:"id"`
	ProfileDigest string  `json:"profile_digest"`
	Shards        int     `json:"shards"`
	Values        []value `json:"values"`
}

// value is a value that setup saved. Its text is bytes in base64: an answer may hold any.
type value struct {
	Kind profile.ValueKind `json:"kind"`
	Text []byte            `json:"text"`
}

// Clear removes the values of an earlier load. It refuses a file that holds something else.
func (f File) Clear() error {
	data, err := f.read()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		_, err = decode(data)
	}
	if err != nil {
		return exit.BadInput("--setup-values: %s: %w; name another file, or remove this one", f.Path, err)
	}
	if err := os.Remove(f.Path); err != nil {
		return fmt.Errorf("remove the values of an earlier setup: %w", err)
	}
	return nil
}

// Pack makes bytes from the values of a load's setup. id names this setup.
func Pack(load string, shards int, values []profile.Value) (id string, data []byte, err error) {
	c := content{Schema: schema, ID: newID(), ProfileDigest: load, Shards: shards, Values: []value{}}
	for _, v := range values {
		c.Values = append(c.Values, value{v.Kind, []byte(v.Text)})
	}
	if data, err = json.Marshal(c); err == nil && len(data) > maxBytes {
		err = fmt.Errorf("the values that setup saved take %d bytes, and shards hand over at most %d", len(data), maxBytes)
	}
	return c.ID, data, err
}

// Unpack reads what Pack has made for the same load. It refuses the values of another one.
func Unpack(load string, shards int, data []byte) (values []profile.Value, id string, err error) {
	c, err := decode(data)
	if err != nil {
		return nil, "", err
	}
	if c.ProfileDigest != load || c.Shards != shards {
		return nil, "", fmt.Errorf("the values are of another load: of %d shards with the profile digest %.12s, and this is one of %d with %.12s", c.Shards, c.ProfileDigest, shards, load)
	}
	for _, v := range c.Values {
		values = append(values, profile.Value{Kind: v.Kind, Text: string(v.Text)})
	}
	return values, c.ID, nil
}

// Give writes the values, whole or not at all.
func (f File) Give(values []profile.Value) (id string, err error) {
	id, data, err := Pack(f.ProfileDigest, f.Shards, values)
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp(filepath.Dir(f.Path), filepath.Base(f.Path)+".*.tmp") // which only its user may read
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), f.Path)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	return id, nil
}

// newID is a random name of a setup.
func newID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// Take waits for the values.
func (f File) Take(ctx context.Context) (values []profile.Value, id string, err error) {
	until := f.Until
	if until.IsZero() {
		until = time.Now().Add(patience)
	}
	for {
		data, err := f.read()
		switch {
		case errors.Is(err, fs.ErrNotExist) && time.Now().Before(until):
			if err := pause(ctx, lookEach); err != nil {
				return nil, "", err
			}
			continue
		case errors.Is(err, fs.ErrNotExist):
			return nil, "", fmt.Errorf("%s is not there: shard 1 writes it once its setup is done, and it must be there before the load begins", f.Path)
		case err != nil:
			return nil, "", err
		}
		values, id, err = Unpack(f.ProfileDigest, f.Shards, data)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", f.Path, err)
		}
		return values, id, nil
	}
}

// read reads the file.
func (f File) read() ([]byte, error) {
	file, err := input.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return io.ReadAll(io.LimitReader(file, maxBytes+1))
}

// decode reads the values and what they are for.
func decode(data []byte) (c content, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, fmt.Errorf("it does not hold values of a setup: %w", err)
	}
	if c.Schema != schema {
		return c, fmt.Errorf("it has schema %d, and this version of plimsoll reads schema %d: use one version for all shards", c.Schema, schema)
	}
	return c, nil
}

// pause waits. If ctx ends first, it returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
