package action_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// These rules are for everything that runs with a repository's permissions; they follow zizmor's
// audits and GitHub's "Secure use reference". No input is expanded inside a shell line. Every action
// is pinned. Every permission is listed. A stranger's code never runs with permissions or secrets.
var (
	pinnedUse = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	ourUse    = regexp.MustCompile(`^(\./|plimsoll-ci/plimsoll@main)$`)
	runner    = regexp.MustCompile(`^[a-z]+-\d`)
)

// rights lists the exact permissions of each workflow.
var rights = map[string]string{
	"ci.yml":      "contents: read",
	"release.yml": "contents: read",
	"stored.yml":  "actions: read, contents: read, pull-requests: write",
	"fleet.yml":   "actions: read, contents: read, pull-requests: write",
	"paired.yml":  "actions: read, contents: read, pull-requests: write",
	"forks.yml":   "actions: read, contents: read, pull-requests: read",
	"comment.yml": "actions: read, pull-requests: write",
	"pages.yml":   "id-token: write, pages: write",
}

// workflow holds the fields that the rules check.
type workflow struct {
	On          yaml.Node
	Permissions yaml.Node
	Concurrency yaml.Node
	Jobs        map[string]struct {
		RunsOn  string `yaml:"runs-on"`
		Timeout int    `yaml:"timeout-minutes"`
		Steps   []step
	}
	Runs struct{ Steps []step } // for an action
}

type step struct {
	Uses, Run, Shell string
	With             map[string]yaml.Node
}

// broken lists the rules that a workflow or an action breaks.
func broken(name, text string) (rules []string) {
	say := func(format string, args ...any) { rules = append(rules, fmt.Sprintf(format, args...)) }
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		return []string{err.Error()}
	}
	isAction := len(w.Runs.Steps) > 0
	steps := slices.Clone(w.Runs.Steps)
	triggers := names(w.On)
	if slices.Contains(triggers, "pull_request_target") {
		say("it runs on pull_request_target")
	}
	if !isAction {
		if got := pairs(w.Permissions); got != rights[name] {
			say("its permissions are %q, and not %q", got, rights[name])
		}
		if slices.Contains(triggers, "pull_request") && w.Concurrency.Kind == 0 {
			say("it has no concurrency: an older run would continue beside a newer one")
		}
	}
	for id, job := range w.Jobs {
		steps = append(steps, job.Steps...)
		if job.Timeout == 0 {
			say("job %s has no timeout-minutes", id)
		}
		if !runner.MatchString(job.RunsOn) {
			say("job %s runs on %q, which will be another machine some day", id, job.RunsOn)
		}
	}
	for _, s := range steps {
		for _, rule := range brokenStep(s, isAction, slices.Contains(triggers, "workflow_run")) {
			say("%s", rule)
		}
	}
	for line := range strings.Lines(text) {
		if use := regexp.MustCompile(`uses: \S+@[0-9a-f]{40}(.*)`).FindStringSubmatch(line); use != nil && !regexp.MustCompile(`^ # v\d+\.\d+\.\d+$`).MatchString(use[1]) {
			say("%s: which version is that?", strings.TrimSpace(line))
		}
	}
	return rules
}

func brokenStep(s step, isAction, trusted bool) (rules []string) {
	checkout := strings.HasPrefix(s.Uses, "actions/checkout@")
	credentials := s.With["persist-credentials"]
	switch {
	case strings.Contains(s.Run, "${{"):
		rules = append(rules, "run contains an expression: "+s.Run)
	case s.Uses != "" && !pinnedUse.MatchString(s.Uses) && !ourUse.MatchString(s.Uses):
		rules = append(rules, s.Uses+" is not pinned to a commit SHA")
	case checkout && trusted:
		rules = append(rules, "a workflow_run job checks out code")
	case checkout && credentials.Value != "false":
		rules = append(rules, "the checkout leaves the token on the disk")
	case isAction && s.Run != "" && s.Shell != "bash":
		rules = append(rules, "a step of the action names no shell")
	}
	return rules
}

// names lists the triggers in on:, in any of its forms.
func names(n yaml.Node) (names []string) {
	switch n.Kind {
	case yaml.ScalarNode:
		return []string{n.Value}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			names = append(names, item.Value)
		}
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			names = append(names, n.Content[i].Value)
		}
	}
	return names
}

// pairs lists a mapping's entries in alphabetical order.
func pairs(n yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		return n.Value
	}
	var entries []string
	for i := 0; i < len(n.Content); i += 2 {
		entries = append(entries, n.Content[i].Value+": "+n.Content[i+1].Value)
	}
	slices.Sort(entries)
	return strings.Join(entries, ", ")
}

const starters = "../../cmd/plimsoll/internal/starter/files/"

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRules(t *testing.T) {
	found, err := filepath.Glob(starters + "*.yml")
	if err != nil || len(found) != 6 {
		t.Fatalf("starters: %v, %v", found, err)
	}
	for _, path := range append(found, "../../action.yml", "../workflows/ci.yml", "../workflows/release.yml") {
		for _, rule := range broken(filepath.Base(path), readText(t, path)) {
			t.Errorf("%s: %s", path, rule)
		}
	}
}

