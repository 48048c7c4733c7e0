package godebug

import (
	"maps"
	"strings"
	"testing"
)

// page is a page of pprof with one group, whose frames are function and file.
func onePage(pc string, frames ...string) string {
	text := "goroutine profile: total 7\n2 @ 0x1 0x2\n#\t0x2\tinternal/poll.runtime_pollWait+0x10\t\t/go/src/runtime/netpoll.go:351\n\n5 @ " + pc + " 0x3 0x4\n# labels: {\"a\": \"b\"}\n"
	for i := 0; i < len(frames); i += 2 {
		text += "#\t0x4\t" + frames[i] + "+0x1\t\t\t" + frames[i+1] + "\n"
	}
	return text
}

const serveHTTP = "net/http.serverHandler.ServeHTTP"

// The place is the innermost line of the service's own, wherever it was built.
func TestPlacesOfPages(t *testing.T) {
	for _, c := range []struct {
		what, text, at, in string
	}{
		{"a library of database connections", onePage("0x1", "database/sql.(*DB).conn", "/go/src/database/sql/sql.go:1366", "github.com/acme/shop/store.(*Store).Find", "/src/shop/store/find.go:31",
			serveHTTP, "/go/src/net/http/server.go:1"), "store/find.go:31", "database/sql.(*DB).conn"},
		{"a module", onePage("0x1", "golang.org/x/sync/semaphore.(*Weighted).Acquire", "/home/me/go/pkg/mod/golang.org/x/sync@v0.19.0/semaphore/semaphore.go:69", "main.handle", "/src/main.go:5",
			serveHTTP, "x.go:1"), "src/main.go:5", "golang.org/x/sync/semaphore.(*Weighted).Acquire"},
		{"trimmed paths", onePage("0x1", "github.com/jackc/puddle/v2.(*Pool[...]).acquire", "github.com/jackc/puddle/v2@v2.2.2/pool.go:350", "lab.handle", "lab/server.go:60", serveHTTP, "net/http/server.go:1"),
			"lab/server.go:60", "github.com/jackc/puddle/v2.(*Pool[...]).acquire"},
		{"a vendored module", onePage("0x1", "github.com/a/b.Wait", "/src/vendor/github.com/a/b/b.go:3", "main.f", "/src/f.go:9", serveHTTP, "s.go:1"), "src/f.go:9", "github.com/a/b.Wait"},
		{"Windows", onePage("0x1", "main.f", `C:\\src\\shop\\f.go:9`, serveHTTP, "s.go:1"), "shop/f.go:9", "a channel"},
		{"nothing of its own", onePage("0x1", "net/http.(*Transport).getConn", "/go/src/net/http/transport.go:1400", "net/http/httputil.(*ReverseProxy).ServeHTTP", "/go/src/net/http/httputil/p.go:1", serveHTTP, "s.go:1"),
			"http/transport.go:1400", "net/http.(*Transport).getConn"},
		{"gRPC", onePage("0x1", "main.(*api).Get", "/src/api.go:7", "google.golang.org/grpc.(*Server).handleStream", "/m/google.golang.org/grpc@v1/server.go:1"), "src/api.go:7", "a channel"},
		{"a line feed in a name", onePage("0x1", "main.f", "/src/a\rb/f.go:9", serveHTTP, "s.go:1"), "a b/f.go:9", "a channel"},
		{"who runs", onePage("0x9", "main.f", "/src/f.go:9", serveHTTP, "s.go:1"), "", ""},
		{"a background worker", onePage("0x1", "main.work", "/src/f.go:9"), "", ""},
		{"an idle connection", onePage("0x1", "internal/poll.runtime_pollWait", "/go/p.go:1", "net/http.(*conn).serve", "/go/s.go:1"), "", ""},
		{"a lock of a connection", onePage("0x1", "internal/poll.runtime_Semacquire", "/go/p.go:1", "main.f", "/src/f.go:9", serveHTTP, "s.go:1"), "", ""},
		{"somebody's answer", onePage("0x1", "net/http.(*persistConn).roundTrip", "/go/p.go:1", "main.f", "/src/f.go:9", serveHTTP, "s.go:1"), "", ""},
		{"no stack", "goroutine profile: total 5\n5 @ 0x1\n", "", ""},
		{"nobody who is known to be parked", "goroutine profile: total 5\n5 @ 0x1\n#\t0x1\tmain.f+0x1\t/src/f.go:9\n#\t0x1\t" + serveHTTP + "+0x1\t/s.go:1\n", "", ""},
		{"garbage", "goroutine profile: total 5\n-1 @ 0x1\nx @ y\n#\t\n#\tx\n@\n#\ta\tb\tc\n", "", ""},
	} {
		_, groups, err := parse([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		want := map[string]place{}
		if c.at != "" {
			want[c.at] = place{5, c.in}
		}
		if got := places(groups); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.what, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(onePage("0x1", "main.f", "/src/f.go:9", serveHTTP, "s.go:1"))
	f.Add("goroutine profile: total 1\n1 @ \n#\t")
	f.Fuzz(func(t *testing.T, text string) {
		total, groups, err := parse([]byte(text))
		if err != nil && (total > 0 || groups != nil) || total < 0 {
			t.Errorf("%d, %v, %v", total, groups, err)
		}
		for at, p := range places(groups) {
			if p.n < 1 || p.in == "" || len(at) > 140 || strings.ContainsAny(at+p.in, "\n\r\x1b") {
				t.Errorf("%q: %+v", at, p)
			}
		}
	})
}
