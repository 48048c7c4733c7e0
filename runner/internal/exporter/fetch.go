package exporter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// The bounds of a page.
const (
	timeout = 2 * time.Second
	maxPage = 4 << 20 // bytes, after decompression
)

// fetcher asks for one page.
type fetcher struct {
	url    string
	client *http.Client
}

func newFetcher(c Config) *fetcher {
	dial := c.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return &fetcher{url: c.URL, client: &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ // it asks for gzip and undoes it
			DialContext:            dial,
			MaxIdleConns:           1,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}}
}

func (f *fetcher) close() { f.client.CloseIdleConnections() }

// fetch returns a page and the instant at which it began to arrive. An error is half a sentence about the exporter.
func (f *fetcher) fetch(ctx context.Context) ([]byte, time.Time, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return nil, time.Time{}, errors.New("its URL cannot be read")
	}
	request.Header.Set("Accept", "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1")
	answer, err := f.client.Do(request)
	if err != nil {
		return nil, time.Time{}, explain(err)
	}
	defer answer.Body.Close() //nolint:errcheck // nothing was written
	at := time.Now()
	switch coding := answer.Header.Get("Content-Encoding"); {
	case answer.StatusCode >= 300 && answer.StatusCode < 400:
		return nil, at, errors.New("it redirects, and redirects are not followed")
	case answer.StatusCode != http.StatusOK:
		return nil, at, fmt.Errorf("it answers %d", answer.StatusCode)
	case coding != "" && coding != "identity":
		return nil, at, fmt.Errorf("its page is encoded as %.20q, which nobody asked for", coding)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxPage+1))
	switch {
	case len(text) > maxPage:
		return nil, at, fmt.Errorf("its page is larger than %d MiB", maxPage>>20)
	case err != nil:
		return nil, at, explain(err)
	case strings.HasPrefix(answer.Header.Get("Content-Type"), "application/openmetrics-text") && !bytes.HasSuffix(bytes.TrimSpace(text), []byte("# EOF")):
		return nil, at, errCut
	}
	return text, at, nil
}

var errCut = errors.New("its page stops in the middle")

// explain says in half a sentence why there is no page. It names no address: the URL may hold a password.
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
		return errCut
	}
	return err
}

// check refuses a page that is none, or not whole.
func (p *Page) check(text []byte) error {
	begin := bytes.ToLower(bytes.TrimSpace(text[:min(len(text), 64)]))
	switch {
	case bytes.HasPrefix(begin, []byte("<")):
		return errors.New("it answers with a document, and not with a page of Prometheus")
	case p.Cut && len(text) > 0:
		return errCut
	case len(p.Series) == 0 && p.Bad == 0:
		return errors.New("its page holds no name that is known or kept")
	case len(p.Series) == 0:
		return fmt.Errorf("its page cannot be read: %s", strings.TrimSpace(p.Why))
	}
	return nil
}
