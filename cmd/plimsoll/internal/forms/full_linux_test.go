package forms_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/forms"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A full device gives an error in a sentence, and the other forms are written.
func TestFullDevice(t *testing.T) {
	t.Chdir(t.TempDir())
	flags := forms.Flags{JUnit: "/dev/full", OpenMetrics: "r.prom"}
	_, err := flags.Write(t.Context(), report.Material{Run: runOf("", 0)}, forms.Options{})
	if err == nil || err.Error() != "write /dev/full: the disk is full, so nothing of it was kept" {
		t.Errorf("%v", err)
	}
	if files := listed(t, "."); files != "r.prom" {
		t.Errorf("the files are %s", files)
	}
}

// On a full disk each file is either the whole new one or the old one, and no other file is left behind.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32k"); err != nil {
		t.Skipf("only root may mount a small disk, so a full one is not tried here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	r := runOf("", 0)
	for i := range 2_000 { // much more than the disk holds
		r.Tally.Add(tally.Sample{Route: fmt.Sprintf("GET /items/%d", i), Class: tally.OK, Ended: time.Millisecond})
	}
	old := filepath.Join(dir, "r.xml")
	if err := os.WriteFile(old, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	flags := forms.Flags{CSV: filepath.Join(dir, "r"), JUnit: old}
	_, err := flags.Write(t.Context(), report.Material{Run: r}, forms.Options{})
	if err == nil || strings.Count(err.Error(), "the disk is full") != 2 { // the JUnit file and _stats.csv
		t.Errorf("%v", err)
	}
	if text, err := os.ReadFile(old); err != nil || string(text) != "old" {
		t.Errorf("the old file is %q, %v", text, err)
	}
	if files := listed(t, dir); files != "r.xml r_exceptions.csv r_failures.csv r_stats_history.csv r_system.csv" {
		t.Errorf("the files are %s", files)
	}
	live := forms.Flags{CSV: filepath.Join(dir, "live")}.Live()
	counts := (&tally.Tally{}).Total()
	for range 1_000 {
		live.Add(runner.Window{At: time.Unix(1, 0), Length: time.Second, Last: counts, All: counts})
	}
	if written, err := live.Close(); written || err == nil || !strings.HasSuffix(err.Error(), "live_stats_history.csv: the disk is full, so nothing of it was kept") {
		t.Errorf("a history: %v, %v", written, err)
	}
	if files := listed(t, dir); strings.Contains(files, "live") {
		t.Errorf("a part of the history is left: %s", files)
	}
}
