package shop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/testdata/shop"
)

func newShop(t testing.TB, o shop.Options) *shop.Shop {
	t.Helper()
	s, err := shop.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func do(s http.Handler, method, url, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestRoutes(t *testing.T) {
	s := newShop(t, shop.Options{})
	for _, test := range []struct {
		method, url, body string
		status            int
		contains          string
	}{
		{"GET", "/health", "", 204, ""},
		{"GET", "/products", "", 200, `"total":2000`},
		{"GET", "/products?q=boots&page=2", "", 200, `"page":2`},
		{"GET", "/products?page=9999", "", 200, `"items":[]`},
		{"GET", "/products?page=x", "", 400, "page is not a number"},
		{"GET", "/products/7", "", 200, `"sku":"SKU-7"`},
		{"GET", "/products/2001", "", 404, "there is no product 2001"},
		{"GET", "/search?q=Boots", "", 200, `"score":`},
		{"GET", "/search", "", 400, "q is empty"},
		{"POST", "/login", `{"user":"a","password":"b"}`, 200, `"token":`},
		{"POST", "/login", `{"user":"a"}`, 401, "both needed"},
		{"POST", "/cart", `{"sku":"SKU-3","quantity":2}`, 201, `"quantity":2`},
		{"POST", "/cart", `{"sku":"none"}`, 404, "no product with SKU none"},
		{"POST", "/cart", `{"sku":"SKU-3","quantity":0}`, 400, "quantity is outside"},
		{"POST", "/cart", `{`, 400, "not the JSON"},
		{"POST", "/cart", `"` + strings.Repeat("x", 2<<20) + `"`, 413, "larger than"},
		{"GET", "/cart", "", 200, `"sku":"SKU-3"`},
		{"DELETE", "/cart", "", 405, ""},
		{"GET", "/nowhere", "", 404, ""},
	} {
		w := do(s, test.method, test.url, test.body)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.contains) {
			t.Errorf("%s %s: got %d %.200s, want %d with %s", test.method, test.url, w.Code, w.Body, test.status, test.contains)
		}
	}
}

func TestEveryCallerHasACartOfTheirOwn(t *testing.T) {
	s := newShop(t, shop.Options{})
	tokens := map[string]bool{}
	for range 3 {
		w := do(s, "POST", "/login", `{"user":"a","password":"b"}`)
		var reply struct{ Token string }
		if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || reply.Token == "" || tokens[reply.Token] {
			t.Fatalf("login answers %s (%v)", w.Body, err)
		}
		tokens[reply.Token] = true
		do(s, "POST", "/cart", `{"sku":"SKU-1"}`, "X-Token", reply.Token)
		byCookie := do(s, "GET", "/cart", "", "Cookie", w.Header().Get("Set-Cookie"))
		if got := strings.Count(byCookie.Body.String(), "SKU-1"); got != 1 {
			t.Errorf("a fresh cart holds %d lines after one was put in: %s", got, byCookie.Body)
		}
	}
}

func TestSameSeedSameCatalogue(t *testing.T) {
	page := func(seed uint64) string {
		return do(newShop(t, shop.Options{Seed: seed}), "GET", "/products", "").Body.String()
	}
	if first, again := page(1), page(1); first != again {
		t.Error("seed 1 gives two catalogues")
	}
	if page(1) == page(2) {
		t.Error("seeds 1 and 2 give the same catalogue")
	}
}

func TestFailuresAreSpreadEvenly(t *testing.T) {
	s := newShop(t, shop.Options{Fail: []shop.Fail{{Route: "GET /health", Share: 0.02}}})
	for block := range 5 {
		failed := 0
		for range 50 {
			if do(s, "GET", "/health", "").Code == 500 {
				failed++
			}
		}
		if failed != 1 {
			t.Errorf("block %d: %d of 50 requests failed, want 1", block, failed)
		}
	}
}

// A slower route repeats its work for a caller of its own, so that its effects stay the same.
// BenchmarkRoutes shows how long it takes.
func TestSlowerHasTheSameEffects(t *testing.T) {
	s := newShop(t, shop.Options{Slow: []shop.Slow{{Route: "POST /cart", Share: 3}}})
	for range 2 {
		do(s, "POST", "/cart", `{"sku":"SKU-1"}`, "X-Token", "me")
	}
	if got := strings.Count(do(s, "GET", "/cart", "", "X-Token", "me").Body.String(), "SKU-1"); got != 2 {
		t.Errorf("two lines put in, %d there", got)
	}
	if got := strings.Count(do(s, "GET", "/cart", "", "X-Token", "shadow").Body.String(), "SKU-1"); got != 6 {
		t.Errorf("3 times as much more work for two requests: done again %d times, want 6", got)
	}
}

func TestStallFreezesEveryone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, shop.Options{
			Stall: shop.Stall{For: 200 * time.Millisecond, Every: 2 * time.Second},
			Slow:  []shop.Slow{{Route: "GET /health", Time: 5 * time.Millisecond, Sleep: true}},
		})
		begin := time.Now()
		for _, test := range []struct{ at, want time.Duration }{
			{0, 200 * time.Millisecond},
			{time.Second, 0},
			{2050 * time.Millisecond, 150 * time.Millisecond},
			{3999 * time.Millisecond, 0},
		} {
			time.Sleep(time.Until(begin.Add(test.at)))
			before := time.Now()
			do(s, "GET", "/health", "")
			if got := time.Since(before) - 5*time.Millisecond; got != test.want {
				t.Errorf("at %v: frozen for %v, want %v", test.at, got, test.want)
			}
		}
	})
}

func TestMainSaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{[]string{"-slow", "GET /search"}, nil, "is not ROUTE=HOW"},
		{[]string{"-slow", "GET /search=much"}, nil, `"much" is not a duration`},
		{[]string{"-slow", "GET /nowhere=5%"}, nil, `there is no route "GET /nowhere"; there are: GET /cart, GET /health`},
		{[]string{"-fail", "GET /search=200%"}, nil, "more than 100%"},
		{[]string{"-stall", "3s/2s"}, nil, "never ends"},
		{[]string{"-products", "0"}, nil, "at least 1"},
		{[]string{"more"}, nil, "only flags"},
		{nil, map[string]string{"SHOP_SLOW": "GET /search=30%,GET /cart"}, "SHOP_SLOW: "},
		{[]string{"-addr", "nowhere:x"}, nil, "listen tcp"},
	} {
		err := shop.Main(t.Context(), test.args, func(name string) string { return test.env[name] }, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q %v: got %v, want %q in it", test.args, test.env, err, test.want)
		}
	}
}

func TestMainServesUntilItIsTold(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stdout, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		env := map[string]string{"SHOP_FAIL": "GET /health=100%"}
		ended <- shop.Main(ctx, []string{"-addr", "127.0.0.1:0"}, func(name string) string { return env[name] }, w, io.Discard)
	}()
	line := make([]byte, 100)
	n, err := stdout.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	_, url, _ := bytes.Cut(bytes.TrimSpace(line[:n]), []byte(" on "))
	response, err := http.Get(string(url) + "/health")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 500 {
		t.Errorf("SHOP_FAIL of 100%%: status %d", response.StatusCode)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("told to end, it says %v", err)
	}
}

func BenchmarkRoutes(b *testing.B) {
	for _, bench := range []struct {
		name, method, url, body string
		slow                    shop.Slow
	}{
		{"health", "GET", "/health", "", shop.Slow{}},
		{"products", "GET", "/products?q=boots", "", shop.Slow{}},
		{"search", "GET", "/search?q=warm+boots", "", shop.Slow{}},
		{"search+30%", "GET", "/search?q=warm+boots", "", shop.Slow{Route: "GET /search", Share: 0.3}},
		{"login", "POST", "/login", `{"user":"a","password":"b"}`, shop.Slow{}},
		{"cart", "POST", "/cart", `{"sku":"SKU-1"}`, shop.Slow{}},
		{"cart+100%", "POST", "/cart", `{"sku":"SKU-1"}`, shop.Slow{Route: "POST /cart", Share: 1}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var o shop.Options
			if bench.slow.Route != "" {
				o.Slow = []shop.Slow{bench.slow}
			}
			s := newShop(b, o)
			for b.Loop() {
				do(s, bench.method, bench.url, bench.body)
			}
		})
	}
}
