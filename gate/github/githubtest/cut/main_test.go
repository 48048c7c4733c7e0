package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pack writes a package with these files, in the order of their names.
func pack(t *testing.T, files [][2]string) string {
	t.Helper()
	var b bytes.Buffer
	plain := gzip.NewWriter(&b)
	archive := tar.NewWriter(plain)
	for _, file := range files {
		if err := archive.WriteHeader(&tar.Header{Name: file[0], Mode: 0o644, Size: int64(len(file[1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(file[1])); err != nil {
			t.Fatal(err)
		}
	}
	if archive.Close() != nil || plain.Close() != nil {
		t.Fatal("cannot pack")
	}
	path := filepath.Join(t.TempDir(), "package.tgz")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// operationsOf are paths on which each operation that is cut refers to a circle of two schemas.
func operationsOf(t *testing.T) string {
	t.Helper()
	paths := map[string]map[string]any{"/not/used": {"get": map[string]any{"$ref": "#/components/schemas/unused"}}}
	for _, operation := range operations {
		method, path, _ := strings.Cut(operation, " ")
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][method] = map[string]any{
			"summary": "prose", "tags": []string{"prose"}, "x-octokit": "prose",
			"responses": map[string]any{"200": map[string]any{
				"description": "prose",
				"content":     map[string]any{"application/json": map[string]any{"example": "prose", "schema": map[string]any{"$ref": "#/components/schemas/a"}}},
			}},
		}
	}
	text, err := json.Marshal(paths)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCut(t *testing.T) {
	schemas := `{"a":{"type":"object","description":"prose","properties":{"description":{"type":"string","description":"prose"},
		"properties":{"type":"object","title":"prose","properties":{"title":{"type":"string"}}},"b":{"$ref":"#/components/schemas/b"}}},
		"b":{"type":"array","items":{"$ref":"#/components/schemas/a"}},"unused":{}}`
	about := [2]string{"package/package.json", `{"name":"@octokit/openapi","version":"1.2.3","license":"MIT"}`}
	whole := [2]string{
		"package/generated/api.github.com.json",
		`{"openapi":"3.0.3","paths":` + operationsOf(t) + `,"components":{"schemas":` + schemas + `}}`,
	}
	var b bytes.Buffer
	if err := run([]string{pack(t, [][2]string{whole, about})}, &b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Info       map[string]any
		Paths      map[string]map[string]any
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, b.String())
	}
	if got.Info["x-source"] != "npm package @octokit/openapi 1.2.3, generated/api.github.com.json" || len(got.Components.Schemas) != 2 || got.Paths["/not/used"] != nil {
		t.Errorf("got %s", b.String())
	}
	if strings.Contains(b.String(), "prose") {
		t.Errorf("there is prose left in %s", b.String())
	}
	if want := `"a":{"properties":{"b":{"$ref":"#/components/schemas/b"},"description":{"type":"string"},"properties":{"properties":{"title":{"type":"string"}},"type":"object"}},"type":"object"}`; !strings.Contains(b.String(), want) {
		t.Errorf("a schema became another in %s", b.String())
	}
	for name, args := range map[string][]string{
		"no argument": {}, "no file": {filepath.Join(t.TempDir(), "none")}, "no description": {pack(t, [][2]string{about})},
		"no operation": {pack(t, [][2]string{about, {whole[0], `{"paths":{}}`}})},
	} {
		if err := run(args, &b); err == nil {
			t.Errorf("%s, and nobody minds", name)
		}
	}
}
