package descriptor_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/plimsoll-ci/plimsoll/runner/descriptor"
)

// reading reads from files in memory.
func reading(files map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, fmt.Errorf("open %s: %w", path, fs.ErrNotExist)
	}
}

// Files are found under their roots, the types of Google without one, and the set holds them all.
func TestCompile(t *testing.T) {
	files := map[string]string{
		"api/shop/search.proto":         "syntax = \"proto3\"; import \"shop/item.proto\"; import \"google/protobuf/timestamp.proto\"; import \"google/rpc/status.proto\"; message A { Item i = 1; google.protobuf.Timestamp t = 2; google.rpc.Status s = 3; }",
		"api/shop/item.proto":           "syntax = \"proto2\"; message Item { required int32 id = 1; }",
		"third/google/rpc/status.proto": "edition = \"2023\"; package google.rpc; message Status { int32 code = 1; }",
	}
	var sets [][]byte
	for _, names := range [][]string{{"shop/search.proto"}, {"api/shop/search.proto"}, {"./api/shop/search.proto"}, {`api\shop\search.proto`}} {
		set, err := descriptor.Compile(names, []string{"./api", "third/"}, reading(files))
		if err != nil {
			t.Fatalf("%v: %v", names, err)
		}
		sets = append(sets, set)
	}
	for _, set := range sets {
		if !bytes.Equal(set, sets[0]) {
			t.Error("equal files give other bytes")
		}
	}
	linked, err := descriptor.Files(sets[0])
	if err != nil || linked.NumFiles() != 4 {
		t.Fatalf("%d files, %v", linked.NumFiles(), err)
	}
	if _, err := linked.FindDescriptorByName("google.protobuf.Timestamp"); err != nil {
		t.Error(err)
	}
}

func TestCompileExplains(t *testing.T) {
	files := map[string]string{
		"annotated.proto": "syntax = \"proto3\";\n\nimport \"google/api/annotations.proto\";\n",
		"future.proto":    "edition = \"2024\";\n",
		"unknown.proto":   "syntax = \"proto3\";\nmessage A { B b = 1; }\n",
		"syntax.proto":    "syntax = \"proto3\";\nmessage A { int32 b = 1 }\n",
		"loop.proto":      "syntax = \"proto3\";\nimport \"loop.proto\";\n",
		"around.proto":    "syntax = \"proto3\";\nimport \"back.proto\";\n",
		"back.proto":      "syntax = \"proto3\";\nimport \"around.proto\";\n",
		"deep.proto":      "syntax = \"proto3\";\n" + strings.Repeat("message A {", 100_000) + strings.Repeat("}", 100_000),
		"option.proto":    "syntax = \"proto3\";\nimport \"google/protobuf/descriptor.proto\";\nextend google.protobuf.FileOptions { string a = 50000; }\noption (a) = " + strings.Repeat("[", 100_000),
		"large.proto":     "syntax = \"proto3\";\n//" + strings.Repeat(" ", 65<<20),
		"binary.proto":    "\x00\xff",
		"empty.proto":     "",
	}
	for name, want := range map[string]string{
		"annotated.proto": "annotated.proto:3:8: google/api/annotations.proto is nowhere under api, .; add its root to import",
		"nowhere.proto":   "nowhere.proto is nowhere under api, .; add its root to import",
		"future.proto":    "future.proto:1:11: edition 2024 is not read yet; make a protoset: protoc --include_imports -o api.binpb future.proto",
		"unknown.proto":   "unknown.proto:2:13: field A.b: unknown type B",
		"syntax.proto":    "syntax.proto:2:25: syntax error: expecting ';'",
		"loop.proto":      `cycle found in imports: "loop.proto" -> "loop.proto"`,
		"around.proto":    `cycle found in imports`,
		"deep.proto":      "deep.proto is nested more than 200 levels deep",
		"option.proto":    "option.proto is nested more than 200 levels deep",
		"large.proto":     "larger than 64 MiB together",
		"binary.proto":    "binary.proto:1:1: ",
	} {
		_, err := descriptor.Compile([]string{name}, []string{"api", "."}, reading(files))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if _, err := descriptor.Compile([]string{"empty.proto"}, nil, reading(files)); err != nil {
		t.Error(err)
	}
	_, err := descriptor.Compile([]string{"dir"}, nil, func(name string) ([]byte, error) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	})
	if err == nil || err.Error() != "read dir: is a directory" {
		t.Error(err)
	}
}

