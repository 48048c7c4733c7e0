package sut

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// pollEvery is how often a starting system is asked whether it is ready.
const pollEvery = 20 * time.Millisecond

func (s *System) awaitReady(ctx context.Context, baseURL string) error {
	within, cancel := context.WithTimeout(ctx, s.start.Ready.Within)
	defer cancel()
	check, err := s.readyCheck(baseURL)
	if err != nil {
		return err
	}
	for {
		last := check(within)
		if last == nil && s.alive() { // else it was another program that answered at its address
			return nil
		}
		select {
		case <-s.ended:
			failure := s.Failure()
			failure.What += ", before it was ready"
			return failure
		case <-within.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return &Failure{fmt.Sprintf("the system was not ready within %v: %v", s.start.Ready.Within, last), s.output.String()}
		case <-time.After(pollEvery):
		}
	}
}

// readyCheck is the question that the profile asks a starting system; nil is yes.
func (s *System) readyCheck(baseURL string) (func(context.Context) error, error) {
	switch ready := s.start.Ready; ready.Kind {
	case profile.ReadyLog:
		return func(context.Context) error {
			if !s.output.Seen() {
				return fmt.Errorf("%q has not appeared in its output", ready.Log)
			}
			return nil
		}, nil
	case profile.ReadyHTTP:
		return func(ctx context.Context) error {
			if err := answers(ctx, baseURL+ready.Path); err != nil {
				return fmt.Errorf("GET %s: %w", ready.Path, err)
			}
			return nil
		}, nil
	default:
		address, err := hostPort(baseURL)
		return func(ctx context.Context) error { return connects(ctx, "tcp", address) }, err
	}
}

// answers asks once whether a GET is answered below 400.
func answers(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	var inURL *url.Error
	if errors.As(err, &inURL) { // which may hold a password
		return inURL.Err
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // only the status is wanted
	if resp.StatusCode >= http.StatusBadRequest {
		return errors.New(resp.Status)
	}
	return nil
}

func connects(ctx context.Context, network, address string) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// Reach reports whether anything takes connections at the target, or at the proxy that the
// environment puts before it.
func Reach(ctx context.Context, t plan.Target) error {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	network, address := "unix", t.Socket
	if address == "" {
		network = "tcp"
		var err error
		if address, err = hostPort(throughProxy(t.URL)); err != nil {
			return err
		}
	}
	if err := connects(ctx, network, address); err != nil {
		return fmt.Errorf("nothing answers at %s (%w); start the system first, or let target.start do it", t.Shown, err)
	}
	return nil
}

// throughProxy is the URL of the proxy that requests to a URL go through, or the URL itself.
func throughProxy(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return rawURL
	}
	proxy, err := httpproxy.FromEnvironment().ProxyFunc()(u)
	if err != nil || proxy == nil {
		return rawURL
	}
	return proxy.String()
}

// hostPort is the address to connect to for a URL.
func hostPort(rawURL string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" {
		return "", fmt.Errorf("target.url is not an address")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}
