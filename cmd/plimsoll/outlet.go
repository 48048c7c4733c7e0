package main

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

// outlet is standard output or standard error. If the reader of the pipe has gone, as in plimsoll run | head,
// outlet drops the rest: the load goes on, the result is kept, and the exit status is still the verdict. Write
// returns any other error, such as a full disk.
func outlet(stream *os.File) io.Writer {
	if term.IsTerminal(int(stream.Fd())) {
		return stream
	}
	// Caught and not ignored: a program that we start would inherit an ignored signal.
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
