package grpc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/internal/channel"
	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Ask lets the system describe its services, unless the profile does. It fails with strict.Problems if a call does
// not fit its method.
func (f *Clients) Ask(ctx context.Context) error {
	if f.target.GRPC.Described != nil {
		return nil
	}
	c, err := channel.New(f.dialer, f.target.Headers)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // only the answers are wanted
	at := f.dialer.Target().Address()
	set, err := c.Describe(ctx, f.services(), f.target.Timeout)
	var missing channel.NoService
	switch {
	case errors.As(err, &missing):
		return f.missing(at, missing)
	case errors.Is(err, channel.ErrHTTP1):
		return errors.New(strings.Replace(string(channel.ErrHTTP1), "the server", at, 1))
	case err != nil:
		return fmt.Errorf("%s %w", at, err)
	}
	types, err := message.NewTypes(set)
	if err != nil {
		return fmt.Errorf("%s describes itself in a way that cannot be used: %w", at, err)
	}
	return f.describe(types)
}

// services are those that are called.
func (f *Clients) services() (names []string) {
	for _, t := range f.calls {
		if t != nil {
			service, _, _ := strings.Cut(t.content.Method, "/")
			names = append(names, service)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// missing names the first call of a service that the system does not have.
func (f *Clients) missing(at string, m channel.NoService) error {
	for _, t := range f.calls {
		if t != nil && strings.HasPrefix(t.content.Method, m.Name+"/") {
			return strict.Problems{t.content.Place.Problem("%s %v%s", at, m, strict.Suggest(m.Name, m.Known))}
		}
	}
	return fmt.Errorf("%s %w", at, m)
}
