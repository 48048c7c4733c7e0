package githubtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// witness is a testing.TB that records failures and does not fail.
type witness struct {
	testing.TB
	failures []string
}

func (w *witness) Errorf(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

// send sends one request as a client of GitHub's would.
func send(t *testing.T, s *Server, method, path, body string) (status int, answer object) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+Token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, decode(text)
}

// TestWhatDoesNotFitFailsTheTest sends what GitHub's description does not have.
func TestWhatDoesNotFitFailsTheTest(t *testing.T) {
	const shop = "/repos/example/shop"
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		want               string // in the failure; empty for none
	}{
		"no such path":           {"GET", shop + "/isues/7/comments", "", 404, "no such operation"},
		"no such method":         {"PUT", shop + "/issues/7/comments", `{"body":"x"}`, 404, "no such operation"},
		"no number":              {"GET", shop + "/issues/seven/comments", "", 422, "issue_number"},
		"unknown parameter":      {"GET", shop + "/issues/7/comments?perpage=100", "", 422, `it has no parameter "perpage"`},
		"parameter of no number": {"GET", shop + "/issues/7/comments?per_page=all", "", 422, "per_page"},
		"parameter of no choice": {"GET", shop + "/pulls?state=merged", "", 422, "state"},
		"no body":                {"POST", shop + "/issues/7/comments", "", 422, "body"},
		"body of another type":   {"POST", shop + "/issues/7/comments", `{"body":7}`, 422, "body"},
		"body without the field": {"POST", shop + "/issues/7/comments", `{}`, 422, "body"},
		"unknown field":          {"POST", shop + "/issues/7/comments", `{"body":"x","text":"y"}`, 422, `no field "text"`},
		"no JSON":                {"POST", shop + "/issues/7/comments", `body=x`, 422, "body"},
		"body where none is":     {"GET", shop + "/pulls/7", `{}`, 422, "it takes no body"},
		"unknown level": {"POST", shop + "/check-runs", `{"name":"x","head_sha":"a","output":{"title":"t","summary":"s",
			"annotations":[{"path":"p","start_line":1,"end_line":1,"annotation_level":"error","message":"m"}]}}`, 422, "annotation_level"},
		"51 annotations": {"POST", shop + "/check-runs", `{"name":"x","head_sha":"a","output":{"title":"t","summary":"s","annotations":[` +
			strings.TrimSuffix(strings.Repeat(`{"path":"p","start_line":1,"end_line":1,"annotation_level":"notice","message":"m"},`, 51), ",") + `]}}`, 422, "annotations"},
		"long summary": {"POST", shop + "/check-runs", `{"name":"x","head_sha":"a","output":{"title":"t","summary":"` + strings.Repeat("s", 65_536) + `"}}`, 422, "summary"},

		"state of no choice":        {"GET", shop + "/issues?state=done", "", 422, "state"},
		"issue without a title":     {"POST", shop + "/issues", `{"body":"x"}`, 422, "title"},
		"state of an issue":         {"PATCH", shop + "/issues/8", `{"state":"done"}`, 422, "state"},
		"reason of no choice":       {"PATCH", shop + "/issues/8", `{"state":"closed","state_reason":"fixed"}`, 422, "state_reason"},
		"unknown field of an issue": {"PATCH", shop + "/issues/8", `{"closed":true}`, 422, `no field "closed"`},

		"an issue":             {"POST", shop + "/issues", `{"title":"x","labels":["a"]}`, 201, ""},
		"issues":               {"GET", shop + "/issues?labels=a&state=all&creator=ada", "", 200, ""},
		"no such issue":        {"PATCH", shop + "/issues/9", `{"state":"closed","state_reason":"not_planned"}`, 404, ""},
		"blank title":          {"POST", shop + "/issues", `{"title":" "}`, 422, ""},
		"long title":           {"POST", shop + "/issues", `{"title":"` + strings.Repeat("ä", 257) + `"}`, 422, ""},
		"long issue":           {"POST", shop + "/issues", `{"title":"x","body":"` + strings.Repeat("ä", 65_537) + `"}`, 422, ""},
		"all is well":          {"GET", shop + "/issues/7/comments?per_page=100&page=1", "", 200, ""},
		"another repository":   {"GET", "/repos/example/other/pulls/7", "", 404, ""},
		"no such pull":         {"GET", shop + "/pulls/8", "", 404, ""},
		"blank comment":        {"POST", shop + "/issues/7/comments", `{"body":" "}`, 422, ""},
		"long comment":         {"POST", shop + "/issues/7/comments", `{"body":"` + strings.Repeat("ä", 65_537) + `"}`, 422, ""},
		"check without an end": {"POST", shop + "/check-runs", `{"name":"x","head_sha":"a","status":"completed"}`, 422, ""},
		"a bot asks itself":    {"GET", "/user", "", 403, ""},
	} {
		w := &witness{TB: t}
		s := New(w, "example/shop")
		s.Pull(Pull{Number: 7, Head: "care", HeadSHA: "a"})
		status, _ := send(t, s, test.method, test.path, test.body)
		if status != test.status {
			t.Errorf("%s: status %d, want %d", name, status, test.status)
		}
		failures := strings.Join(w.failures, "\n")
		if (test.want == "") != (failures == "") || !strings.Contains(failures, test.want) {
			t.Errorf("%s: failures %q, want %q in them", name, failures, test.want)
		}
	}
}