// Each rule is broken once and must be reported.
func TestRulesBroken(t *testing.T) {
	good := readText(t, starters+"stored.yml")
	action := readText(t, "../../action.yml")
	for name, c := range map[string]struct{ text, old, new, want string }{
		"target":      {good, "pull_request:", "pull_request_target:", "pull_request_target"},
		"all rights":  {good, "pull-requests: write", "packages: write", "its permissions are"},
		"write-all":   {good, "permissions:\n  contents: read\n  pull-requests: write # for the comment\n  actions: read #", "permissions: write-all\n#", `its permissions are "write-all"`},
		"parallel":    {good, "concurrency:", "env:", "no concurrency"},
		"endless":     {good, "timeout-minutes: 30", "name: endless", "no timeout-minutes"},
		"latest":      {good, "ubuntu-24.04", "ubuntu-latest", "another machine some day"},
		"unpinned":    {good, "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2", "actions/checkout@v4", "not pinned"},
		"nameless":    {good, " # v4.2.2", "", "which version"},
		"credentials": {good, ", persist-credentials: false", "", "leaves the token"},
		"trusted":     {good, "pull_request:", "workflow_run:", "workflow_run job checks out code"},
		"expression": {action, `action_path }}
      run: bash`, `action_path }}
      run: echo ${{ inputs.profile }}; bash`, "run contains an expression"},
		"shell": {action, "shell: bash", "shell: sh", "names no shell"},
	} {
		text := strings.Replace(c.text, c.old, c.new, 1)
		if rules := strings.Join(broken("stored.yml", text), "\n"); text == c.text || !strings.Contains(rules, c.want) {
			t.Errorf("%s: got %q, want %q in it", name, rules, c.want)
		}
	}
}

// Every input of the action reaches the program as a variable with its name, and in no other way.
func TestInputs(t *testing.T) {
	var action struct {
		Inputs map[string]yaml.Node
		Runs   struct {
			Steps []struct{ Env map[string]string }
		}
	}
	if err := yaml.Unmarshal([]byte(readText(t, "../../action.yml")), &action); err != nil {
		t.Fatal(err)
	}
	program := readText(t, "../../cmd/plimsoll/action.go")
	env := action.Runs.Steps[len(action.Runs.Steps)-1].Env
	for input := range action.Inputs {
		name := strings.ToUpper(strings.ReplaceAll(input, "-", "_"))
		if got, want := env["PLIMSOLL_INPUT_"+name], "${{ inputs."+input+" }}"; got != want {
			t.Errorf("input %s is passed as %q, want %q", input, got, want)
		}
		if !strings.Contains(program, `"`+name+`"`) {
			t.Errorf("the program does not read input %s", input)
		}
	}
	if len(env) != len(action.Inputs) {
		t.Errorf("%d inputs, %d variables", len(action.Inputs), len(env))
	}
}

// The repository's own workflows are the starters that users get, with its own profile and action.
func TestOurWorkflows(t *testing.T) {
	const (
		checkout = "persist-credentials: false }\n"
		setup    = checkout + "      - uses: actions/setup-go@d35c59abb061a4a6fb18e82ac0862c26744d6ab5 # v5.5.0\n        with: { go-version-file: go.mod }\n"
		theirs   = "uses: plimsoll-ci/plimsoll@main # better: the SHA of a commit\n        with:\n"
		our      = "uses: ./\n        with:\n          profile: testdata/shop/plimsoll.yaml\n"
	)
	for name, c := range map[string]struct{ starter, called, args string }{
		"gate.yml":          {"stored.yml", "Gate", ""},
		"paired.yml":        {"paired.yml", "Gate in pairs", "--paired"},
		"forks.yml":         {"forks.yml", "Gate for forks", "--paired --series shop-from-forks"},
		"forks-comment.yml": {"comment.yml", "Gate for forks comment", ""},
	} {
		want := readText(t, starters+c.starter)
		if c.starter != "comment.yml" {
			want = strings.Replace(want, checkout, setup, 1)
			want = strings.Replace(want, theirs, our, 1)
		}
		want = strings.NewReplacer("name: Plimsoll\n", "name: "+c.called+"\n", "name: Plimsoll comment\n", "name: "+c.called+"\n",
			"workflows: [Plimsoll]", "workflows: [Gate for forks]", "args: --paired", "args: "+c.args, "plimsoll-comment.yml", "forks-comment.yml", "plimsoll.yml", "forks.yml").Replace(want)
		path := "../workflows/" + name
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := readText(t, path); got != want {
			t.Errorf("%s differs from %s as adapted to this repository: go test ./.github/action -run OurWorkflows -update\ngot:\n%s\nwant:\n%s", path, c.starter, got, want)
		}
	}
}
