package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/serve"
)

// serveCmd is plimsoll serve.
type serveCmd struct {
	storeFlag
	linkFlags
	Listen string   `default:"127.0.0.1:8089" placeholder:"HOST:PORT" help:"Listen here. Beyond loopback it needs a token, in PLIMSOLL_SERVE_TOKEN."`
	Names  []string `name:"name" placeholder:"HOST" help:"A host name under which people reach it, such as that of a proxy before it. Requests for other names are refused."`
}

// Run serves until it is interrupted.
func (c *serveCmd) Run(ctx context.Context, a *console.Console) error {
	token, err := c.token(a)
	if err != nil {
		return err
	}
	options, err := c.options(ctx, a)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return exit.BadInput("--listen: %w", err)
	}
	defer listener.Close() //nolint:errcheck // the server has closed it

	var mu sync.Mutex // guards a.Stderr
	complain := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(a.Stderr, "plimsoll: %v\n", err)
	}
	return c.use(ctx, a, func(store baseline.Store) error {
		handler := serve.New(serve.Config{
			Store: store, Site: options, Token: token, Names: c.names(), Anywhere: !isLoopback(listener.Addr()), Log: complain, Now: time.Now,
		})
		fmt.Fprintf(a.Stdout, "Serving the history on http://%s/. An interrupt ends it.\n", listener.Addr())
		return serveUntil(ctx, a.Stop, listener, handler)
	})
}

// token returns the token that requests need. Beyond loopback there must be one. It comes from a variable and not from a
// flag, since everybody on the machine can read command lines.
func (c *serveCmd) token(a *console.Console) (string, error) {
	token := a.Env.Get(environ.ServeToken)
	switch {
	case token != "" && len(token) < serve.LeastToken:
		return "", exit.BadInput("%s has fewer than %d characters: somebody could guess it; `openssl rand -hex 16` makes one", environ.ServeToken, serve.LeastToken)
	case token == "" && !staysHere(c.Listen):
		return "", exit.BadInput("--listen %s is reached from other machines: set a token in %s, such as one of `openssl rand -hex 16`", c.Listen, environ.ServeToken)
	}
	return token, nil
}

// names lists the host names to accept: those of --name, and the one to listen on.
func (c *serveCmd) names() []string {
	if host := hostOf(c.Listen); host != "" {
		return append(slices.Clone(c.Names), host)
	}
	return c.Names
}

// staysHere reports whether only this machine can reach a listening address. A name other than localhost may stand for
// any address.
func staysHere(address string) bool {
	host := hostOf(address)
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

func isLoopback(addr net.Addr) bool {
	at, err := netip.ParseAddrPort(addr.String())
	return err == nil && at.Addr().IsLoopback()
}

// lastAnswers is how long the server waits at the end for requests in progress.
const lastAnswers = 5 * time.Second

// serveUntil serves until stop is closed or ctx ends. After stop, requests in progress have lastAnswers to finish; the end
// of ctx cuts them off.
func serveUntil(ctx context.Context, stop <-chan struct{}, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }() // ends with Shutdown or Close
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-stop:
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(ctx, lastAnswers)
	defer cancel()
	err := server.Shutdown(last)
	if err != nil {
		err = server.Close() // requests still in progress are cut off
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
