// Package action_test runs the action as users do: real workflow files of a small repository,
// through act in host mode, with baselines in a real PostgreSQL and a stand-in for GitHub.
//
// It takes about a minute, most of it for building plimsoll and the small service. act models
// no permissions, no concurrency and no rules for forks, and sets INPUT_* for composite
// actions, which GitHub does not; the action reads none of them.
package action_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const pullRequest = 7

// TestWorkflow is the life of a repository: main records baselines, a pull request that
// changes nothing passes, one that makes the service slower is measured five times and fails,
// in a new comment that takes the place of the old one.
func TestWorkflow(t *testing.T) {
	if testing.Short() {
		t.Skip("builds whole programs; make test runs it")
	}
	r := newRepository(t)
	for range 2 {
		r.act("push", map[string]any{"ref": "refs/heads/main"}).want(t, true, `Recorded run [0-9a-f]{12} of greeter as a baseline on main`)
	}

	r.age(10)

	r.git("switch", "--quiet", "--create", "faster-docs")
	r.write("README.md", "A greeter.\n")
	r.commit("docs: say what it is")
	r.act("pull_request", r.event()).want(t, true, `told: verdict=pass exit-code=0 comment=https://github\.com/example/greeter/pull/7`, `report: ### ✅ Plimsoll`)
	r.wantComment(`### ✅ Plimsoll: \*\*pass\*\*: 1 route within limits`)
	before := r.hub.Comments(pullRequest)[0].ID

	source := r.read("main.go")
	r.write("main.go", strings.Replace(source, "rounds = 2_000", "rounds = 20_000", 1))
	r.commit("greeter: greet with more care")
	r.act("pull_request", r.event()).want(t, false, `told: verdict=fail exit-code=1`, `GET /greeting: p50 is [0-9.]+ %.* slower`)
	r.wantComment(`### ❌ Plimsoll: \*\*fail\*\*: 1 route is slower`)
	if after := r.hub.Comments(pullRequest)[0].ID; after == before {
		t.Errorf("the comment %d was edited, of which nobody hears", before)
	}
}

// age records copies of the newest run as of earlier days: it takes ten runs to fail anything.
func (r *repository) age(days int) {
	r.t.Helper()
	store, err := postgres.Open(r.t.Context(), r.database)
	if err != nil {
		r.t.Fatal(err)
	}
	defer store.Close()
	newest, err := store.Window(r.t.Context(), baseline.Query{Limit: 1})
	if err != nil || len(newest) != 1 {
		r.t.Fatalf("%d runs, %v", len(newest), err)
	}
	for day := range days {
		run := *newest[0].Result
		run.Started = run.Started.AddDate(0, 0, -1-day)
		if _, _, err := store.Put(r.t.Context(), &run); err != nil {
			r.t.Fatal(err)
		}
	}
}

// repository is a clone of the small repository on a machine with its own home.
type repository struct {
	t        *testing.T
	dir      string
	home     string
	action   string // a clean copy of this repository, which the workflow uses
	database string
	hub      *githubtest.Server
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{
		t: t, dir: filepath.Join(t.TempDir(), "greeter"), home: t.TempDir(), action: copyOfAction(t),
		database: pgtest.Database(t), hub: githubtest.New(t, "example/greeter"),
	}
	if err := os.CopyFS(r.dir, os.DirFS("testdata/repository")); err != nil {
		t.Fatal(err)
	}
	r.write(".github/workflows/plimsoll.yml", readmeWorkflow(t)+lookAtOutputs)
	r.git("init", "--quiet", "--initial-branch=main")
	r.git("remote", "add", "origin", "https://github.com/example/greeter.git")
	r.commit("greeter: the first greeting")
	return r
}

// readmeWorkflow is the workflow that README shows, for which this test stands.
func readmeWorkflow(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(string(text), "```yaml\n") {
		if workflow, _, _ := strings.Cut(block, "```"); strings.Contains(workflow, "uses: plimsoll-ci/plimsoll@") {
			return strings.Replace(workflow, "- uses: plimsoll-ci/plimsoll@main", "- id: plimsoll\n        uses: plimsoll-ci/plimsoll@main", 1)
		}
	}
	t.Fatal("README.md shows no workflow")
	return ""
}