// The error lists each mistake that the compiler finds, once and in the order of their places.
func TestCompileTellsAll(t *testing.T) {
	files := map[string]string{
		"a.proto":    "syntax = \"proto3\";\n\nmessage A { int32 k = 19000; string s = 1; int32 n = 1; }\n",
		"b.proto":    "syntax = \"proto3\";\nenum E { A = 1; }\n",
		"many.proto": "syntax = \"proto3\";\n" + strings.Repeat("message A { int32 k = 19000; }\n", 30),
	}
	for name, want := range map[string]string{
		"b.proto a.proto": "a.proto:3:23: tag number 19000 is in disallowed reserved range 19000-19999\na.proto:3:54: message A: fields s and n both have the same tag 1\n" +
			"b.proto:2:14: enum E: proto3 requires that first value of enum have numeric value zero",
		"many.proto": strings.Join(slices.Collect(func(yield func(string) bool) {
			for i := range 20 {
				yield(fmt.Sprintf("many.proto:%d:23: tag number 19000 is in disallowed reserved range 19000-19999", i+2))
			}
			yield("10 more mistakes in .proto files")
		}), "\n"),
	} {
		if _, err := descriptor.Compile(strings.Fields(name), nil, reading(files)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// A file may be named by its absolute path, wherever its imports are.
func TestCompileAbsolute(t *testing.T) {
	set, err := descriptor.Compile([]string{"/api/a.proto"}, []string{"third"}, reading(map[string]string{
		"/api/a.proto": "syntax = \"proto3\"; import \"b.proto\"; message A { B b = 1; }", "third/b.proto": "syntax = \"proto3\"; message B {}",
	}))
	if err != nil || len(set) == 0 {
		t.Error(err)
	}
}

// A description may import more files than anybody has written.
func TestCompileIsBounded(t *testing.T) {
	n := 0
	_, err := descriptor.Compile([]string{"0.proto"}, nil, func(string) ([]byte, error) {
		n++
		return fmt.Appendf(nil, "syntax = \"proto3\"; import \"%d.proto\"; import \"x%d.proto\";", n, n), nil
	})
	if err == nil || !strings.Contains(err.Error(), "the files are more than 1000") {
		t.Errorf("%v after %d files", err, n)
	}
}

func TestProtoset(t *testing.T) {
	set := func(files ...*descriptorpb.FileDescriptorProto) []byte {
		content, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: files})
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	file := func(name string, imports ...string) *descriptorpb.FileDescriptorProto {
		return &descriptorpb.FileDescriptorProto{Name: &name, Dependency: imports}
	}
	long := []*descriptorpb.FileDescriptorProto{file("0")}
	for i := range 1_000 {
		long = append([]*descriptorpb.FileDescriptorProto{file(fmt.Sprint(i+1), fmt.Sprint(i))}, long...)
	}
	many := []*descriptorpb.FileDescriptorProto{}
	for i := range 10_001 {
		many = append(many, file(fmt.Sprint(i)))
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"good":         {set(file("a", "b", "google/protobuf/any.proto"), file("b")), ""},
		"twice":        {set(file("a"), file("a")), ""},
		"nothing":      {nil, "it describes nothing"},
		"garbage":      {[]byte("syntax = proto3"), "it is no set of descriptors"},
		"no imports":   {set(file("a", "b")), "it lacks b, which a imports; make it with: protoc --include_imports"},
		"a loop":       {set(file("a", "b"), file("b", "a")), "a imports itself"},
		"long":         {set(long...), "more than 500 levels deep"},
		"many":         {set(many...), "it has more than 10000 files"},
		"an unknown":   {set(&descriptorpb.FileDescriptorProto{Name: proto.String("a"), MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("A"), Field: []*descriptorpb.FieldDescriptorProto{{Name: proto.String("b"), Number: proto.Int32(1), Type: descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), TypeName: proto.String(".B")}}}}}), "a: "},
		"edition 2024": {set(&descriptorpb.FileDescriptorProto{Name: proto.String("a"), Syntax: proto.String("editions"), Edition: descriptorpb.Edition_EDITION_2024.Enum()}), ""},
	} {
		_, err := descriptor.Protoset(c.content)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
