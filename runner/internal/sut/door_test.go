package sut_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"

	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// doorOf fills in the defaults of a target.
func doorOf(t *testing.T, target plan.Target, proxy wire.Proxy) *sut.Door {
	t.Helper()
	target.Shown = target.URL
	if target.Timeout == 0 {
		target.Timeout = 10 * time.Second
	}
	if target.HTTP == "" {
		target.HTTP = profile.HTTPAuto
	}
	if target.Hosts == nil {
		target.Hosts = []string{"127.0.0.1"}
	}
	d, err := sut.NewDoor(target, proxy)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// ready starts a system that does nothing, and waits until it is ready at a door.
func ready(t *testing.T, d *sut.Door, kind profile.ReadyKind, within time.Duration) error {
	t.Helper()
	s, _ := system(t, "silent", profile.Ready{Kind: kind, Path: "/health", Within: within})
	s.StopWithin = 10 * time.Second
	running, err := sut.Start(t.Context(), s, d, sut.Place{Log: io.Discard})
	if err == nil {
		err = running.Stop(t.Context())
	}
	return err
}

// isReady fails the test unless a system is ready at a door by HTTP and by TCP.
func isReady(t *testing.T, what string, d *sut.Door) {
	t.Helper()
	for _, kind := range []profile.ReadyKind{profile.ReadyHTTP, profile.ReadyTCP} {
		if err := ready(t, d, kind, time.Minute); err != nil {
			t.Errorf("%s, %s: %v", what, kind, err)
		}
	}
	if err := d.Reach(t.Context()); err != nil {
		t.Errorf("%s, reach: %v", what, err)
	}
}

// isNotReady fails the test unless a system is not ready, and for this reason.
func isNotReady(t *testing.T, what string, d *sut.Door, kind profile.ReadyKind, reason string) {
	t.Helper()
	err := inTime(reason, func(within time.Duration) error { return ready(t, d, kind, within) })
	if err == nil || !strings.Contains(err.Error(), "not ready within") || !strings.Contains(err.Error(), reason) {
		t.Errorf("%s, %s: got %v, want %q", what, kind, err, reason)
	}
}

// inTime gives a system a moment to become ready, and more if that was too short for the reason why it is not: on a busy
// machine a moment may end before the first answer.
func inTime(reason string, start func(within time.Duration) error) (err error) {
	for within := 300 * time.Millisecond; within < 30*time.Second; within *= 4 {
		if err = start(within); err == nil || strings.Contains(err.Error(), reason) {
			break
		}
	}
	return err
}

func health() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) {})
	return mux
}

// pems are the certificate of a test server, and its key.
func pems(t *testing.T, s *httptest.Server) (cert, key []byte) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestReadyOverTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(health())
	s.Config.ErrorLog = nil
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	cert, _ := pems(t, s)
	at := func(c profile.TLS, version profile.HTTPVersion) *sut.Door {
		return doorOf(t, plan.Target{URL: s.URL, TLS: c, HTTP: version}, nil)
	}
	isReady(t, "ca", at(profile.TLS{CA: cert}, profile.HTTPAuto))
	isReady(t, "ca, HTTP/1.1", at(profile.TLS{CA: cert}, profile.HTTP1))
	isReady(t, "ca, HTTP/2", at(profile.TLS{CA: cert}, profile.HTTP2))
	isReady(t, "insecure", at(profile.TLS{Insecure: true}, profile.HTTPAuto))
	isReady(t, "a name of the certificate", at(profile.TLS{CA: cert, ServerName: "example.com"}, profile.HTTPAuto))
	const unknown, other = "unknown authority", "not for other.example"
	isNotReady(t, "no ca", at(profile.TLS{}, profile.HTTPAuto), profile.ReadyHTTP, unknown)
	isNotReady(t, "no ca", at(profile.TLS{}, profile.HTTPAuto), profile.ReadyTCP, unknown)
	isNotReady(t, "another name", at(profile.TLS{CA: cert, ServerName: "other.example"}, profile.HTTPAuto), profile.ReadyHTTP, other)
	if err := at(profile.TLS{}, profile.HTTPAuto).Reach(t.Context()); err == nil || err.Error() != "cannot connect to "+s.URL+": the certificate is signed by an unknown authority" {
		t.Errorf("reach without the ca: %v", err)
	}
}

func TestReadyWithClientCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(health())
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	defer s.Close()
	cert, key := pems(t, s)
	isReady(t, "with a certificate", doorOf(t, plan.Target{URL: s.URL, TLS: profile.TLS{CA: cert, Cert: cert, Key: key}}, nil))
	isNotReady(t, "without one", doorOf(t, plan.Target{URL: s.URL, TLS: profile.TLS{CA: cert}}, nil), profile.ReadyHTTP, "the server refuses TLS")
}

func TestReadyOnSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	isNotReady(t, "nobody", doorOf(t, plan.Target{URL: "http://shop", Socket: path}, nil), profile.ReadyTCP, "no such file")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: listener, Config: &http.Server{Handler: health()}}
	s.Start()
	defer s.Close()
	isReady(t, "socket", doorOf(t, plan.Target{URL: "http://shop", Socket: path}, nil))
}

// Readiness speaks the HTTP version of the profile, without TLS too.
func TestReadyInHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(health())
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	defer s.Close()
	isReady(t, "HTTP/2", doorOf(t, plan.Target{URL: s.URL, HTTP: profile.HTTP2}, nil))
	isNotReady(t, "HTTP/1.1", doorOf(t, plan.Target{URL: s.URL}, nil), profile.ReadyHTTP, "")
}

