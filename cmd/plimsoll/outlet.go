package main

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

// outlet is where a stream of ours goes. If it is a pipe whose reader has gone away, as in
// plimsoll run | head, the rest is dropped: the load goes on, the result is kept, and the exit status is
// still the verdict. Any other error, such as that of a full disk, is the writer's.
func outlet(stream *os.File) io.Writer {
	if term.IsTerminal(int(stream.Fd())) {
		return stream
	}
	// Caught, and not ignored: what we start would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return &pipe{stream}
}

type pipe struct{ to io.Writer }

// Write writes p, or drops it.
func (o *pipe) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		return len(p), nil
	}
	return n, err
}
