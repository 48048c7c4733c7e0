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

// Ask asks the system to describe its services. If the profile describes them, it only finds out whether the system
// has them. It fails with strict.Problems if a call does not fit its method, or the system has no such service.
func (f *Clients) Ask(ctx context.Context) error {
	c, err := channel.New(f.dialer, f.target.Headers)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // only the answers are wanted
	at := f.dialer.Target().Address()
	var set []byte
	if f.target.GRPC.Described != nil {
		err = c.Probe(ctx, f.probed(), f.target.Timeout)
	} else {
		set, err = c.Describe(ctx, f.services(), f.target.Timeout)
	}
	var missing channel.NoService
	switch {
	case errors.As(err, &missing):
		return f.missing(at, missing)
	case err != nil:
		return fmt.Errorf("%s %w", at, err)
	case set == nil:
		return nil
	}
	types, err := message.NewTypes(set)
	if err != nil {
		return fmt.Errorf("%s describes itself in a way that cannot be used: %w", at, err)
	}
	return f.describe(types)
}

// services are those that are called, and must be there.
func (f *Clients) services() (names []string) {
	described := f.target.GRPC.Described != nil
	for _, t := range f.calls {
		if t != nil && !(described && slices.Contains(t.content.Codes, Unimplemented)) {
			service, _, _ := strings.Cut(t.content.Method, "/")
			names = append(names, service)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// probed are the services, each with a method that takes one message.
func (f *Clients) probed() (services []channel.Service) {
	for _, name := range f.services() {
		service := channel.Service{Name: name}
		for _, t := range f.calls {
			if method, ok := strings.CutPrefix(methodOf(t), name+"/"); ok && t.sends != nil {
				service.Method = method
			}
		}
		services = append(services, service)
	}
	return services
}

// methodOf is the method of a call; empty for a call of another protocol.
func methodOf(t *compiled) string {
	if t == nil {
		return ""
	}
	return t.content.Method
}

// missing names the first call of a service that the system does not have.
func (f *Clients) missing(at string, m channel.NoService) error {
	for _, t := range f.calls {
		if strings.HasPrefix(methodOf(t), m.Name+"/") {
			return strict.Problems{t.content.Place.Problem("%s %v%s", at, m, strict.Suggest(m.Name, m.Known))}
		}
	}
	return fmt.Errorf("%s %w", at, m)
}
