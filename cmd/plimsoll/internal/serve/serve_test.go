package serve_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/serve"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// filled is a store with runs of two series, and of a branch.
func filled(t testing.TB) (baseline.Store, []baseline.Info) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "b.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	var infos []baseline.Info
	for n := range 12 {
		info, _, err := store.Put(t.Context(), storetest.NewResult(n, func(r *result.Result) {
			switch {
			case n%4 == 3:
				r.Series = "blog"
			case n == 9:
				r.Branch = "feature"
			case n == 10:
				r.Environment.CPUCores = 64
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		infos = append(infos, info)
	}
	return store, infos
}

// config is that of most tests, with a clock that stands.
func config(store baseline.Store) serve.Config {
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	return serve.Config{Store: store, Site: site.Options{Tool: "v1"}, Now: func() time.Time { return now }, Log: func(error) {}}
}

// get asks a handler, as somebody on this machine does.
func get(t testing.TB, h http.Handler, path string, changes ...func(*http.Request)) (status int, body string, header http.Header) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8089"+path, nil)
	for _, change := range changes {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer := w.Result()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header
}

// ok is get of something that is there.
func ok(t testing.TB, h http.Handler, path string) string {
	t.Helper()
	status, body, _ := get(t, h, path)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, status, body)
	}
	return body
}

func decode[T any](t testing.TB, text string) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

// Every link and every file of the pages is there, from the first page on.
func TestPages(t *testing.T) {
	store, _ := filled(t)
	h := serve.New(config(store))
	seen := map[string]bool{}
	var visit func(path string)
	visit = func(path string) {
		if seen[path] {
			return
		}
		seen[path] = true
		body := ok(t, h, path)
		for _, match := range regexp.MustCompile(`(?:href|src)="([^":#?]+)(?:\?[^"]*)?(?:#[^"]*)?"`).FindAllStringSubmatch(body, -1) {
			to := match[1]
			if !strings.HasPrefix(to, "/") {
				to = filepath.Join(filepath.Dir(path+"x"), to)
			}
			visit(to)
		}
		for _, match := range regexp.MustCompile(`data-months="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			for _, month := range regexp.MustCompile(`\d{4}-\d\d`).FindAllString(match[1], -1) {
				visit(filepath.Join(filepath.Dir(path), "data", month+".js"))
			}
		}
	}
	visit("/")
	pages, scripts := 0, 0
	for path := range seen {
		if strings.HasSuffix(path, ".html") {
			pages++
		}
		if strings.Contains(path, "/data/") {
			scripts++
		}
	}
	if pages < 3*4 || scripts < 3 {
		t.Errorf("only %d pages and %d chunks are linked: %v", pages, scripts, seen)
	}
	for path, kind := range map[string]string{"/badge.svg": "image/svg+xml", "/latest.json": "application/json", "/history/files/style.css": "text/css; charset=utf-8", "/": "text/html; charset=utf-8"} {
		if _, _, header := get(t, h, path); header.Get("Content-Type") != kind {
			t.Errorf("%s is %s", path, header.Get("Content-Type"))
		}
	}
}

// A page, or a month of figures, has one address: the names without their ends are of nothing.
func TestNamesHaveEnds(t *testing.T) {
	store, _ := filled(t)
	h := serve.New(config(store))
	series := "/history/" + site.Slug("shop", "example/shop", "main") + "/"
	route := regexp.MustCompile(`all-routes-[0-9a-f]+\.html`).FindString(ok(t, h, series+"index.html"))
	for _, name := range []string{"data/2026-03.js", route} {
		ok(t, h, series+name)
		bare := strings.TrimSuffix(name, filepath.Ext(name))
		for _, other := range []string{bare, bare + ".css", name + "/", bare + filepath.Ext(name) + filepath.Ext(name)} {
			if status, body, header := get(t, h, series+other); status != http.StatusNotFound || header.Get("Content-Type") == "" {
				t.Errorf("%s: %d as %q: %.100s", other, status, header.Get("Content-Type"), body)
			}
		}
	}
}

func TestAPI(t *testing.T) {
	store, infos := filled(t)
	h := serve.New(config(store))
	all := decode[serve.SeriesList](t, ok(t, h, "/api/series"))
	if len(all.Series) != 3 || all.Series[0].Series != "blog" || all.Series[0].Runs != 3 || all.Series[0].Run != infos[11].ID {
		t.Errorf("series %+v", all)
	}
	if body := ok(t, h, all.Series[1].Page); !strings.Contains(body, "shop") {
		t.Errorf("its page is\n%s", body)
	}
	if got := decode[serve.SeriesList](t, ok(t, h, "/api/series?series=shop&branch=feature")); len(got.Series) != 1 || got.Series[0].Runs != 1 {
		t.Errorf("of one branch: %+v", got)
	}

	first := decode[serve.RunList](t, ok(t, h, "/api/runs?limit=5&series=shop&branch=main"))
	second := decode[serve.RunList](t, ok(t, h, "/api/runs?limit=5&series=shop&branch=main&after="+first.Next))
	if len(first.Runs) != 5 || len(second.Runs) != 3 || second.Next != "" || second.Runs[2].ID != infos[0].ID {
		t.Errorf("pages of %d and %d runs", len(first.Runs), len(second.Runs))
	}
	if f := first.Runs[0].Figures["GET /items"]; f.Requests != 200 || f.P95 == 0 || first.Runs[0].Spread["GET /items"].P95.Upper < 1000 {
		t.Errorf("figures %+v", first.Runs[0])
	}
	if got := decode[serve.RunList](t, ok(t, h, "/api/runs?route=GET+%2Fitems")); len(got.Runs) != 12 || len(got.Runs[0].Figures) != 1 {
		t.Errorf("of one route: %+v", got)
	}

	one := decode[serve.Run](t, ok(t, h, "/api/run/"+infos[7].ID[:20]))
	if one.Info.ID != infos[7].ID || one.Rounds != 2 || len(one.Figures) != 3 {
		t.Errorf("a run: %+v", one)
	}
	if err := store.Exclude(t.Context(), infos[7].ID, baseline.Mark{By: "ana", Why: "noise", At: infos[7].Started}); err != nil {
		t.Fatal(err)
	}
	again := serve.New(config(store))
	if one := decode[serve.Run](t, ok(t, again, "/api/run/"+infos[7].ID)); one.Excluded == nil || one.Excluded.By != "ana" {
		t.Errorf("an excluded run: %+v", one)
	}
}

func TestFilters(t *testing.T) {
	store, infos := filled(t)
	h := serve.New(config(store))
	page := "/history/" + site.Slug("shop", "example/shop", "main") + "/index.html"
	if body := ok(t, h, page); !strings.Contains(body, ": 8 runs from") || !strings.Contains(body, "cores 64") {
		t.Errorf("all runs:\n%s", body)
	}
	if body := ok(t, h, page+"?runs=3"); !strings.Contains(body, ": 3 runs from") {
		t.Errorf("three runs:\n%s", body)
	}
	environment := strings.ReplaceAll(strings.ReplaceAll(infos[10].Environment, " ", "+"), "=", "%3D")
	if body := ok(t, h, page+"?environment="+environment); !strings.Contains(body, ": 1 runs from") || strings.Contains(body, "cores 2") {
		t.Errorf("one environment:\n%s", body)
	}
	if body := ok(t, h, "/?series=blog"); !strings.Contains(body, "1 series with 3 runs") || !strings.Contains(body, `value="blog"`) {
		t.Errorf("one series:\n%s", body)
	}
}

// The form of the first page cannot be sent as a question that is refused.
func TestForm(t *testing.T) {
	store, _ := filled(t)
	h := serve.New(config(store))
	body := ok(t, h, "/")
	if !regexp.MustCompile(`<input name="series"[^>]* required[ >]`).MatchString(body) {
		t.Errorf("it can be sent without a series:\n%s", body)
	}
	for _, match := range regexp.MustCompile(`<input name="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		ok(t, h, "/?series=shop&repository=&branch=&"+match[1]+"=shop")
	}
	if body := ok(t, h, "/?environment=none"); !strings.Contains(body, "No run fits the filter") {
		t.Errorf("no run is of an environment:\n%s", body)
	}
}

// What nobody can mean is refused, with a sentence, and shows nothing of the request.
func TestMistakes(t *testing.T) {
	store, _ := filled(t)
	h := serve.New(config(store))
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/nothing":                             {404, "no such page"},
		"/history/none/index.html":             {404, "no such series"},
		"/history/files/../serve.go":           {404, "no such"},
		"/history/files/none.js":               {404, "no such file"},
		"/api/nothing":                         {404, "there are /api/series"},
		"/api/run/":                            {404, "there are /api/series"},
		"/api/run/ffffffff":                    {404, "no such run"},
		"/api/run/" + "%3Cscript%3E":           {404, "no such run"},
		"/api/runs?after=zzz":                  {404, "no such run"},
		"/api/runs?limit=501":                  {400, "a number from 1 to 500"},
		"/api/runs?limit=-1":                   {400, "a number from 1 to 500"},
		"/api/runs?sereis=shop":                {400, "the parameters are"},
		"/api/runs?branch=main":                {400, "need a series"},
		"/api/run/ffffffff?series=shop":        {400, "the parameters are route"},
		"/api/runs?runs=3":                     {400, "the parameters are"},
		"/api/series?limit=3":                  {400, "the parameters are"},
		"/latest.json?route=x":                 {400, "the parameters are"},
		"/history/files/style.css?route=x":     {400, "takes no parameters"},
		"/history/none/index.html?after=x":     {400, "the parameters are environment, runs"},
		"/?runs=1e9":                           {400, "a number from 1 to 5000"},
		"/?series=" + strings.Repeat("a", 501): {400, "500 bytes"},
		"/?series=%00%ff":                      {200, "No run fits"},
		"/history/" + site.Slug("shop", "example/shop", "main") + "/none.html":          {404, "no such page"},
		"/history/" + site.Slug("shop", "example/shop", "main") + "/data/1999-01.js":    {404, "no such page"},
		"/history/" + site.Slug("shop", "example/shop", "main") + "/data/../index.html": {404, "no such page"},
	} {
		status, body, header := get(t, h, path)
		if status != want.status || !strings.Contains(body, want.text) || strings.Contains(body, "<script>") {
			t.Errorf("%s: %d %s", path, status, body)
		}
		if strings.HasPrefix(path, "/api/") && (header.Get("Content-Type") != "application/json" || decode[serve.Refusal](t, body).Error == "") {
			t.Errorf("%s: an answer in %s", path, header.Get("Content-Type"))
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		if status, _, header := get(t, h, "/", func(r *http.Request) { r.Method = method }); status != http.StatusMethodNotAllowed || header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d", method, status)
		}
	}
}

// broken is a store that cannot be read.
type broken struct {
	baseline.Store
	err error
}

func (b broken) List(context.Context, baseline.Query) ([]baseline.Info, error) { return nil, b.err }

// Store errors go to the log, and no answer mentions them.
func TestTrouble(t *testing.T) {
	var logged []error
	c := config(broken{err: errors.New("postgres://me:s3cret@db.internal/x: refused")})
	c.Log = func(err error) { logged = append(logged, err) }
	h := serve.New(c)
	for _, path := range []string{"/", "/api/series"} {
		status, body, _ := get(t, h, path)
		if status != http.StatusServiceUnavailable || strings.Contains(body, "s3cret") || strings.Contains(body, "db.internal") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if len(logged) != 2 {
		t.Errorf("logged %v", logged)
	}
}

func first(t testing.TB, store baseline.Store) string {
	t.Helper()
	infos, err := store.List(t.Context(), baseline.Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return infos[0].ID
}
