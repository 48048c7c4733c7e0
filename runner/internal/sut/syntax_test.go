package sut_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// A syntax error is found without running anything.
func TestCheck(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("its shell does not read without running")
	}
	dir := t.TempDir()
	for _, c := range []struct {
		build, command, dir string
		says                string
	}{
		{"", "bin/shop", "", ""},
		{"npm ci && npm run build", "PORT=1 exec node x.js > log 2>&1", "", ""},
		{"", "touch " + dir + "/ran; ${X:-y} | cat", "", ""},
		{"make &&", "x", "", "target.start.build: the shell cannot read"},
		{"", "echo 'open", "", "target.start.command: the shell cannot read"},
		{"", "for x in; do", "", "target.start.command: the shell cannot read"},
		{"", "x", "nowhere", "there is no directory " + dir + "/nowhere"},
	} {
		s := &plan.Start{ShownBuild: c.build, Command: plan.Shell(c.command), ShownCommand: c.command, Dir: c.dir}
		if c.build != "" {
			s.Build = plan.Shell(c.build)
		}
		err := sut.Check(t.Context(), s, sut.Place{Dir: dir})
		var failure *sut.Failure
		if c.says == "" && err != nil || c.says != "" && (!errors.As(err, &failure) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	// A value may hold a secret, and the shell may quote it.
	s := &plan.Start{Command: plan.Line{{Text: "echo "}, {Text: "s3cret-value", Value: true}, {Text: " ("}}, ShownCommand: "echo ${env.X} (", Secrets: []plan.Secret{{Name: "X", Value: "s3cret-value"}}}
	if err := sut.Check(t.Context(), s, sut.Place{Dir: dir}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("with a secret: %v", err)
	}
}
