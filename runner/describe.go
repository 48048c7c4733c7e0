package runner

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/channel"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// describeWithin is how long each answer of a server about itself may take.
const describeWithin = 10 * time.Second

// Describe asks the gRPC server at an address, http://host:port or https://host:port, to describe its services. The
// answer is a FileDescriptorSet. headers go along as metadata. environ names proxies; nil for the process's own.
func Describe(ctx context.Context, address string, headers http.Header, environ []string) (set []byte, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is no address such as http://127.0.0.1:9090", address)
	}
	target := plan.Target{URL: address, Shown: profile.WithoutCredentials(address), Timeout: describeWithin, HTTP: profile.HTTP2, Hosts: []string{u.Hostname()}}
	dialer, err := wire.NewDialer(target, proxies(environ))
	if err != nil {
		return nil, err
	}
	var metadata []plan.Header
	for name, values := range headers {
		for _, value := range values {
			metadata = append(metadata, plan.Header{Name: name, Value: plan.Lit(value)})
		}
	}
	c, err := channel.New(dialer, metadata)
	if err != nil {
		return nil, err
	}
	defer c.Close() //nolint:errcheck // only the answers are wanted
	services, err := c.Services(ctx, describeWithin)
	if err == nil {
		set, err = c.Describe(ctx, services, describeWithin)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %w", u.Host, err)
	}
	return set, nil
}
