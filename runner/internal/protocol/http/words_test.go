package http_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A profile's bodies arrive, and its conditions hold, with net/http as the server.
func TestProfileOverTheWire(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/form":
			r.ParseForm()
			got = fmt.Sprint(r.PostForm["user"], r.PostForm["address[city]"], r.PostForm["tag"], r.Header["Content-Type"])
		case "/multipart":
			if err := r.ParseMultipartForm(1 << 20); err != nil {
				got = err.Error()
				return
			}
			picture := r.MultipartForm.File["picture"][0]
			f, _ := picture.Open()
			content, _ := io.ReadAll(f)
			got = fmt.Sprint(r.FormValue("title"), picture.Filename, picture.Header["Content-Type"], string(content))
		default:
			body, _ := io.ReadAll(r.Body)
			got = string(body)
		}
		w.Header().Set("Location", "/items/7")
		w.Header().Set("Set-Cookie", "sid=abc; HttpOnly")
		fmt.Fprint(w, `<input name="csrf" value="t&amp;1">`)
	}))
	defer server.Close()
	const expect = `expect: {status: 200, headers: {location: "~ ^/items/"}, cookies: {sid: abc}, text: csrf, size: "> 10"}, save: {a: {text: 'value="([^"]+)"'}, b: {header: Location, match: '/items/(\d+)'}, c: {cookie: sid}}`
	p, problems := profile.Parse("p.yaml", []byte(`
name: p
target: {url: "`+server.URL+`"}
users:
  - name: u
    tasks:
      - {http: POST /form, form: {user: "a b&c=\u00fc", address: {city: Bonn}, tag: [x, y]}, `+expect+`}
      - {http: POST /multipart, multipart: {title: "a \u00fc", picture: {file: cat.png, type: image/png}}, `+expect+`}
      - {http: PUT /raw, body: {file: cat.png}, `+expect+`}
`), profile.Surroundings{Read: func(path string) ([]byte, error) { return []byte("\x89PNG \x00\xff " + path), nil }})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := newClients(made)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"[a b&c=\u00fc] [Bonn] [x y] [application/x-www-form-urlencoded]",
		"a \u00fccat.png[image/png]\x89PNG \x00\xff cat.png",
		"\x89PNG \x00\xff cat.png",
	}
	d := newUser(t, h)
	for i, c := range made.Calls {
		s := saver{saved: map[int]profile.Value{}}
		if o := d.Do(c, s); o.Class != tally.OK || got != want[i] {
			t.Errorf("%s: %v %q, the server saw %q, want %q", c.Name, o.Class, o.Error, got, want[i])
		}
		var texts []string
		for _, save := range c.Save {
			texts = append(texts, s.saved[save.Slot].Text)
		}
		if strings.Join(texts, " ") != "t&amp;1 7 abc" {
			t.Errorf("%s: saved %q", c.Name, texts)
		}
	}
}
