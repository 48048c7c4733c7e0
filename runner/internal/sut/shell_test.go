//go:build unix

package sut

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// nasty are values with a meaning for a shell that must be quoted.
var nasty = []string{
	"plain", "", "two words", "a'b", `a"b`, `a\b`, `\`, "$HOME", "`id`", "$(id)", "; touch pwned", "& touch pwned", "| tee pwned", "> pwned",
	"\n touch pwned", "*", "~", "#x", "-n", "!x", "a\tb", "ünï", `'"'"'`, "${HOME}", "'; touch pwned; '", `"; touch pwned; "`, "`touch pwned`", "\\'", "%s",
}

// The shell takes a value literally at every place.
func TestValuesAreQuotedForTheirPlace(t *testing.T) {
	for name, place := range map[string][2]string{
		"bare":                  {"printf %s ", ""},
		"in single quotes":      {"printf %s '", "'"},
		"in double quotes":      {`printf %s "`, `"`},
		"after quotes":          {`printf "%s" "it's" >&2; printf '%s' `, ""},
		"in a substitution":     {"printf %s \"$(printf '%s.' ", ")\" | sed 's/\\.$//'"},
		"quoted in one":         {`printf %s "$(printf '%s.' "`, `")" | sed 's/\.$//'`},
		"in backticks":          {"printf %s \"`printf '%s.' ", "`\" | sed 's/\\.$//'"},
		"in quotes in backtick": {"printf %s \"`printf '%s.' '", "'`\" | sed 's/\\.$//'"},
		"an assignment":         {"X=", `; printf %s "$X"`},
		"a default":             {`printf %s "${NOT_THERE:-`, `}"`},
		"after a comment":       {"# it's a \"comment\nprintf %s ", ""},
		"in a subshell":         {"(printf %s ", ")"},
		"after an escaped one":  {`printf '%s' \'x >&2; printf %s `, ""},
		"a default in quotes":   {`printf %s "${NOT_THERE:-`, `}"`},
		"in a document":         {"cat <<END >out; cat <<-XX >&2 # it's\n", "\nEND\n\tit's $HOME\n\tXX\nprintf %s \"$(cat out)\""},
		"in a verbatim one":     {"cat <<'E D' >out\n", "\nE D\nprintf %s \"$(cat out)\""},
		"of a substitution":     {"printf %s \"$(cat <<END\n", "\nEND\n)\""},
		"within a document":     {"cat <<END >out\n\"$(printf %s. ", ")\nEND\nsed -e 's/^\"//' -e 's/\\.$//' out | { X=$(cat); printf %s \"$X\"; }"},
		"behind a document":     {"cat <<END >&2\nit's \" (\nEND\nX=$((1 << 2)); printf %s ", ""},
		"before a document":     {"printf %s ", "; cat <<END >&2\nit's\nEND\n"},
		"in a case":             {`printf %s "$(if true; then case x in (y) ;; x) printf %s. `, `;; esac; fi)" | sed 's/\.$//'`},
		"behind a case":         {`printf "%s" "$(case x in y) echo "it's";; esac)$(echo case >&2)`, `"`},
		"in a nested shell":     {`sh -c 'printf %s "$1"' x `, ""},
	} {
		for _, value := range nasty {
			if name != "bare" && name != "in single quotes" && len(value) > 0 && value[len(value)-1] == '\n' {
				continue // a shell takes line ends off
			}
			line, err := posixScript(plan.Line{{Text: place[0]}, {Text: value, Value: true}, {Text: place[1]}})
			if err != nil {
				t.Errorf("%s, %q: %v", name, value, err)
				continue
			}
			command := exec.Command("/bin/sh", "-c", line)
			command.Dir = t.TempDir()
			got, err := command.Output()
			want := value
			if string(got) != want || err != nil && want != "" {
				t.Errorf("%s: sh -c %q prints %q, %v, want %q", name, line, got, err, want)
			}
			if _, err := os.Stat(command.Dir + "/pwned"); err == nil {
				t.Errorf("%s: %q was run", name, value)
			}
		}
	}
}