func TestEachOperationIsDone(t *testing.T) {
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	described := 0
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described++
			if operations[method+" "+path] == nil {
				t.Errorf("%s %s is in the description and not done", method, path)
			}
		}
	}
	if described != len(operations) {
		t.Errorf("%d operations are described, %d are done", described, len(operations))
	}
}

// TestAnAnswerOfAnotherShapeFailsTheTest sees the check of answers fail once.
func TestAnAnswerOfAnotherShapeFailsTheTest(t *testing.T) {
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), "GET", "/repos/example/shop/pulls/7", nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := made(doc, "pull-request", object{"number": 7})
	header := http.Header{"Content-Type": {"application/json"}}
	check := func(status int, change func(object)) error {
		text, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		changed := decode(text)
		change(changed)
		if text, err = json.Marshal(changed); err != nil {
			t.Fatal(err)
		}
		return match(doc, "GET", request.URL).checkAnswer(request, status, header, text)
	}
	if err := check(200, func(object) {}); err != nil {
		t.Errorf("a whole answer: %v", err)
	}
	for name, change := range map[string]func(object){
		"a field is missing":         func(o object) { delete(o, "title") },
		"a field is of another type": func(o object) { o["number"] = "7" },
		"null where there is none":   func(o object) { o["head"] = nil },
		"below, a field is missing":  func(o object) { delete(o["head"].(object), "sha") },
	} {
		if check(200, change) == nil {
			t.Errorf("%s, and nobody minds", name)
		}
	}
	if check(201, func(object) {}) == nil {
		t.Error("a status that the description does not have, and nobody minds")
	}
}

func TestPages(t *testing.T) {
	s := New(t, "example/shop")
	s.Pull(Pull{Number: 7})
	for i := range 300 {
		s.Put(Comment{Issue: 7, Author: "somebody", Body: fmt.Sprint(i)})
	}
	var bodies []string
	next := s.URL + "/repos/example/shop/issues/7/comments?per_page=100"
	for pages := 0; next != ""; pages++ {
		request, err := http.NewRequestWithContext(t.Context(), "GET", next, nil)
		if err != nil || pages > 3 {
			t.Fatalf("page %d, %v", pages, err)
		}
		request.Header.Set("Authorization", "Bearer "+Token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var page []struct{ Body string }
		if err := json.NewDecoder(response.Body).Decode(&page); err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		for _, c := range page {
			bodies = append(bodies, c.Body)
		}
		next, _, _ = strings.Cut(strings.TrimPrefix(response.Header.Get("Link"), "<"), ">")
	}
	if len(bodies) != 300 || bodies[0] != "0" || bodies[299] != "299" || len(slices.Compact(slices.Sorted(slices.Values(bodies)))) != 300 {
		t.Errorf("%d comments came", len(bodies))
	}
}
