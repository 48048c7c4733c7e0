//go:build real

package action_test

import (
	"encoding/json"
	"flag"
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

// repository is a clone of the small repository, with a home directory of its own.
type repository struct {
	t         *testing.T
	dir       string
	home      string
	action    string // a clean copy of this repository, for the workflows to use
	artifacts string
	database  string
	hub       *githubtest.Server
}

// apiKey is a secret of the repository. No run may write it anywhere; see secrets.
const apiKey = "key-of-the-greeter-4711"

// newRepository makes a repository with these starters as its workflows.
func newRepository(t *testing.T, workflows map[string]string) *repository {
	t.Helper()
	r := &repository{
		t: t, dir: filepath.Join(t.TempDir(), "greeter"), home: t.TempDir(), artifacts: t.TempDir(), action: copyOfAction(t),
		database: pgtest.Database(t), hub: githubtest.New(t, "example/greeter"),
	}
	if err := os.CopyFS(r.dir, os.DirFS("testdata/repository")); err != nil {
		t.Fatal(err)
	}
	for name, from := range workflows {
		text := readText(t, starters+from)
		if from != "comment.yml" {
			const uses = "- uses: plimsoll-ci/plimsoll@main"
			if last := strings.LastIndex(text, uses); last >= 0 { // the last step of the last job
				text = text[:last] + "- id: plimsoll\n        " + strings.TrimPrefix(text[last:], "- ")
			}
			text += lookAtOutputs
		}
		r.write(".github/workflows/"+name, text)
	}
	r.git("init", "--quiet", "--initial-branch=main")
	r.git("remote", "add", "origin", "https://github.com/example/greeter.git")
	r.commit("greeter: the first greeting")
	return r
}

// lookAtOutputs is a step that shows what the action tells the steps after it.
const lookAtOutputs = `      - if: always()
        env:
          VERDICT: ${{ steps.plimsoll.outputs.verdict }}
          STATUS: ${{ steps.plimsoll.outputs.exit-code }}
          COMMENT: ${{ steps.plimsoll.outputs.comment-url }}
          RESULT: ${{ steps.plimsoll.outputs.result }}
          REPORT: ${{ steps.plimsoll.outputs.report }}
          WORST: ${{ steps.plimsoll.outputs.worst-change }}
          COMPARED: ${{ steps.plimsoll.outputs.compared }}
          TOTAL: ${{ steps.plimsoll.outputs.total }}
        run: |
          test -s "$RESULT"
          echo "told: verdict=$VERDICT exit-code=$STATUS compared=$COMPARED/$TOTAL worst=$WORST comment=$COMMENT"
          if [ -n "$REPORT" ]; then sed 's/^/report: /' "$REPORT"; fi
`

// copyOfAction copies this repository as a clone would have it, without built or ignored files.
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
		if err != nil || info.IsDir() {
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
	return readText(r.t, filepath.Join(r.dir, name))
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

// slower commits a change that makes each greeting cost ten times the work.
func (r *repository) slower() {
	r.t.Helper()
	r.write("main.go", strings.Replace(r.read("main.go"), "rounds = 2_000", "rounds = 20_000", 1))
	r.commit("greeter: greet with more care")
}

func (r *repository) head() string {
	r.t.Helper()
	return r.git("rev-parse", "HEAD")
}

// age records copies of the newest run for earlier days: a gate needs ten runs before it may fail.
func (r *repository) age(days int) {
	r.t.Helper()
	newest := r.newest()
	store := r.store()
	for day := range days {
		run := *newest.Result
		run.Started = run.Started.AddDate(0, 0, -1-day)
		if _, _, err := store.Put(r.t.Context(), &run); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *repository) store() baseline.Store {
	r.t.Helper()
	store, err := postgres.Open(r.t.Context(), r.database)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = store.Close() })
	return store
}

// newest is the last recorded run.
func (r *repository) newest() baseline.Run {
	r.t.Helper()
	for run, err := range baseline.All(r.t.Context(), r.store(), baseline.Query{}) {
		if err != nil {
			r.t.Fatal(err)
		}
		return run
	}
	r.t.Fatal("no run is recorded")
	return baseline.Run{}
}

const pullRequest = 7

// pull is the present event of the pull request, whose head is in the repository from.
func (r *repository) pull(from string) map[string]any {
	return map[string]any{"action": "synchronize", "number": pullRequest, "pull_request": map[string]any{
		"number": pullRequest,
		"head":   map[string]any{"sha": r.head(), "ref": r.git("branch", "--show-current"), "repo": map[string]any{"full_name": from}},
		"base":   map[string]any{"ref": "main", "sha": r.git("rev-parse", "main")},
	}}
}

// outcome is how a workflow run ended.
type outcome struct {
	passed bool
	log    string
}

// busy matches what a run says when this machine, which other tests share, was too busy to judge.
var busy = regexp.MustCompile("the load generator was the bottleneck|the machine is too noisy|verdict=inconclusive")

// tries is how often a workflow runs until the machine is quiet enough: these tests need its verdict.
const tries = 10

// act runs the workflows that an event triggers, again when the machine was too busy to judge.
func (r *repository) act(event string, payload map[string]any) (o outcome) {
	r.t.Helper()
	silent := len(r.hub.Comments(pullRequest)) == 0
	for range tries {
		if o = r.actOnce(event, payload); !busy.MatchString(o.log) {
			break
		}
		if silent { // an inconclusive verdict is worth a comment
			r.hub.Delete(pullRequest)
		}
	}
	return o
}

func (r *repository) actOnce(event string, payload map[string]any) outcome {
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
		"--concurrent-jobs", "1", "--platform", "ubuntu-24.04=-self-hosted", "--pull=false", "--action-offline-mode",
		"--local-repository", "plimsoll-ci/plimsoll@main="+r.action,
		"--local-repository", "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02="+absolute(r.t, "testdata/upload-artifact"),
		"--local-repository", "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093="+absolute(r.t, "testdata/download-artifact"),
		"--env", "GITHUB_API_URL="+r.hub.URL, "--env", "TEST_ARTIFACTS="+r.artifacts, "--env", "GREETER_KEY="+apiKey,
		"--secret", "GITHUB_TOKEN="+githubtest.Token, "--secret", "PLIMSOLL_DATABASE_URL="+r.database)
	command.Dir = r.dir
	command.Env = append(slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "GITHUB_") || strings.HasPrefix(variable, "PLIMSOLL_")
	}), "HOME="+r.home, "XDG_CACHE_HOME="+filepath.Join(r.home, "cache"))
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB"} { // of the real home
		command.Args = append(command.Args, "--env", name+"="+goEnv(r.t, name))
	}
	log, err := command.CombinedOutput()
	r.wantNoSecret(string(log))
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

// wantComment wants exactly one comment that matches; an empty pattern wants none.
func (r *repository) wantComment(pattern string) {
	r.t.Helper()
	comments := r.hub.Comments(pullRequest)
	if pattern == "" && len(comments) == 0 {
		return
	}
	if len(comments) != 1 || pattern == "" || !regexp.MustCompile(pattern).MatchString(comments[0].Body) {
		r.t.Fatalf("comments: %+v\nwant one that matches %q, or none for an empty pattern", comments, pattern)
	}
}

// act is the pinned act, which the Makefile builds.
var act = flag.String("act", "../../bin/tools/act", "the program act")

func actBinary(t *testing.T) string {
	t.Helper()
	path := absolute(t, *act)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: build it with `make bin/tools/act`, or run `make test-real`", err)
	}
	return path
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return full
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	value, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(value))
}