// A proxy for plain HTTP gets whole addresses and its credentials.
func TestReadyInHTTP3(t *testing.T) {
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS() // for its certificate
	defer certified.Close()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http3.Server{Handler: health(), TLSConfig: http3.ConfigureTLSConfig(certified.TLS)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(socket) }()
	t.Cleanup(func() { server.Close(); socket.Close(); <-served })
	at := "https://" + socket.LocalAddr().String()
	isReady(t, "HTTP/3", doorOf(t, plan.Target{URL: at, HTTP: profile.HTTP3, TLS: profile.TLS{Insecure: true}}, nil))
	stranger := doorOf(t, plan.Target{URL: at, HTTP: profile.HTTP3}, nil)
	isNotReady(t, "HTTP/3", stranger, profile.ReadyHTTP, "the certificate is signed by an unknown authority")
}

func TestReadyThroughProxy(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.RequestURI+" "+r.Header.Get("Proxy-Authorization"))
	}))
	proxy, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy.User = url.UserPassword("me", "s3cret")
	by := func(*url.URL) (*url.URL, error) { return proxy, nil }
	isReady(t, "proxy", doorOf(t, plan.Target{URL: "http://shop.example", Hosts: []string{"shop.example"}}, by))
	s.Close()
	if want := "GET http://shop.example/health Basic bWU6czNjcmV0"; strings.Join(asked, ", ") != want {
		t.Errorf("the proxy was asked %q, want %q", asked, want)
	}
	if err := doorOf(t, plan.Target{URL: "http://shop.example"}, by).Reach(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing answers at http://shop.example") {
		t.Errorf("reach through a proxy that is gone: %v", err)
	}
}

// A redirect is an answer. It is never followed.
func TestReadyRedirects(t *testing.T) {
	var followed atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer other.Close()
	for _, to := range []string{"/login", other.URL, "http://login.example/", "//x", ""} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/health" {
				followed.Add(1)
			}
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		}))
		isReady(t, "redirect to "+to, doorOf(t, plan.Target{URL: s.URL, Hosts: []string{"127.0.0.1", "login.example"}}, nil))
		s.Close()
	}
	if n := followed.Load(); n > 0 {
		t.Errorf("%d redirects were followed", n)
	}
	for status, reason := range map[int]string{http.StatusServiceUnavailable: "503 Service Unavailable", http.StatusUnauthorized: "401 Unauthorized", http.StatusNotFound: "404 Not Found"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		isNotReady(t, "an error", doorOf(t, plan.Target{URL: s.URL}, nil), profile.ReadyHTTP, "GET /health: "+reason)
		s.Close()
	}
}

// The question has the headers that every request of the load has.
func TestReadyHasTheHeaders(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "s3cret" || r.Host != "shop.example" || r.Header.Get("User-Agent") != "plimsoll" || r.Header.Get("Authorization") != "Basic bWU6cHc=" {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer s.Close()
	at := plan.Target{
		URL:     strings.Replace(s.URL, "http://", "http://me:pw@", 1),
		Headers: []plan.Header{{Name: "x-key", Value: plan.Lit("s3cret")}, {Name: "host", Value: plan.Lit("shop.example")}},
	}
	isReady(t, "headers", doorOf(t, at, nil))
	at.Headers = append(at.Headers, plan.Header{Name: "User-Agent", Value: plan.Lit("mine")})
	isNotReady(t, "a header of the profile's", doorOf(t, at, nil), profile.ReadyHTTP, "418")
}

// A check may take as long as a request of the load.
func TestReadySlowly(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(1200 * time.Millisecond) }))
	defer s.Close()
	if err := ready(t, doorOf(t, plan.Target{URL: s.URL}, nil), profile.ReadyHTTP, time.Minute); err != nil {
		t.Error(err)
	}
}

// The error says why connecting failed, not that time ran out.
func TestNotReadySaysWhy(t *testing.T) {
	d := doorOf(t, plan.Target{URL: "http://127.0.0.1:1"}, nil)
	isNotReady(t, "nobody", d, profile.ReadyTCP, "connect to http://127.0.0.1:1: connection refused")
	isNotReady(t, "nobody", d, profile.ReadyHTTP, "GET /health: connect: connection refused")
}

func TestReach(t *testing.T) {
	s := httptest.NewServer(health())
	at := door(t, s.URL)
	if err := at.Reach(t.Context()); err != nil {
		t.Error(err)
	}
	s.Close()
	if err := at.Reach(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing answers at "+s.URL) {
		t.Errorf("got %v", err)
	}
}

func TestNewDoorRefuses(t *testing.T) {
	for _, target := range []plan.Target{{URL: "ftp://shop"}, {URL: "http://"}, {URL: "http://shop", TLS: profile.TLS{CA: []byte("no PEM")}}, {URL: "http://s3cret:%zz@shop"}} {
		if _, err := sut.NewDoor(target, nil); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%+v: %v", target, err)
		}
	}
}

// The path is encoded like the paths of the load, and follows the path of target.url.
func TestReadyPathIsEscaped(t *testing.T) {
	var asked string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = r.RequestURI }))
	defer s.Close()
	d := doorOf(t, plan.Target{URL: s.URL + "/\u00fc/"}, nil)
	silent, _ := system(t, "silent", profile.Ready{Kind: profile.ReadyHTTP, Path: "/caf\u00e9?q=\u00fc", Within: time.Minute})
	silent.StopWithin = 10 * time.Second
	running, err := sut.Start(t.Context(), silent, d, sut.Place{Log: io.Discard})
	if err == nil {
		err = running.Stop(t.Context())
	}
	if err != nil || asked != "/%C3%BC/caf%C3%A9?q=%C3%BC" {
		t.Errorf("asked %q: %v", asked, err)
	}
}
