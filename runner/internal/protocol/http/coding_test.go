package http_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// encoded answers with JSON in the codings that the path names, without being asked.
var encoded = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	codings := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), ",")
	text := []byte(`{"id": 7}`)
	for _, name := range codings {
		var b bytes.Buffer
		var to io.WriteCloser
		switch name {
		case "gzip", "x-gzip":
			to = gzip.NewWriter(&b)
		case "deflate":
			to = zlib.NewWriter(&b)
		case "br":
			to = brotli.NewWriter(&b)
		case "zstd":
			to, _ = zstd.NewWriter(&b)
		case "bom":
			text = []byte("\xef\xbb\xbf" + string(text))
			continue
		default:
			w.Header().Add("Content-Encoding", name)
			continue
		}
		to.Write(text)
		to.Close()
		text = b.Bytes()
		w.Header().Add("Content-Encoding", name) // a line each
	}
	switch r.URL.RawQuery {
	case "damaged":
		text = text[:len(text)-3]
	case "failing":
		text = nil
		w.WriteHeader(http.StatusInternalServerError)
	case "nothing":
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Write(text)
})

// The codings of an answer are undone if its body matters, whether the request asked for them or not.
func TestCodings(t *testing.T) {
	versions(t, encoded, func(t *testing.T, to plan.Target) {
		wants := plan.Condition{Of: profile.OfJSON, Path: "id", Op: profile.Equal, Operand: "7", Numeric: true}
		small := plan.Condition{Of: profile.OfSize, Op: profile.Equal, Operand: "9", Numeric: true}
		for path, want := range map[string]string{
			"/gzip": "", "/x-gzip": "", "/deflate": "", "/br": "", "/zstd": "", "/gzip,br": "", "/zstd,gzip": "", "/identity": "", "/bom": "", "/bom,gzip": "",
			"/aws-chunked":  `the answer is in the Content-Encoding "aws-chunked", which plimsoll cannot read: ask for gzip, deflate, br or zstd`,
			"/gzip?damaged": "the gzip of the body is damaged", "/deflate?damaged": "the deflate of the body is damaged",
			"/br?damaged": "the br of the body is damaged", "/zstd?damaged": "the zstd of the body is damaged",
			"/gzip?failing": "status 500 Internal Server Error", // and not what is wrong with its body
		} {
			r := get(path)
			r.Expect = []plan.Condition{wants}
			if want == "" && !strings.Contains(path, "bom") {
				r.Expect = append(r.Expect, small)
			}
			o := newUser(t, newHTTP(t, to, r)).Do(r.call, values{})
			if (o.Class == tally.OK) != (want == "") || o.Error != want {
				t.Errorf("%s: %v %q, want %q", path, o.Class, o.Error, want)
			}
			unseen := get(path) // the call does not look at the body
			if o := newUser(t, newHTTP(t, to, unseen)).Do(unseen.call, values{}); o.Class != tally.OK && !strings.Contains(path, "failing") {
				t.Errorf("%s, unseen: %v %q", path, o.Class, o.Error)
			}
		}
		for _, method := range []string{"HEAD", "GET"} { // without a body there is nothing to undo
			r := &request{Method: method, Path: plan.Lit("/gzip?nothing"), Expect: []plan.Condition{{Of: profile.OfSize, Op: profile.Equal, Operand: "0", Numeric: true}}}
			if o := newUser(t, newHTTP(t, to, r)).Do(r.call, values{}); o.Class != tally.OK {
				t.Errorf("%s: %v %q", method, o.Class, o.Error)
			}
		}
	})
}