// lookAtOutputs is a step that shows what the action tells the steps after it.
const lookAtOutputs = `      - if: always()
        env:
          VERDICT: ${{ steps.plimsoll.outputs.verdict }}
          STATUS: ${{ steps.plimsoll.outputs.exit-code }}
          COMMENT: ${{ steps.plimsoll.outputs.comment-url }}
          RESULT: ${{ steps.plimsoll.outputs.result }}
          REPORT: ${{ steps.plimsoll.outputs.report }}
        run: |
          test -s "$RESULT"
          echo "told: verdict=$VERDICT exit-code=$STATUS comment=$COMMENT"
          if [ -n "$REPORT" ]; then sed 's/^/report: /' "$REPORT"; fi
`

// copyOfAction is what git would give of this repository: nothing built, nothing ignored.
func copyOfAction(t *testing.T) string {
	t.Helper()
	into := filepath.Join(t.TempDir(), "plimsoll")
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = "../.."
	names, err := list.Output()
	if err != nil {
		t.Fatalf("list the action's files: %v", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		from := filepath.Join("../..", name)
		info, err := os.Stat(from)
		if err != nil {
			continue // deleted, and not yet committed
		}
		data, err := os.ReadFile(from)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(into, name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(into, name), data, info.Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return into
}

func (r *repository) git(args ...string) string {
	r.t.Helper()
	command := exec.Command("git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.com"}, args...)...)
	command.Dir = r.dir
	output, err := command.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, output)
	}
	return strings.TrimSpace(string(output))
}

func (r *repository) commit(message string) {
	r.t.Helper()
	r.git("add", "--all")
	r.git("commit", "--quiet", "--message", message)
}

func (r *repository) read(name string) string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

func (r *repository) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// event is that of the pull request as it stands.
func (r *repository) event() map[string]any {
	r.hub.Pull(githubtest.Pull{Number: pullRequest, Head: "faster-docs", HeadSHA: r.git("rev-parse", "HEAD")})
	return map[string]any{"action": "synchronize", "number": pullRequest, "pull_request": map[string]any{
		"number": pullRequest,
		"head":   map[string]any{"sha": r.git("rev-parse", "HEAD"), "ref": "faster-docs", "repo": map[string]any{"full_name": "example/greeter"}},
		"base":   map[string]any{"ref": "main", "sha": r.git("rev-parse", "main")},
	}}
}

// outcome is what a workflow run came to.
type outcome struct {
	passed bool
	log    string
}

// act runs the workflows that an event triggers.
func (r *repository) act(event string, payload map[string]any) outcome {
	r.t.Helper()
	text, err := json.Marshal(payload)
	if err != nil {
		r.t.Fatal(err)
	}
	file := filepath.Join(r.home, "event.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		r.t.Fatal(err)
	}
	command := exec.Command(actBinary(r.t), event, "--eventpath", file,
		"--platform", "ubuntu-24.04=-self-hosted", "--pull=false", "--action-offline-mode",
		"--local-repository", "plimsoll-ci/plimsoll@main="+r.action,
		"--env", "GITHUB_API_URL="+r.hub.URL,
		"--secret", "GITHUB_TOKEN="+githubtest.Token, "--secret", "PLIMSOLL_DATABASE_URL="+r.database)
	command.Dir = r.dir
	command.Env = append(slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "GITHUB_") || strings.HasPrefix(variable, "PLIMSOLL_")
	}), "HOME="+r.home, "XDG_CACHE_HOME="+filepath.Join(r.home, "cache"))
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB"} { // of the real home
		command.Args = append(command.Args, "--env", name+"="+goEnv(r.t, name))
	}
	log, err := command.CombinedOutput()
	if strings.Contains(string(log), r.database) {
		r.t.Error("the database's URL, with its password, stands in the log")
	}
	return outcome{err == nil, string(log)}
}

func (o outcome) want(t *testing.T, passes bool, patterns ...string) {
	t.Helper()
	if o.passed != passes {
		t.Fatalf("the workflow passes: %v, want %v\n%s", o.passed, passes, o.log)
	}
	for _, pattern := range patterns {
		if !regexp.MustCompile(pattern).MatchString(o.log) {
			t.Fatalf("the log does not match %s:\n%s", pattern, o.log)
		}
	}
}

func (r *repository) wantComment(pattern string) {
	r.t.Helper()
	comments := r.hub.Comments(pullRequest)
	if len(comments) != 1 || !regexp.MustCompile(pattern).MatchString(comments[0].Body) {
		r.t.Fatalf("comments: %+v\nwant one that matches %s", comments, pattern)
	}
}

// actBinary is the pinned act, which make test builds.
func actBinary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("PLIMSOLL_ACT")
	if path == "" {
		path = "../../bin/tools/act"
	}
	path, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%v: build it with `make bin/tools/act`", err)
	}
	return path
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	value, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(value))
}
