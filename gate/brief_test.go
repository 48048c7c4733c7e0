package gate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// brief is a reason in a line: its kind, then its fields.
func brief(r gate.Reason) string {
	var parts []string
	add := func(is bool, format string, args ...any) {
		if is {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(true, "%s:", r.Kind)
	add(r.Of != "", "%s", r.Of)
	add(r.Route != "", "%s", r.Route)
	add(r.Metric != "", "%s", r.Metric)
	add(len(r.Metrics) > 0, "%s", strings.ReplaceAll(strings.Trim(fmt.Sprint(r.Metrics), "[]"), " ", " and "))
	add(r.Rule != "", "%s", r.Rule)
	add(r.Change != 0, "%+.1f%%", 100*r.Change)
	add(r.Limit != 0, "limit %g", r.Limit)
	add(r.Now != 0, "now %.4g", r.Now)
	add(r.Before != 0, "was %.4g", r.Before)
	add(r.Requests != 0, "of %d", r.Requests)
	add(r.Has+r.Needs != 0, "%d/%d", r.Has, r.Needs)
	if w := r.Why; w != nil {
		why := string(w.Kind)
		if w.Needs != 0 {
			why += fmt.Sprintf(" %g/%g", w.Has, w.Needs)
		}
		if w.Change != 0 {
			why += fmt.Sprintf(" %+.1f%%", 100*w.Change)
		}
		if w.OnBase {
			why += " on base"
		}
		add(true, "[%s]", why)
	}
	add(r.RunTime != 0, "%v", r.RunTime)
	add(r.Branch != "", "on %s", r.Branch)
	add(r.Commit != "", "%s", r.Commit)
	add(!r.Since.IsZero(), "%s", r.Since.UTC().Format(time.DateOnly))
	add(len(r.Names) > 0, "%s", strings.Join(r.Names, "; "))
	add(r.Text != "", "%s", r.Text)
	return strings.Join(parts, " ")
}

// checkValid fails the test on a verdict that no gate can have said.
func checkValid(t *testing.T, v gate.Verdict) {
	t.Helper()
	if err := v.Validate(); err != nil {
		t.Errorf("%v: %v", v, err)
	}
}

func checkReasons(t *testing.T, v gate.Verdict, want []string) {
	t.Helper()
	var got []string
	for _, r := range v.Reasons {
		got = append(got, brief(r))
	}
	if len(want) == 0 && v.Outcome != gate.Pass {
		t.Errorf("a verdict of %v without reasons", v.Outcome)
	}
	rest := got
	for _, beginning := range want {
		found := -1
		for i, reason := range rest {
			if strings.HasPrefix(reason, beginning) {
				found = i
				break
			}
		}
		if found < 0 {
			t.Errorf("no reason begins with %q in\n%s", beginning, strings.Join(got, "\n"))
			continue
		}
		rest = append(append([]string{}, rest[:found]...), rest[found+1:]...)
	}
	if len(rest) > 0 {
		t.Errorf("more reasons than expected:\n%s", strings.Join(rest, "\n"))
	}
}
