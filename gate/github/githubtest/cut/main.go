// Command cut reduces GitHub's OpenAPI description to the operations that githubtest serves and
// the schemas that they refer to, without prose and examples. Its input is the packed npm package
// @octokit/openapi:
//
//	npm pack @octokit/openapi@23.0.2
//	go run ./gate/github/githubtest/cut octokit-openapi-23.0.2.tgz > gate/github/githubtest/testdata/openapi.json
//
// The output names the package, its version and its licence. The same package gives the same bytes.
package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// operations are the operations of GitHub's REST API that githubtest serves.
var operations = []string{
	"get /user",
	"get /repos/{owner}/{repo}/issues",
	"post /repos/{owner}/{repo}/issues",
	"patch /repos/{owner}/{repo}/issues/{issue_number}",
	"get /repos/{owner}/{repo}/issues/{issue_number}/comments",
	"post /repos/{owner}/{repo}/issues/{issue_number}/comments",
	"patch /repos/{owner}/{repo}/issues/comments/{comment_id}",
	"delete /repos/{owner}/{repo}/issues/comments/{comment_id}",
	"get /repos/{owner}/{repo}/issues/{issue_number}/events",
	"get /repos/{owner}/{repo}/pulls",
	"get /repos/{owner}/{repo}/pulls/{pull_number}",
	"get /repos/{owner}/{repo}/compare/{basehead}",
	"get /repos/{owner}/{repo}/commits",
	"get /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
	"get /repos/{owner}/{repo}/commits/{ref}/check-runs",
	"post /repos/{owner}/{repo}/check-runs",
	"patch /repos/{owner}/{repo}/check-runs/{check_run_id}",
	"get /repos/{owner}/{repo}/actions/runs",
	"get /repos/{owner}/{repo}/actions/runs/{run_id}",
}

// prose lists the keys that are for people and validate nothing.
var prose = []string{
	"description", "summary", "example", "examples", "tags", "externalDocs", "operationId", "title",
	"headers", "links", "callbacks",
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "cut:", err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: cut OCTOKIT-OPENAPI.tgz > openapi.json")
	}
	files, err := unpack(args[0], "package/package.json", "package/generated/api.github.com.json")
	if err != nil {
		return fmt.Errorf("read the package %s: %w", args[0], err)
	}
	about, whole := files[0], files[1]
	c := cutter{from: object(whole["components"]), parts: map[string]map[string]any{}}
	paths := map[string]map[string]any{}
	for _, operation := range operations {
		method, path, _ := strings.Cut(operation, " ")
		found := object(object(whole["paths"])[path])[method]
		if found == nil {
			return fmt.Errorf("the description has no operation %s", operation)
		}
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][method] = c.clean(found, false)
	}
	return write(w, about, whole["openapi"], paths, c.parts)
}

// unpack reads JSON files from a packed npm package.
func unpack(path string, names ...string) ([]map[string]any, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	plain, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	found := make([]map[string]any, len(names))
	for archive := tar.NewReader(plain); slices.ContainsFunc(found, func(m map[string]any) bool { return m == nil }); {
		header, err := archive.Next()
		if err != nil {
			return nil, fmt.Errorf("look for %s: %w", strings.Join(names, " and "), err)
		}
		if i := slices.Index(names, header.Name); i >= 0 {
			if err := json.NewDecoder(archive).Decode(&found[i]); err != nil {
				return nil, fmt.Errorf("read %s: %w", header.Name, err)
			}
		}
	}
	return found, nil
}

// cutter collects the components that cleaned values refer to.
type cutter struct {
	from  map[string]any            // all components, by kind and name
	parts map[string]map[string]any // those with a reference to them
}

// clean returns a value without prose. Below properties all keys are kept: they name fields.
func (c *cutter) clean(value any, properties bool) any {
	switch value := value.(type) {
	case []any:
		cleaned := make([]any, len(value))
		for i, one := range value {
			cleaned[i] = c.clean(one, false)
		}
		return cleaned
	case map[string]any:
		cleaned := map[string]any{}
		for key, one := range value {
			if !properties && (slices.Contains(prose, key) || strings.HasPrefix(key, "x-")) {
				continue
			}
			cleaned[key] = c.clean(one, key == "properties" && !properties)
		}
		if to, ok := value["$ref"].(string); ok && !properties {
			c.take(to)
		} else if _, described := value["description"]; described && value["content"] != nil && !properties {
			cleaned["description"] = "" // a response must have one
		}
		return cleaned
	}
	return value
}

// take keeps the component that a reference names, such as #/components/schemas/team.
func (c *cutter) take(reference string) {
	parts := strings.Split(reference, "/")
	kind, name := parts[len(parts)-2], parts[len(parts)-1]
	if _, taken := c.parts[kind][name]; taken {
		return
	}
	if c.parts[kind] == nil {
		c.parts[kind] = map[string]any{}
	}
	c.parts[kind][name] = nil // ends a cycle of references
	c.parts[kind][name] = c.clean(object(c.from[kind])[name], false)
}

// write writes each path and component on its own line, sorted by name.
func write(w io.Writer, about map[string]any, version any, paths map[string]map[string]any, parts map[string]map[string]any) error {
	b := bufio.NewWriter(w)
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	var failed error
	put := func(value any) { failed = errors.Join(failed, encoder.Encode(value)) }
	text := func(s string) { _, _ = b.WriteString(s) } // Flush reports the error

	text(`{"openapi":`)
	put(version)
	text(`,"info":`)
	put(map[string]any{
		"title":    "GitHub's REST API, cut to what Plimsoll uses",
		"version":  about["version"],
		"license":  map[string]any{"name": about["license"]},
		"x-source": fmt.Sprintf("npm package %v %v, generated/api.github.com.json", about["name"], about["version"]),
	})
	text(`,"paths":`)
	lines(text, put, paths)
	text(`,"components":{`)
	for i, kind := range slices.Sorted(maps.Keys(parts)) {
		text(strings.Repeat(",", min(i, 1)) + `"` + kind + `":`)
		lines(text, put, parts[kind])
	}
	text("}}\n")
	return errors.Join(failed, b.Flush())
}

func lines[V any](text func(string), put func(any), values map[string]V) {
	text("{\n")
	for i, name := range slices.Sorted(maps.Keys(values)) {
		text(strings.Repeat(",", min(i, 1)) + `"` + name + `":`)
		put(values[name])
	}
	text("}")
}

// object is value as a JSON object; nil for anything else.
func object(value any) map[string]any {
	m, _ := value.(map[string]any)
	return m
}