// A value that cannot be quoted is refused.
func TestValuesThatCannotBeQuoted(t *testing.T) {
	for _, c := range [][2]string{
		{`echo \`, "v"}, {"cat <<", "END"}, {"cat <<END\n", "a\nEND\nb"}, {"cat <<END\nE", "ND"}, {"cat <<-'END'\n\t", "END"},
		{"echo $((", "1+$(id)"}, {"echo `echo \\\"", "v"},
	} {
		if got, err := posixScript(plan.Line{{Text: c[0]}, {Text: c[1], Value: true}}); err == nil {
			t.Errorf("%q, %q: %q", c[0], c[1], got)
		}
	}
	if got, err := posixScript(plan.Line{{Text: "echo $(((1 << 2) + "}, {Text: "8080", Value: true}, {Text: "))"}}); err != nil || got != "echo $(((1 << 2) + 8080))" {
		t.Errorf("a number: %q, %v", got, err)
	}
	if got, err := posixScript(plan.Line{{Text: "true # "}, {Text: "\nfalse", Value: true}}); err != nil || got != "true # " {
		t.Errorf("in a comment: %q, %v", got, err)
	}
}

func TestWindowsScript(t *testing.T) {
	for _, c := range []struct{ before, value, after, want string }{
		{"bin/shop -port ", "8080", "", `bin\shop -port 8080`},
		{`"bin/my shop" -port `, "8080", "", `"bin/my shop" -port 8080`},
		{"srv -dir ", `C:\a b`, "", `srv -dir "C:\a b"`},
		{`srv -dir "`, `C:\a b`, `"`, `srv -dir "C:\a b"`},
		{"srv ", "a&b", "", ""}, {"srv ", "%PATH%", "", ""}, {"srv ", `a"b`, "", ""}, {"srv ", "a\nb", "", ""}, {"srv ", "a^b", "", ""},
		{"npm ci\nsrv ", "1", "", ""},
	} {
		got, err := windowsScript(plan.Line{{Text: c.before}, {Text: c.value, Value: true}, {Text: c.after}})
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q %q: %q, %v, want %q", c.before, c.value, got, err, c.want)
		}
	}
}

// A long PATH is cut between two directories.
func TestSearched(t *testing.T) {
	long := "/bin:" + strings.Repeat("/opt/tool/bin:", 20) + "/usr/bin"
	for path, want := range map[string]string{
		"":     "and PATH is not set",
		"/bin": "and PATH is /bin",
		long:   "and PATH is /bin:" + strings.Repeat("/opt/tool/bin:", 5) + "/opt/tool/bin and 15 more",
	} {
		if got := searched([]string{"A=b", "PATH=" + path}); got != want {
			t.Errorf("PATH=%s: %q, want %q", path, got, want)
		}
	}
}

func TestMissing(t *testing.T) {
	environ := []string{"PATH=/bin"}
	for _, c := range []struct {
		status       int
		output, want string
	}{
		{127, "sh: 1: no-such: not found", "no-such was not found, and PATH is /bin"},
		{127, "x\nbash: line 1: no such: command not found\ny", "no such was not found, and PATH is /bin"},
		{127, "/bin/sh: no-such: not found", "no-such was not found, and PATH is /bin"},
		{127, "", "a program of the command was not found, and PATH is /bin"},
		{127, "sh: 1: bin/no-such: not found", "bin/no-such was not found"},
		{126, "", "a program of the command cannot be executed: is it a program for this machine, and is it executable (chmod +x)?"},
		{1, "sh: 1: x: not found", ""},
	} {
		if got := missing(c.status, c.output, environ); got != c.want {
			t.Errorf("%d %q: %q, want %q", c.status, c.output, got, c.want)
		}
	}
}
