package sources

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

func apiToken(name string) (string, bool) { return "s3cret", name == "API_TOKEN" }

const (
	bearer      = "Authorization: Bearer ${env.API_TOKEN}"
	description = `{"openapi": "3.0.3", "info": {"title": "A", "version": "1"}, "paths": {"/a": {"get": {"responses": {"200": {"description": "ok"}}}}}}`
	introspects = `{"data": {"__schema": {"queryType": {"name": "Query"}, "types": [{"kind": "OBJECT", "name": "Query", "fields": [{"name": "a", "args": [], "type": {"kind": "SCALAR", "name": "Int"}}]}], "directives": []}}}`
)

// A server that wants a token gets it from the environment, and says in words that it wants one. The profile names the
// variable, and holds no value.
func TestHeader(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.Method == http.MethodPost {
			io.WriteString(w, introspects)
			return
		}
		io.WriteString(w, description)
	}))
	defer server.Close()
	grpcServer := guarded(t)
	for name, f := range map[string]Flags{
		"openapi": {OpenAPI: []string{server.URL + "/a.json"}},
		"graphql": {GraphQL: server.URL + "/graphql"},
		"grpc":    {GRPC: grpcServer},
	} {
		if _, err := f.Draft(context.Background(), "", apiToken); err == nil || !strings.HasSuffix(err.Error(), giveToken) {
			t.Errorf("%s without a token: %v", name, err)
		}
		for header, written := range map[string]bool{bearer: name != "openapi", "authorization:Bearer s3cret": false} {
			f.Header = []string{header}
			d, err := f.Draft(context.Background(), "http://127.0.0.1:1", apiToken)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, header, err)
			}
			if unwritten := f.Unwritten(&draft.Draft{URL: "http://127.0.0.1:2"}); unwritten != nil {
				t.Errorf("%s, %s: %v goes to another system", name, header, unwritten)
			}
			if unwritten := f.Unwritten(&draft.Draft{URL: server.URL}); name != "grpc" && len(unwritten) != 1 {
				t.Errorf("%s, %s: %v is sent while trying", name, header, unwritten)
			}
			if noted := strings.Contains(fmt.Sprint(d.Notes), "--header authorization: the value is not written"); noted == written && name != "openapi" {
				t.Errorf("%s, %s: %v", name, header, d.Notes)
			}
			if text := fmt.Sprintf("%+v", *d); strings.Contains(text, "s3cret") || strings.Contains(text, "Bearer ${env.API_TOKEN}") != written {
				t.Errorf("%s, %s: %s", name, header, text)
			}
		}
	}
}

// guarded starts a gRPC server that describes itself to those with a token.
func guarded(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		if md, _ := metadata.FromIncomingContext(stream.Context()); strings.Join(md.Get("authorization"), "") != "Bearer s3cret" {
			return status.Error(codes.Unauthenticated, "no token")
		}
		return handle(srv, stream)
	}))
	grpc_testing.RegisterTestServiceServer(s, grpc_testing.UnimplementedTestServiceServer{})
	reflection.Register(s)
	go s.Serve(listener) // it ends with Stop
	t.Cleanup(s.Stop)
	return listener.Addr().String()
}

// A redirect to another host takes no header along, whatever its name.
func TestHeaderStaysWithItsHost(t *testing.T) {
	var got http.Header
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		io.WriteString(w, description)
	}))
	defer other.Close()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	mux.HandleFunc("/here", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/there", http.StatusFound) })
	mux.HandleFunc("/there", func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		io.WriteString(w, description)
	})
	for path, want := range map[string]string{"/away": "", "/here": "s3cret"} {
		f := Flags{OpenAPI: []string{server.URL + path}, Header: []string{"X-Api-Key: ${env.API_TOKEN}", bearer}}
		if _, err := f.Draft(context.Background(), "http://127.0.0.1:1", apiToken); err != nil {
			t.Fatal(err)
		}
		if got.Get("X-Api-Key") != want || (got.Get("Authorization") != "") != (want != "") {
			t.Errorf("%s: the headers were %v", path, got)
		}
	}
}

// A header that cannot be sent is refused before anything is asked, and no message holds its value.
func TestWrongHeaders(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer s3cret":        "--header takes a name and a value",
		"a b: s3cret":          "--header takes a name and a value",
		"X: s3cret\nY: z":      "--header X: the value has a control character",
		"X: s3cret ${word}":    "--header X: only variables of the environment can be filled in",
		"X: ${env.OTHER}":      "--header X: the environment has no OTHER",
		"host: s3cret.invalid": "--header Host: the host is that of the address",
	} {
		_, err := Flags{OpenAPI: []string{"http://127.0.0.1:1/a"}, Header: []string{header}}.Draft(context.Background(), "", apiToken)
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v, want %s", header, err, want)
		}
	}
	if err := (Flags{GraphQL: "schema.graphql", Header: []string{bearer}}).Check(); err != nil && strings.Contains(err.Error(), "add --openapi URL") {
		return
	}
	t.Error("a header for a file is not refused")
}

// An address without its scheme is no file that is missing.
func TestAddressWithoutScheme(t *testing.T) {
	for name, want := range map[string]string{
		"localhost:4000/graphql": "there is no file localhost:4000/graphql; for the server at this address write http://localhost:4000/graphql",
		"127.0.0.1:80":           "there is no file 127.0.0.1:80; for the server at this address write http://127.0.0.1:80",
		"none.graphql":           "open none.graphql: ",
	} {
		if _, err := (Flags{GraphQL: name}).Draft(context.Background(), "", apiToken); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
