package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// pair is a connection of a user, in virtual time, and its other end.
func pair(f *wire.Fuse) (*wire.Conn, net.Conn) {
	near, far := net.Pipe()
	c := wire.NewConn(near)
	c.Give(f)
	return c, far
}

// A deadline left by an earlier call must not end a later one, whether that reads or writes.
func TestLeftDeadlineIsPushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f wire.Fuse
		c, far := pair(&f)
		defer far.Close()
		defer c.Close()
		go func() { // answers each byte 600 ms after it has come, and takes as long to read it
			for one := make([]byte, 1); ; {
				time.Sleep(600 * time.Millisecond)
				if _, err := far.Read(one); err != nil {
					return
				}
				time.Sleep(600 * time.Millisecond)
				far.Write(one)
			}
		}()
		for i := range 5 {
			c.Begin(time.Now().Add(2 * time.Second))
			if n, err := c.Write([]byte("ab")[:1]); n != 1 || err != nil {
				t.Fatalf("call %d: wrote %d: %v", i, n, err)
			}
			if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
				t.Fatalf("call %d: %v", i, err)
			}
		}
		time.Sleep(3 * time.Second) // past any deadline
		c.Begin(time.Now().Add(time.Second))
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after the deadline: %v", err)
		}
	})
}

// A deadline may also come closer, as those for the messages of a stream do.
func TestDeadlineComesCloser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f wire.Fuse
		c, far := pair(&f)
		defer far.Close()
		defer c.Close()
		began := time.Now()
		for _, after := range []time.Duration{time.Hour, time.Second} {
			c.Begin(began.Add(after))
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v, want one second", err, time.Since(began))
		}
	})
}

// A fuse cuts off present and later waits, until it watches another context.
func TestFuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f wire.Fuse
		c, far := pair(&f)
		defer far.Close()
		defer c.Close()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		read := func(ctx context.Context) (took time.Duration, err error) {
			f.Watch(ctx)
			began := time.Now()
			c.Begin(began.Add(time.Minute))
			_, err = c.Read(make([]byte, 1))
			return time.Since(began), err
		}
		if took, err := read(ctx); err == nil || took != time.Second || !f.Blown() {
			t.Errorf("cut off after %v: %v", took, err)
		}
		if took, err := read(ctx); err == nil || took != 0 {
			t.Errorf("once more: after %v: %v", took, err)
		}
		other, _ := pair(&f) // made too late
		if _, err := other.Read(make([]byte, 1)); err == nil {
			t.Error("another connection is not cut off")
		}
		c.Give(&f)
		if took, err := read(t.Context()); err == nil || took != time.Minute || f.Blown() {
			t.Errorf("under another context: after %v: %v", took, err)
		}
		f.Unwatch()
	})
}

// writes counts the writes to a connection.
type writes struct {
	net.Conn
	count int
}

func (w *writes) Write(p []byte) (int, error) {
	w.count++
	return len(p), nil
}

// An empty part could only fail, after all that matters has been written.
func TestWriteBesideSkipsEmptyParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		var f wire.Fuse
		w := &writes{Conn: near}
		c := wire.NewConn(w)
		c.Give(&f)
		c.Begin(time.Now().Add(time.Second))
		end := c.WriteBeside([]byte("ab"), nil)
		synctest.Wait()
		if n, err := end(); n != 2 || err != nil || w.count != 1 {
			t.Errorf("%d bytes in %d writes, %v; want 2 in one", n, w.count, err)
		}
	})
}
