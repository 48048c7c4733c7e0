package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// Text about runs that several commands print.

// printRuns prints a table of runs.
func printRuns(a *console.Console, infos []baseline.Info) error {
	rows := make([][]string, len(infos))
	for i, info := range infos {
		rows[i] = []string{short(info.ID), info.Series, info.Branch, short(info.Commit), info.Started.UTC().Format(time.DateTime), short(info.ProfileDigest), info.Tool, marks(info)}
	}
	return report.Table(a.Stdout, []string{"Run", "Series", "Branch", "Commit", "Started (UTC)", "Profile", "Plimsoll", "Mark"}, rows)
}

// marks describes a run's marks: by whom and why.
func marks(info baseline.Info) string {
	var told []string
	for _, m := range []struct {
		what string
		mark *baseline.Mark
	}{{"excluded", info.Excluded}, {"accepted", info.Accepted}} {
		if m.mark != nil {
			by := "by " + m.mark.By
			if m.mark.By == nobody {
				by = "(by an unrecorded person)"
			}
			told = append(told, fmt.Sprintf("%s %s: %s", m.what, by, m.mark.Why))
		}
	}
	return strings.Join(told, "; ")
}

// countRuns is a number of runs.
func countRuns(n int) string { return counted(n, "run") }

// counted is a number of things, with an s where there are several.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// short is the beginning of a digest or a commit.
func short(text string) string { return text[:min(12, len(text))] }
