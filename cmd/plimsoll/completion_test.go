package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCompletion completes command lines in the shells themselves.
func TestCompletion(t *testing.T) {
	bin := buildPrograms(t)
	dir := t.TempDir()
	for _, name := range []string{"one.yaml", "one two.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lines := []struct {
		line string // as in a shell, with the cursor at its end
		want string // joined with a bar
	}{
		{"plimsoll sch", "schema"},
		{"plimsoll baseline sh", "show"},
		{"plimsoll gate --first-run ", "fail|pass"},
		{"plimsoll gate --comment al", "always"},
		{"plimsoll init for", "forks"},
		{"plimsoll init fl", "fleet"},
		{"plimsoll gate --fleet-", "--fleet-results"},
		{"plimsoll gate --verd", "--verdict-file"},
		{"plimsoll meeting ", "list|show|stop"},
		{"plimsoll run --meet-w", "--meet-within"},
		{"plimsoll gate --meet", "--meeting"},
		{"plimsoll check one", "one two.yaml|one.yaml"},
		{"plimsoll run -f one.", "one.yaml"},
		{"plimsoll run --locust one.", "one.yaml"},
		{"plimsoll run --users ", ""},
	}
	for shell, complete := range map[string]string{"bash": inBash, "zsh": inZsh, "fish": inFish} {
		t.Run(shell, func(t *testing.T) {
			script := filepath.Join(t.TempDir(), "plimsoll."+shell)
			run := func(args ...string) string {
				t.Helper()
				command := exec.Command(args[0], args[1:]...)
				command.Dir = dir
				command.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "SCRIPT="+script, "HOME="+filepath.Dir(script))
				output, err := command.CombinedOutput()
				if err != nil {
					t.Fatalf("%q: %v\n%s", args, err, output)
				}
				return string(output)
			}
			if err := os.WriteFile(script, []byte(run(filepath.Join(bin, "plimsoll"), "completion", shell)), 0o644); err != nil {
				t.Fatal(err)
			}
			if output := run(shell, "-n", script); output != "" {
				t.Errorf("the syntax of the script: %s", output)
			}
			for _, c := range lines {
				output := run(shell, "-c", complete, shell, c.line)
				got := strings.FieldsFunc(output, func(r rune) bool { return r == '\n' })
				slices.Sort(got)
				if strings.Join(got, "|") != c.want {
					t.Errorf("%q: got %q, want %q", c.line, got, c.want)
				}
			}
		})
	}
}

// Each shell prints what a command line can become, one possibility a line.
const (
	inBash = `
. "$SCRIPT"
read -ra COMP_WORDS <<<"$1"
[[ $1 == *' ' ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_plimsoll
[[ ${#COMPREPLY[@]} == 0 ]] || printf '%s\n' "${COMPREPLY[@]}"`

	// zsh completes only at a terminal. So three of its functions, which the script calls, are replaced: they
	// print their arguments.
	inZsh = `
compdef() { }
compset() { }
_describe() { for one in ${(P)2}; do print -r -- "${one%%:*}"; done }
_files() { print -rl -- ${words[CURRENT]}*(N) }
. "$SCRIPT"
words=(${(s: :)1})
[[ $1 == *' ' ]] && words+=("")
CURRENT=${#words}
_plimsoll`

	inFish = `
source $SCRIPT
complete -C $argv[2] | string replace -r '\t.*' ''
true`
)
