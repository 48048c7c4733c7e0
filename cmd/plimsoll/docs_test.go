package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocs checks every profile on the pages and runs every command, in the order of the page. A
// command must exit with 0, or with N if the comment after it says "exits N".
//
// Each page has its own directory, with an empty home and a small service to build. The page's first
// profile is its plimsoll.yaml, unless the page runs plimsoll init, and its first programs in Python and JavaScript
// are locustfile.py and script.js. Its first CSV is results.jtl. The load is made short.
func TestDocs(t *testing.T) {
	bin := buildPrograms(t)
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("there are no pages: %v", err)
	}
	for _, page := range append(pages, "../../README.md", "../../CONTRIBUTING.md") {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text := readFile(t, page)
			dir := t.TempDir()
			files := map[string]string{"main.go": docsService, "go.mod": "module example.com/catalogue\n\ngo 1.24\n", "openapi.yaml": docsAPI, "products.csv": "sku,name\nSKU-1,Tent\nSKU-2,Boots\n"}
			maps.Copy(files, docsGraphQL)
			for _, proto := range []string{"api/search.proto", "api/types.proto"} {
				files[proto] = readFile(t, "../../testdata/profiles/files/"+proto)
			}
			for i, profile := range blocks(text, "yaml") {
				if !regexp.MustCompile(`(?m)^target:`).MatchString(profile) {
					continue // a workflow, or a part
				}
				name := fmt.Sprintf("profile-%d.yaml", i)
				files[name] = profile
				if files["plimsoll.yaml"] == "" && !strings.Contains(text, "\nplimsoll init ") {
					files["plimsoll.yaml"] = profile
				}
				defer docsRun(t, bin, dir, "plimsoll check "+name)
			}
			files["api/openapi.yaml"] = docsDescription
			for language, name := range map[string]string{"python": "locustfile.py", "js": "script.js", "csv": "results.jtl"} {
				if scripts := blocks(text, language); len(scripts) > 0 {
					files[name] = scripts[0]
				}
			}
			for name, content := range files {
				if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			said := ""
			for _, block := range blocks(text, "sh") {
				for line := range strings.Lines(block) {
					said += docsRun(t, bin, dir, strings.TrimSpace(line))
				}
			}
			for _, block := range blocks(text, "text") {
				if strings.HasPrefix(block, "api/openapi.yaml: ") && !strings.Contains(said, block) {
					t.Errorf("no command of the page prints\n%s", block)
				}
			}
		})
	}
}

// docsService is the service that the profiles on the pages start.
const docsService = `package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	answer := func(pattern string, status int, text string) {
		http.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, text)
		})
	}
	answer("/", 200, "{\"items\": [{\"id\": 1}], \"token\": \"t\"}")
	answer("POST /items", 201, "{\"id\": 7}")
	answer("/users/", 404, "{}")
	addr := "127.0.0.1:" + os.Getenv("PORT")
	if len(os.Args) > 2 {
		addr = os.Args[2]
	}
	fmt.Println(http.ListenAndServe(addr, nil))
}
`

// docsAPI is the description of an API that a profile on the pages names.
const docsAPI = `openapi: 3.1.0
info: {title: Pets, version: "1"}
paths:
  /pets: {get: {responses: {}}, post: {tags: [admin], responses: {}}, put: {deprecated: true, responses: {}}}
  /users/{id}: {delete: {responses: {}}}
`

// docsDescription describes the service.
const docsDescription = `openapi: 3.0.3
info: {title: Catalogue, version: 1.0.0}
paths:
  /items:
    get: {parameters: [{name: sort, in: query, required: true, schema: {type: string, enum: [name, price]}}], responses: {200: {description: ok}}}
    post:
      requestBody: {content: {application/json: {schema: {type: object, required: [name], properties: {name: {type: string}}}}}}
      responses: {201: {description: ok, content: {application/json: {schema: {type: object, properties: {id: {type: integer}}}}}}}
  /items/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get: {responses: {200: {description: ok}}}
    delete: {responses: {200: {description: ok}}}
  /users/{login}: {get: {parameters: [{name: login, in: path, required: true, schema: {type: string}}], responses: {200: {description: ok}}}}
  /old: {get: {deprecated: true, responses: {200: {description: ok}}}}
`

// docsGraphQL are the files of GraphQL that profiles on the pages name.
var docsGraphQL = map[string]string{
	"schema.graphql":    "type Query { top(n: Int!): [Item!]! } type Mutation { add(sku: ID!, quantity: Int!): Item } type Item { id: ID! score: Float name: String }",
	"cart.graphql":      "mutation AddToCart($sku: ID!, $quantity: Int!) { add(sku: $sku, quantity: $quantity) { ...Parts } } query Cart { top(n: 1) { id } }",
	"fragments.graphql": "fragment Parts on Item { id name }",
}

