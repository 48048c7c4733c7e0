package script_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/k6"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/locust"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script/scripttest"
)

// both is one thing said in both languages, and the words of a profile that it becomes.
type both struct {
	js, py     string // the body of a task; empty for none
	want, none []string
	notes      string // a part of the notes; empty for no note at all
}

func (b both) drafts(t *testing.T) {
	t.Helper()
	if b.js != "" {
		text := "import http from 'k6/http';\nimport { check, sleep, fail } from 'k6';\nimport { randomIntBetween } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';\n" +
			"export default function () {\n" + b.js + "\n}\n"
		d, err := k6.Draft(draft.Input{Name: "script.js", Data: []byte(text), Host: "http://a.test"})
		if err != nil {
			t.Fatal(err)
		}
		scripttest.Wants(t, d, b.want, b.none, b.notes)
	}
	if b.py != "" {
		text := "from locust import *\nimport random, sys, time\nclass U(HttpUser):\n  @task\n  def t(self):\n    " + strings.ReplaceAll(b.py, "\n", "\n    ") + "\n"
		d, err := locust.Draft(draft.Input{Name: "locustfile.py", Data: []byte(text), Host: "http://a.test"})
		if err != nil {
			t.Fatal(err)
		}
		scripttest.Wants(t, d, b.want, b.none, b.notes)
	}
}

func drafts(t *testing.T, cases map[string]both) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, c.drafts)
	}
}
