package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/plimsoll-ci/plimsoll/"

// listed holds the fields of go list's output that are used.
type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	Imports, Deps   []string
}

// TestArchitecture compares the table of rooms in docs/architecture.md with the packages.
func TestArchitecture(t *testing.T) {
	rooms := readRooms(t)
	for _, p := range listPackages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		allowed, ok := rooms[path]
		if !ok {
			t.Errorf("the package %s is no room of docs/architecture.md", path)
			continue
		}
		delete(rooms, path)
		if slices.Contains(allowed, "everything") {
			continue
		}
		for _, imported := range p.Imports {
			ours, isOurs := strings.CutPrefix(imported, module)
			if isOurs && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, which docs/architecture.md does not allow", path, ours)
			}
		}
		for _, dep := range allowed {
			if !slices.Contains(p.Imports, module+dep) && dep != "none" {
				t.Errorf("docs/architecture.md lets %s import %s, but it does not: remove it there", path, dep)
			}
		}
		checkPurity(t, path, p)
	}
	for path := range rooms {
		t.Errorf("the room %s of docs/architecture.md is no package", path)
	}
}

// TestWhereToLookFirst opens every place that docs/architecture.md sends a new reader to.
func TestWhereToLookFirst(t *testing.T) {
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Where to look first\n")
	section, _, _ = strings.Cut(section, "\n## ")
	places := regexp.MustCompile("`([^` ]+)`").FindAllStringSubmatch(section, -1)
	if len(places) < 10 {
		t.Fatalf("docs/architecture.md sends a reader to %d places", len(places))
	}
	for _, place := range places {
		if _, err := os.Stat(filepath.Join("../..", place[1])); err != nil {
			t.Errorf("docs/architecture.md sends a reader to %s: %v", place[1], err)
		}
	}
}

// pure lists the rooms whose outputs depend only on their inputs.
var pure = []string{
	"runner/profile", "runner/profile/strict", "runner/plan", "runner/descriptor", "gate", "gate/stats", "gate/bottleneck", "gate/history", "gate/backtest", "gate/report", "gate/report/chart", "gate/report/html",
	"gate/report/locust", "gate/report/junit", "gate/report/export",
}

func checkPurity(t *testing.T, path string, p listed) {
	t.Helper()
	if path == "runner" || strings.HasPrefix(path, "runner/") {
		for _, dep := range p.Deps {
			ours := strings.TrimPrefix(dep, module)
			if room, _, _ := strings.Cut(ours, "/"); ours != dep && (room == "gate" || room == "baseline") {
				t.Errorf("%s imports %s: measuring must not depend on judging or remembering", path, ours)
			}
		}
	}
	if !slices.Contains(pure, path) {
		return
	}
	for _, impure := range []string{"os", "os/exec", "net", "net/http", "database/sql"} {
		if slices.Contains(p.Imports, impure) {
			t.Errorf("%s imports %s: it computes and does nothing else", path, impure)
		}
	}
	for _, name := range p.GoFiles {
		for _, call := range clockCalls(t, filepath.Join(p.Dir, name)) {
			t.Errorf("%s looks at the clock: %s", path, call)
		}
	}
}

// clockCalls lists the places in a file that read the clock.
func clockCalls(t *testing.T, file string) (found []string) {
	t.Helper()
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if of, ok := selector.X.(*ast.Ident); ok && of.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After"}, selector.Sel.Name) {
			found = append(found, files.Position(n.Pos()).String())
		}
		return true
	})
	return found
}

// readRooms reads which rooms each room may import.
func readRooms(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Rooms\n")
	table, _, _ = strings.Cut(table, "\nBeside the table")
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|[^|]*\\|([^|]*)\\|[^|]*\\|$")
	rooms := map[string][]string{}
	for _, match := range row.FindAllStringSubmatch(table, -1) {
		var allowed []string
		for name := range strings.SplitSeq(match[2], ",") {
			allowed = append(allowed, strings.Trim(strings.TrimSpace(name), "`"))
		}
		rooms[match[1]] = allowed
	}
	if len(rooms) < 10 {
		t.Fatalf("docs/architecture.md has no table of rooms: %v", rooms)
	}
	return rooms
}

func listPackages(t *testing.T) (packages []listed) {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports,Deps", "./...", "./testdata/shop/...", "./testdata/peers", "./testdata/faults", "./testdata/ageing", "./testdata/kubernetes")
	command.Dir = "../.."
	output, err := command.Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	for decoder := json.NewDecoder(strings.NewReader(string(output))); decoder.More(); {
		var p listed
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 { // a package of tests alone is no room
			packages = append(packages, p)
		}
	}
	return packages
}