// blocks returns a page's fenced blocks in a language.
func blocks(page, language string) (found []string) {
	for _, match := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```").FindAllStringSubmatch(page, -1) {
		found = append(found, match[1])
	}
	return found
}

var saysStatus = regexp.MustCompile(`# exits (\d)`)

// docsRun runs one line of a page and returns its output. For make it only checks that the target exists.
func docsRun(t *testing.T, bin, dir, line string) string {
	t.Helper()
	if target, isMake := strings.CutPrefix(line, "make "); isMake {
		if !strings.Contains(readFile(t, "../../Makefile"), "\n"+target+":") {
			t.Errorf("%s: the Makefile has no such target", line)
		}
		return ""
	}
	want := "0"
	if match := saysStatus.FindStringSubmatch(line); match != nil {
		want = match[1]
	}
	env := []string{
		"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GOCACHE=" + goEnv(t, "GOCACHE"),
		"PLIMSOLL_RUN_TIME=600ms", "PLIMSOLL_USERS=4", "PLIMSOLL_SPAWN_RATE=100", "API_TOKEN=token", "SHOP_PASSWORD=password",
	}
	for try := 0; ; try++ {
		command := exec.Command("sh", "-c", line)
		command.Dir, command.Env = dir, env
		output, err := command.CombinedOutput()
		got := fmt.Sprint(command.ProcessState.ExitCode())
		if got == want {
			return string(output)
		}
		if try == busyRetries || !busy.Match(output) {
			t.Errorf("%s: exits %s, want %s (%v)\n%s", line, got, want, err, output)
			return ""
		}
		retried.add("docs")
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	value, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(value))
}

// TestDocsWorkflows keeps the workflows in docs/github.md equal to those that plimsoll init writes.
func TestDocsWorkflows(t *testing.T) {
	shown := blocks(readFile(t, "../../docs/github.md"), "yaml")
	files, err := filepath.Glob("internal/starter/files/*.yml")
	if err != nil || len(files) != len(shown) {
		t.Fatalf("%d workflows are shown, there are %v, %v", len(shown), files, err)
	}
	for _, file := range files {
		if !slices.Contains(shown, readFile(t, file)) {
			t.Errorf("docs/github.md does not show %s as it is", file)
		}
	}
}

// TestDocsKubernetes keeps the manifest and the Dockerfile in docs/scale.md equal to those that plimsoll init kubernetes writes.
func TestDocsKubernetes(t *testing.T) {
	page := readFile(t, "../../docs/scale.md")
	for language, file := range map[string]string{"yaml": "kubernetes.yaml", "dockerfile": "Dockerfile"} {
		want := strings.TrimSuffix(readFile(t, "internal/starter/files/"+file), "---\n")
		if !slices.Contains(blocks(page, language), want) {
			t.Errorf("docs/scale.md does not show %s as it is:\n%s", file, want)
		}
	}
}

// TestPictures holds the pictures in docs against those that pages show and those that `make screenshot` takes.
func TestPictures(t *testing.T) {
	all := map[string]bool{}
	files, err := filepath.Glob("../../docs/*.png")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		all[strings.TrimSuffix(filepath.Base(file), ".png")] = true
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, page := range append(pages, "../../README.md") {
		for _, match := range regexp.MustCompile(`!\[[^]]+\]\((?:docs/)?([^)/]+)\.png\)`).FindAllStringSubmatch(readFile(t, page), -1) {
			shown[match[1]] = true
		}
	}
	taken := map[string]bool{}
	if line := regexp.MustCompile(`(?m)^pictures := (.*)$`).FindStringSubmatch(readFile(t, "../../Makefile")); line != nil {
		for _, picture := range strings.Fields(line[1]) {
			name, _, _ := strings.Cut(picture, ":")
			taken[path.Base(name)] = true
		}
	}
	if len(all) == 0 || !maps.Equal(all, shown) || !maps.Equal(all, taken) {
		t.Errorf("docs has the pictures %v, the pages show %v, and make screenshot takes %v", all, shown, taken)
	}
}

// TestReadmeComment keeps the comment in README equal to the one that the gate writes.
func TestReadmeComment(t *testing.T) {
	comment, _, _ := strings.Cut(readFile(t, "../../gate/report/testdata/fail.md"), "\n<details>")
	if !strings.Contains(readFile(t, "../../README.md"), comment) {
		t.Errorf("README.md does not show the comment as it is now:\n%s", comment)
	}
}
