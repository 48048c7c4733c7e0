package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
)

const (
	fetchWithin  = time.Minute
	maxRedirects = 5
)

// fetch fetches a URL that the user named.
func (f *fetcher) fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, exit.BadInput("%s is not an address", shownURL(address))
	}
	request.Header.Set("Accept", "application/json, application/yaml, text/yaml, */*;q=0.5")
	data, status, err := f.exchange(request, address)
	if err == nil && isDenied(status) {
		return nil, fmt.Errorf("fetch %s: the answer has the status %d%s", shownURL(address), status, giveToken)
	}
	if err == nil && status != http.StatusOK {
		return nil, fmt.Errorf("fetch %s: the answer has the status %d", shownURL(address), status)
	}
	return data, err
}

// exchange makes a request to the address that the user named, and reads the answer.
func (f *fetcher) exchange(request *http.Request, address string) (data []byte, status int, err error) {
	f.prepare(request)
	client := http.Client{CheckRedirect: func(next *http.Request, before []*http.Request) error {
		switch {
		case len(before) > maxRedirects:
			return fmt.Errorf("more than %d redirects", maxRedirects)
		case before[0].URL.Scheme == "https" && next.URL.Scheme != "https":
			return errors.New("it redirects from https to http")
		}
		f.redirected(next, before[0])
		return nil
	}}
	answer, err := client.Do(request)
	if err != nil {
		return nil, 0, unfetched(address, err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	data, err = io.ReadAll(io.LimitReader(answer.Body, maxBytes+1))
	switch {
	case err != nil:
		return nil, 0, unfetched(address, err)
	case len(data) > maxBytes:
		return nil, 0, exit.AsInput(tooLarge(shownURL(address)))
	}
	return data, answer.StatusCode, nil
}

// unfetched says why a URL could not be fetched, without the password in it.
func unfetched(address string, err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no whole answer within %v", fetchWithin)
	}
	return fmt.Errorf("fetch %s: %w", shownURL(address), err)
}

// shownURL is a URL without its password and its query, which may be secret.
func shownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the URL"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
