package grpc_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/grpc"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/descriptor"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// dirs hold .proto files of others' tests: a small shop, and all that protobuf has.
const (
	shop       = "../../../../../testdata/profiles/files/api"
	everything = "../../../../../runner/internal/message/testdata"
	sample     = "../../../../../testdata/shop"
)

func drafted(t *testing.T, dir, file string, change func(*draft.Input)) *draft.Draft {
	t.Helper()
	set, err := descriptor.Compile([]string{file}, []string{dir}, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	in := draft.Input{Name: file, Data: set}
	change(&in)
	d, err := grpc.Source(grpc.Described{Address: "http://127.0.0.1:9090", Proto: []string{file}, Import: []string{dir}})(in)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Services become the profiles beside this test: a search, and a shop whose ids come from its lists.
func TestDraft(t *testing.T) {
	t.Run("search", func(t *testing.T) { golden(t, shop, "search.proto") })
	t.Run("shop", func(t *testing.T) { golden(t, sample, "shop.proto") })
}

func golden(t *testing.T, dir, file string) {
	d := drafted(t, dir, file, func(in *draft.Input) { in.Host = "http://127.0.0.1:8080" })
	got := d.Title + "\n\n" + d.Table(1000) + "\n" + strings.ReplaceAll(d.YAML(), dir, "api")
	golden := "testdata/" + strings.TrimSuffix(file, ".proto") + ".txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("%v, drafted\n%s", err, got)
	}
}

// Every message that is drafted fits its method, whatever protobuf has in it.
func TestDraftsFit(t *testing.T) {
	for dir, file := range map[string]string{shop: "search.proto", everything: "all.proto", sample: "shop.proto"} {
		d := drafted(t, dir, file, func(*draft.Input) {})
		d.Name, d.URL = "drafted", "http://127.0.0.1:1"
		text := regexp.MustCompile(`(?m)^url:.*$`).ReplaceAllString(d.YAML(), "")
		p, problems := profile.Parse("plimsoll.yaml", []byte(text), profile.Surroundings{
			Env: func(string) (string, bool) { return "", false }, Read: func(path string) ([]byte, error) { return os.ReadFile(filepath.FromSlash(path)) },
		})
		if len(problems) > 0 {
			t.Fatalf("%v\n%s", problems, text)
		}
		pl, err := plan.Make(p, plan.Values{})
		if err != nil {
			t.Fatal(err)
		}
		if err := runner.Check(context.Background(), runner.System{Plan: pl}, runner.Config{}); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
}

func TestKeepsAndProblems(t *testing.T) {
	d := drafted(t, shop, "search.proto", func(in *draft.Input) {
		in.Keeps = func(name string, _ ...string) bool { return strings.HasSuffix(name, "/Query") }
	})
	if len(d.Rows) != 1 || d.Rows[0].Operation != "shop.v1.Search/Query" {
		t.Errorf("kept %+v", d.Rows)
	}
	for _, set := range [][]byte{[]byte("no set"), nil} {
		if _, err := grpc.Source(grpc.Described{})(draft.Input{Name: "api.binpb", Data: set}); err == nil {
			t.Error("nothing is drafted without an error")
		}
	}
}
