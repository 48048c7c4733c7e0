package sut_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	grpchealth "google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// healthy serves grpc.health.v1.Health, at an address without a scheme.
func healthy(t *testing.T, options ...grpc.ServerOption) (*grpchealth.Server, string) {
	t.Helper()
	s, h := grpc.NewServer(options...), grpchealth.NewServer()
	grpc_health_v1.RegisterHealthServer(s, h)
	return h, serving(t, s)
}

func serving(t *testing.T, s *grpc.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

// readyGRPC waits until a system is healthy at a door.
func readyGRPC(t *testing.T, d *sut.Door, service string, within time.Duration) error {
	t.Helper()
	s, _ := system(t, "silent", profile.Ready{Kind: profile.ReadyGRPC, Health: service, Within: within})
	running, err := sut.Start(t.Context(), s, d, sut.Place{})
	if err == nil {
		err = running.Stop(t.Context())
	}
	return err
}

// isUnhealthy fails the test unless a system is not healthy, and for this reason.
func isUnhealthy(t *testing.T, what string, d *sut.Door, service, reason string) {
	t.Helper()
	err := inTime(reason, func(within time.Duration) error { return readyGRPC(t, d, service, within) })
	if err == nil || !strings.Contains(err.Error(), reason) {
		t.Errorf("%s: %v, want %q", what, err, reason)
	}
}

// A system is ready once grpc.health.v1.Health says so, of the server as a whole or of a service.
func TestReadyByHealth(t *testing.T) {
	h, at := healthy(t)
	d := doorOf(t, plan.Target{URL: "http://" + at}, nil)
	notReady := func(service, want string) {
		t.Helper()
		isUnhealthy(t, strconv.Quote(service), d, service, want)
	}
	if err := readyGRPC(t, d, "", time.Minute); err != nil {
		t.Error(err)
	}
	notReady("shop.v1.Search", `grpc.health.v1.Health/Check: the server knows no service "shop.v1.Search"`)
	h.SetServingStatus("shop.v1.Search", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	notReady("shop.v1.Search", "the server says NOT_SERVING")
	time.AfterFunc(100*time.Millisecond, func() { h.SetServingStatus("shop.v1.Search", grpc_health_v1.HealthCheckResponse_SERVING) })
	if err := readyGRPC(t, d, "shop.v1.Search", time.Minute); err != nil {
		t.Error(err)
	}
}

// Each mistake has a sentence: no health service, no gRPC, no HTTP/2, nobody there.
func TestNotReadyByHealth(t *testing.T) {
	web := httptest.NewServer(health())
	defer web.Close()
	secure := httptest.NewUnstartedServer(health())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	ports, err := sut.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	other := httptest.NewUnstartedServer(http.NotFoundHandler())
	other.Config.Protocols = new(http.Protocols)
	other.Config.Protocols.SetUnencryptedHTTP2(true)
	other.Start()
	defer other.Close()
	for _, c := range []struct{ url, want string }{
		{other.URL, "the server answers with the HTTP status 404 Not Found, and not in gRPC"},
		{"http://" + serving(t, grpc.NewServer()), "the server has no service grpc.health.v1.Health"},
		{web.URL, web.URL + " answers in HTTP/1.1 where gRPC needs HTTP/2: is it the right port?"},
		{secure.URL, "gRPC needs HTTP/2"},
		{fmt.Sprintf("http://127.0.0.1:%d", ports[0]), "connect: connection refused"},
	} {
		d := doorOf(t, plan.Target{URL: c.url, TLS: profile.TLS{Insecure: true}}, nil)
		isUnhealthy(t, c.url, d, "", c.want)
	}
}

// The question goes through the load's own door: TLS, a client certificate, headers.
func TestReadyByHealthOverTLS(t *testing.T) {
	web := httptest.NewUnstartedServer(health())
	web.StartTLS()
	defer web.Close()
	cert, key := pems(t, web)
	_, at := healthy(t, grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: web.TLS.Certificates, ClientAuth: tls.RequireAnyClientCert})))
	good := plan.Target{URL: "https://" + at, TLS: profile.TLS{CA: cert, Cert: cert, Key: key}}
	if err := readyGRPC(t, doorOf(t, good, nil), "", time.Minute); err != nil {
		t.Error(err)
	}
	good.TLS.CA = nil
	isUnhealthy(t, "without the authority", doorOf(t, good, nil), "", "unknown authority")
}

// gRPC at an address of its own is asked there, awaited there, and must be vacant there.
func TestDoorOfGRPC(t *testing.T) {
	web := httptest.NewServer(health())
	defer web.Close()
	_, at := healthy(t)
	both := plan.Target{URL: web.URL, GRPC: plan.GRPCTarget{URL: "http://" + at, Shown: "http://" + at}}
	d := doorOf(t, both, nil)
	isReady(t, "both", d)
	if err := readyGRPC(t, d, "", time.Minute); err != nil {
		t.Error(err)
	}
	isTaken(t, at, d)
	ports, err := sut.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	both.GRPC.URL = fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	both.GRPC.Shown = both.GRPC.URL
	d = doorOf(t, both, nil)
	isNotReady(t, "gRPC is not there", d, profile.ReadyTCP, both.GRPC.URL)
	if err := d.Reach(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "nothing answers at "+both.GRPC.URL) {
		t.Errorf("gRPC is not there: %v", err)
	}
}
