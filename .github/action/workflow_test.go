//go:build real

package action_test

import (
	"bytes"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestStoredGate goes through the life of a repository. main records baselines. A pull request that changes
// nothing passes without a comment. One that makes the service slower is measured five times and fails. Its
// label accepts it, and its merge starts a new level.
func TestStoredGate(t *testing.T) {
	r := newRepository(t, map[string]string{"plimsoll.yml": "stored.yml"})
	r.act("push", map[string]any{"ref": "refs/heads/main"}).want(t, true, `Recorded run [0-9a-f]{12} of greeter as a baseline on main`)
	r.age(12)
	base := r.head()

	r.git("switch", "--quiet", "--create", "care")
	r.write("README.md", "A greeter.\n")
	r.commit("docs: say what it is")
	r.hub.Pull(githubtest.Pull{Number: pullRequest, HeadSHA: r.head(), Head: "care"})
	r.act("pull_request", r.pull("example/greeter")).want(t, true, `told: verdict=pass exit-code=0 compared=1/1 worst=-?[0-9.]+ comment=\n`,
		`report: ### ✅ Plimsoll`, "report: .*baseline `"+base[:7]+"` \\(`main`, this change's base, 13 runs")
	r.wantComment("")

	r.slower()
	r.hub.Push(pullRequest, r.head())
	r.hub.Run(githubtest.Run{ID: 1, HeadSHA: r.head(), HeadBranch: "care", Event: "pull_request"})
	r.act("pull_request", r.pull("example/greeter")).want(t, false, `told: verdict=fail exit-code=1 .*comment=https://github\.com/example/greeter/pull/7`, `GET /greeting: p50 is [0-9.]+ %.* slower`)
	r.wantComment(`### ❌ Plimsoll: \*\*fail\*\*: 1 of 1 route is slower`)

	r.hub.Label(pullRequest, "plimsoll-accepted", "grace")
	r.act("pull_request", r.pull("example/greeter")).want(t, true, `told: verdict=pass exit-code=0`)
	r.wantComment("### ✅ Plimsoll: \\*\\*pass\\*\\*: 1 of 1 route is slower, accepted by `grace`")

	accepted := r.head()
	r.git("switch", "--quiet", "main")
	r.git("merge", "--quiet", "--no-ff", "--message", "Merge pull request 7", "care")
	r.hub.Merge(pullRequest, r.head())
	r.act("push", map[string]any{"ref": "refs/heads/main", "before": base}).want(t, true, `first of a new level, accepted by grace: label plimsoll-accepted on pull request 7`)
	newest := r.newest()
	if newest.Commit != r.head() || newest.Accepted == nil || newest.Accepted.By != "grace" {
		t.Errorf("the run of %s, accepted at %s, is kept as %+v", r.head(), accepted, newest.Info)
	}
	r.wantNoSecretLeft()
}

// TestPairedGate compares two commits without a database.
func TestPairedGate(t *testing.T) {
	r := newRepository(t, map[string]string{"plimsoll.yml": "paired.yml"})
	r.git("switch", "--quiet", "--create", "care")
	r.slower()
	r.hub.Pull(githubtest.Pull{Number: pullRequest, HeadSHA: r.head(), Head: "care"})
	r.act("pull_request", r.pull("example/greeter")).want(t, false, `told: verdict=fail exit-code=1 compared=1/1`)
	r.wantComment("^<!-- plimsoll series=greeter/ubuntu24/paired .* outcome=fail -->\n### ❌ Plimsoll: \\*\\*fail\\*\\*: 1 of 1 route is slower(.|\n)*pairs of rounds")
	r.wantNoSecretLeft()
}

// TestFleet shares the pairs among four jobs, which act runs one after the other. The last job judges them. A job that
// fails leaves no part.
func TestFleet(t *testing.T) {
	r := newRepository(t, map[string]string{"plimsoll.yml": "fleet.yml"})
	r.git("switch", "--quiet", "--create", "care")
	r.write("README.md", "A greeter.\n")
	r.commit("docs: say what it is")
	r.hub.Pull(githubtest.Pull{Number: pullRequest, HeadSHA: r.head(), Head: "care"})
	r.act("pull_request", r.pull("example/greeter")).want(t, true, `told: verdict=pass exit-code=0 compared=1/1`, `pairs of rounds on 4 machines`)
	r.wantComment("")

	r.slower()
	r.hub.Push(pullRequest, r.head())
	r.act("pull_request", r.pull("example/greeter")).want(t, false, `told: verdict=fail exit-code=1 compared=1/1`)
	r.wantComment("^<!-- plimsoll series=greeter/ubuntu24/paired .* outcome=fail -->\n### ❌ Plimsoll: \\*\\*fail\\*\\*: 1 of 1 route is slower(.|\n)*pairs of rounds on 4 machines")

	workflow := ".github/workflows/plimsoll.yml"
	r.write(workflow, strings.Replace(r.read(workflow), "    steps:\n", "    steps:\n      - run: test \"${{ matrix.leg }}\" != 3\n", 1))
	r.commit("ci: lose a leg")
	r.hub.Push(pullRequest, r.head())
	if err := os.RemoveAll(filepath.Join(r.artifacts, "plimsoll-part-3")); err != nil {
		t.Fatal(err)
	}
	r.actOnce("pull_request", r.pull("example/greeter")).want(t, false, `told: verdict=inconclusive exit-code=3`, `leg 3 of 4: it has left no result`)
	r.wantComment("outcome=inconclusive -->\n### ⚠️ Plimsoll: \\*\\*inconclusive\\*\\*: a leg of the fleet is missing")
	r.wantNoSecretLeft()
}

// TestForks opens a pull request from a fork. Its workflow may not write. The workflow that follows comments
// with the verdict, unless the file was tampered with.
func TestForks(t *testing.T) {
	r := newRepository(t, map[string]string{"plimsoll.yml": "forks.yml", "plimsoll-comment.yml": "comment.yml"})
	r.git("switch", "--quiet", "--create", "care")
	r.slower()
	head := r.head()
	r.hub.Pull(githubtest.Pull{Number: pullRequest, HeadSHA: head, Head: "care", HeadRepository: "mallory/greeter"})
	r.act("pull_request", r.pull("mallory/greeter")).want(t, false, `told: verdict=fail exit-code=1`)
	r.wantComment("")

	follow := map[string]any{"action": "completed", "workflow_run": map[string]any{
		"id": 4711, "run_attempt": 2, "event": "pull_request", "head_sha": head, "head_branch": "care",
		"head_repository": map[string]any{"full_name": "mallory/greeter"}, "pull_requests": []any{},
	}}
	r.git("switch", "--quiet", "main")
	file := filepath.Join(r.artifacts, "plimsoll-verdict", "plimsoll-verdict.json")
	verdict := readText(t, file)
	if err := os.WriteFile(file, []byte(strings.Replace(verdict, `"verdict": "fail"`, `"verdict": "pass"`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	r.act("workflow_run", follow).want(t, false, `(the verdict file was changed after it was written|no gate can have written this verdict file)`)
	r.wantComment("")
	if err := os.WriteFile(file, []byte(verdict), 0o644); err != nil {
		t.Fatal(err)
	}
	r.act("workflow_run", follow).want(t, true, `Pull request 7 was told of the verdict: fail`)
	r.wantComment("^<!-- plimsoll series=greeter/ubuntu24/paired run=4711 attempt=2 head=" + head[:12] + " outcome=fail -->\n### ❌ Plimsoll")
	r.wantNoSecretLeft()
}

// secrets may appear in nothing that a run writes.
func (r *repository) secrets() []string {
	database, err := url.Parse(r.database)
	if err != nil {
		r.t.Fatal(err)
	}
	password, _ := database.User.Password()
	return []string{githubtest.Token, password, apiKey}
}

func (r *repository) wantNoSecret(text string) {
	r.t.Helper()
	for _, secret := range r.secrets() {
		if i := strings.Index(text, secret); i >= 0 {
			r.t.Errorf("a secret is shown: …%s…", text[max(0, i-200):min(len(text), i+60)])
		}
	}
}

// wantNoSecretLeft searches what the workflow runs left behind: files, artifacts, comments and check runs.
func (r *repository) wantNoSecretLeft() {
	r.t.Helper()
	files := 0
	for _, dir := range []string{r.dir, r.home, r.artifacts} {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if bytes.HasPrefix(data, []byte("\x7fELF")) || slices.Contains([]string{".go", ".txtar"}, filepath.Ext(path)) {
				return err // programs, and the action's sources, which contain the test's token
			}
			files++
			r.wantNoSecret(path + ": " + string(data))
			return err
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	for _, comment := range r.hub.Comments(pullRequest) {
		r.wantNoSecret(comment.Body)
	}
	for _, check := range r.hub.Checks() {
		r.wantNoSecret(check.Summary)
	}
	if files < 10 {
		r.t.Errorf("only %d files were looked at", files)
	}
}
