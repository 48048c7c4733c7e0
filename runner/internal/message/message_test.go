package message_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/descriptor"
	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

var compiled = sync.OnceValues(func() (*message.Types, error) {
	set, err := descriptor.Compile([]string{"all.proto"}, []string{"testdata"}, func(path string) ([]byte, error) {
		return os.ReadFile(filepath.FromSlash(path))
	})
	if err != nil {
		return nil, err
	}
	return message.NewTypes(set)
})

// types are those of testdata.
func types(t testing.TB) *message.Types {
	t.Helper()
	all, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func method(t testing.TB, name string) *message.Method {
	t.Helper()
	m, err := types(t).Method("all.Everything/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// call is the planned call of a profile with one step, and the values of its only user.
func call(t testing.TB, step string) (*plan.Call, *datagen.User) {
	t.Helper()
	text := "name: p\ntarget: {url: \"http://127.0.0.1\"}\ndata: {row: {file: row.jsonl}}\nusers:\n  - name: u\n    on_start: [{http: GET /, save: {saved: x}}]\n    tasks:\n      - " + step
	env := func(name string) (string, bool) { return map[string]string{"TEN": "10", "YES": "true"}[name], true }
	p, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{Env: env, Read: func(string) ([]byte, error) {
		return []byte(`{"int": 7, "big": 9007199254740993, "text": "tent", "digits": "42", "null": null, "yes": true, "object": {"text": "in", "topK": 3}, "list": [1, 2], "time": "2026-01-02T03:04:05.5Z", "color": "RED", "bytes": "AAE=", "bad": "x\u0000"}`), nil
	}})
	if len(problems) > 0 {
		t.Fatalf("%v in\n%s", problems, text)
	}
	made, err := plan.Make(p, plan.Values{Env: env})
	if err != nil {
		t.Fatal(err)
	}
	return made.Calls[len(made.Calls)-1], datagen.New(made).User(0, made.Behaviours[0].Slots)
}

// template compiles the message of a call.
func template(t testing.TB, name, tree string) (*message.Template, *datagen.User, string) {
	t.Helper()
	c, user := call(t, "{grpc: all.Everything/"+name+", message: "+tree+"}")
	g := c.Content.(*plan.GRPC)
	made, problems := method(t, name).Template(g.Message, g.Place)
	var all []string
	for _, p := range problems {
		all = append(all, strings.TrimPrefix(p.String(), "p.yaml:8:"))
	}
	return made, user, strings.Join(all, "\n")
}
