// Package page asks for pages that tell of a system while it is loaded, within bounds: two seconds, 4 MiB, no redirects,
// and no proxy from the environment. A page that stops in the middle counts as failed.
//
// An error is half a sentence about the page. It names no address, since a URL may hold a password.
package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"syscall"
	"time"
)

// The bounds of a page.
const (
	timeout = 2 * time.Second
	maxPage = 4 << 20 // bytes, after decompression
)

// ErrCut is the error of a page that stops in the middle.
var ErrCut = errors.New("its page stops in the middle")

// Config says what is asked for.
type Config struct {
	URL    string
	Accept string // the header; empty for none
	// Dial connects. Nil means a plain connection.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Fetcher asks for one page, again and again, on one connection. It is not safe for concurrent use.
type Fetcher struct {
	Config
	client *http.Client
}

// Answer is a page.
type Answer struct {
	Text []byte
	Type string // its Content-Type
	// At is the middle of the time between the request and the beginning of the answer. The service looked at what it tells
	// at some instant between them, which is at most half of that time away.
	At time.Time
}

// New returns a Fetcher. The caller must close it.
func New(c Config) *Fetcher {
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	return &Fetcher{c, &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ // it asks for gzip and undoes it
			DialContext:            c.Dial,
			MaxIdleConns:           1,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}}
}

// Close closes the connection.
func (f *Fetcher) Close() { f.client.CloseIdleConnections() }

// Fetch asks for the page.
func (f *Fetcher) Fetch(ctx context.Context) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return Answer{}, errors.New("its URL cannot be read")
	}
	if f.Accept != "" {
		request.Header.Set("Accept", f.Accept)
	}
	asked := time.Now()
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { asked = time.Now() }} // Do calls it, before it returns
	answer, err := f.client.Do(request.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err != nil {
		return Answer{}, explain(err)
	}
	defer answer.Body.Close() //nolint:errcheck // nothing was written
	page := Answer{Type: answer.Header.Get("Content-Type"), At: asked.Add(time.Since(asked) / 2)}
	switch coding := answer.Header.Get("Content-Encoding"); {
	case answer.StatusCode >= 300 && answer.StatusCode < 400:
		return page, errors.New("it redirects, and redirects are not followed")
	case answer.StatusCode != http.StatusOK:
		return page, fmt.Errorf("it answers %d", answer.StatusCode)
	case coding != "" && coding != "identity":
		return page, fmt.Errorf("its page is encoded as %.20q, which nobody asked for", coding)
	}
	page.Text, err = io.ReadAll(io.LimitReader(answer.Body, maxPage+1))
	switch {
	case len(page.Text) > maxPage:
		return page, fmt.Errorf("its page is larger than %d MiB", maxPage>>20)
	case err != nil:
		return page, explain(err)
	}
	return page, nil
}

// explain says in half a sentence why there is no page.
func explain(err error) error {
	var named *url.Error
	if errors.As(err, &named) {
		if named.Timeout() {
			return fmt.Errorf("no page within %v", timeout)
		}
		err = named.Err
	}
	var timed net.Error
	switch {
	case errors.As(err, &timed) && timed.Timeout():
		return fmt.Errorf("no page within %v", timeout)
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("it refuses the connection")
	case errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF):
		return errors.New("it closes the connection")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ErrCut
	}
	return err
}
