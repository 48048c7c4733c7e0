//go:build unix

package gpu_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/gpu"
)

const recorded = "../../../testdata/nvidia-smi/"

// like prints what a real nvidia-smi has printed, as one with the same arguments would: the fields by their names, and the
// real sentence for a field that is not there.
const like = `for a; do case $a in --query-gpu=*) asked=${a#*=};; esac; done
exec awk -v asked="$asked" '
BEGIN { FS = ", "; n = split(asked, want, ",") }
FNR == 1 { for (i = 1; i <= NF; i++) { sub(/ \[.*/, "", $i); at[$i] = i }
  for (i = 1; i <= n; i++) if (!(want[i] in at)) { printf "Field \"%s\" is not a valid field to query.\n", want[i]; exit 2 }
  next }
{ line = ""; for (i = 1; i <= n; i++) line = line (i > 1 ? ", " : "") $at[want[i]]; print line; fflush(); system("sleep 0.1") }
END { if (FNR > 1) system("sleep 60") }' `

// program puts an nvidia-smi on PATH that is a shell script.
func program(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "nvidia-smi"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func open(t *testing.T) *gpu.Source {
	t.Helper()
	cards := &gpu.Cards{Root: t.TempDir()}
	s := cards.Open(time.Second, nil)
	t.Cleanup(s.Close)
	return s
}

// told is what a Source tells.
type told struct {
	figures map[string]float64
	facts   map[string]string
	absent  map[string]string
}

func read(s *gpu.Source) told {
	figures, facts, absent := s.Read(time.Now())
	so := told{figures, facts, map[string]string{}}
	for _, a := range absent {
		so.absent[a.Source] = a.Why
	}
	return so
}

// until reads until something is told, and returns that.
func until(t *testing.T, s *gpu.Source, enough func(told) bool) told {
	t.Helper()
	var now told
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if now = read(s); enough(now) {
			return now
		}
	}
	t.Fatalf("told only %+v", now)
	return now
}

func has(figure string) func(told) bool {
	return func(now told) bool { _, ok := now.figures[figure]; return ok }
}

// The lines of a real H100 become its figures. The driver's word for a field that it does not know is understood.
func TestRealCard(t *testing.T) {
	file, err := filepath.Abs(recorded + "busy-loop.csv")
	if err != nil {
		t.Fatal(err)
	}
	program(t, like+file)
	now := until(t, open(t), has("gpu.0.busy_share"))
	if busy := now.figures["gpu.0.busy_share"]; busy < 0.99 || busy > 1 {
		t.Errorf("busy %g", busy)
	}
	if power := now.figures["gpu.0.power_watts"]; power < 546 || power > 559 {
		t.Errorf("power %g", power)
	}
	for figure, want := range map[string]float64{"memory_used_bytes": 1485 << 20, "memory_total_bytes": 81559 << 20} {
		if got := now.figures["gpu.0."+figure]; got != want {
			t.Errorf("%s is %g, want %g", figure, got, want)
		}
	}
	if now.facts["gpu.0.name"] != "NVIDIA H100 80GB HBM3" || len(now.figures) != 5 || len(now.absent) != 0 {
		t.Errorf("%+v", now)
	}
}

// What nvidia-smi uses is told, while it runs and after it.
func TestSpent(t *testing.T) {
	program(t, "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo '0, 10, 1, 2, 3, 4, Disabled, A'; sleep 1")
	cards := &gpu.Cards{}
	one, other := cards.Open(time.Second, nil), cards.Open(time.Second, nil)
	defer other.Close()
	defer one.Close()
	until(t, one, has("gpu.0.busy_share"))
	running := one.Spent()
	if runtime.GOOS == "linux" && running <= 0 {
		t.Errorf("%v", running)
	}
	until(t, one, func(now told) bool { return now.absent["nvidia-smi"] == "it ended by itself" })
	if ended := one.Spent(); ended <= 0 || ended < running/2 || other.Spent() != 0 {
		t.Errorf("%v after %v, the other %v", ended, running, other.Spent())
	}
}

// Words that stand in the place of a number are absent with the word, and no zeros.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		what, line string
		absent     map[string]string
		figures    int
	}{
		{"several words", "0, [N/A], [Not Supported], 81559, [Unknown Error], [Insufficient Permissions], [N/A], Tesla K80", map[string]string{
			"busy_share": "nvidia-smi says [N/A]", "memory_used_bytes": "nvidia-smi says [Not Supported]",
			"power_watts": "nvidia-smi says [Unknown Error]", "temperature_celsius": "nvidia-smi says [Insufficient Permissions]",
		}, 1},
		{"MIG", "0, [N/A], 1485, 81559, 546.14, 56, Enabled, NVIDIA A100-SXM4-40GB", map[string]string{"busy_share": "split by MIG: not told"}, 4},
		{"units, and a comma in the name", "0, 7 %, 1485 MiB, 81559 MiB, 546.14 W, 56, Disabled, NVIDIA, a card", nil, 5},
		{"what cannot be", "0, 101, -1, nan, inf, 1e99, Disabled, X", map[string]string{
			"busy_share": "nvidia-smi says 101, which cannot be", "memory_used_bytes": "nvidia-smi says -1, which cannot be", "memory_total_bytes": "nvidia-smi says nan",
			"power_watts": "nvidia-smi says inf, which cannot be", "temperature_celsius": "nvidia-smi says 1e99, which cannot be",
		}, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			program(t, "while :; do echo '"+c.line+"'; sleep 0.1; done")
			now := until(t, open(t), func(now told) bool { return now.facts["gpu.0.name"] != "" })
			for figure, want := range c.absent {
				if got := now.absent["gpu.0."+figure]; got != want {
					t.Errorf("%s: %q, want %q", figure, got, want)
				}
			}
			if len(now.absent) != len(c.absent) || len(now.figures) != c.figures {
				t.Errorf("%+v", now)
			}
		})
	}
}

// Of several cards all are told of, or those that are asked for. One that is not there is named.
func TestSeveralCards(t *testing.T) {
	program(t, "while :; do printf '0, 10, 1, 2, 3, 4, Disabled, A\n1, 20, 1, 2, 3, 4, Disabled, B\n10, 30, 1, 2, 3, 4, Disabled, C\n'; sleep 0.1; done")
	cards := &gpu.Cards{}
	all, some := cards.Open(time.Second, nil), cards.Open(time.Second, []int{1, 7})
	defer all.Close()
	now := until(t, all, has("gpu.10.busy_share"))
	if now.figures["gpu.0.busy_share"] != 0.1 || now.figures["gpu.1.busy_share"] != 0.2 || now.figures["gpu.10.busy_share"] != 0.3 || len(now.figures) != 15 {
		t.Errorf("%v", now.figures)
	}
	now = until(t, some, func(now told) bool { return len(now.absent) > 0 })
	if now.absent["gpu.7"] != "there is no such card" || now.figures["gpu.1.busy_share"] != 0.2 || len(now.figures) != 5 || len(now.facts) != 1 {
		t.Errorf("%+v", now)
	}
	some.Close()
	until(t, all, has("gpu.0.busy_share"))
}

// One program runs for all, and no longer than there is somebody who reads.
func TestOneChild(t *testing.T) {
	dir := t.TempDir()
	program(t, "echo $$ >> "+dir+"/starts; env > "+dir+"/environment; while :; do echo '0, 10, 1, 2, 3, 4, Disabled, A'; sleep 0.1; done")
	t.Setenv("PLIMSOLL_DATABASE_URL", "postgres://me:secret@db/x")
	cards := &gpu.Cards{}
	one, other := cards.Open(time.Second, nil), cards.Open(time.Second, nil)
	until(t, one, has("gpu.0.busy_share"))
	until(t, other, has("gpu.0.busy_share"))
	one.Close()
	starts, err := os.ReadFile(dir + "/starts")
	if err != nil || strings.Count(string(starts), "\n") != 1 {
		t.Fatalf("%q, %v", starts, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(starts)))
	if err != nil || !alive(pid) {
		t.Fatalf("process %d: %v", pid, err)
	}
	other.Close()
	if alive(pid) {
		t.Error("it runs on")
	}
	if environment, err := os.ReadFile(dir + "/environment"); err != nil || strings.Contains(string(environment), "secret") {
		t.Errorf("environment %q, %v", environment, err)
	}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// What a program does wrong is told, and nothing is made up.
func TestTrouble(t *testing.T) {
	for _, c := range []struct{ what, script, source, why string }{
		{"no device", "cat " + abs(t, "no-device.txt") + "; exit 6", "gpu", "no NVIDIA device, no AMD device"},
		{"no driver", "echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9", "gpu",
			"nvidia-smi ended: exit status 9: NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver."},
		{"a field that it needs", `echo 'Field "index" is not a valid field to query.'; exit 2`, "gpu", `nvidia-smi ended: exit status 2: Field "index" is not a valid field to query.`},
		{"errors apart", "echo broken >&2; exit 1", "gpu", "nvidia-smi ended: exit status 1: broken"},
		{"it ends at once", "exit 0", "gpu", "nvidia-smi ended by itself"},
		{"it hangs", "sleep 60", "gpu", "nvidia-smi has told nothing for 2"},
		{"garbage", "while :; do echo hello; sleep 0.001; done", "gpu", `nvidia-smi prints what cannot be read, such as "hello"`},
		{"garbage on both sides", "while :; do echo hello; echo oh >&2; sleep 0.001; done", "gpu", `nvidia-smi prints what cannot be read, such as "hello"`},
		{"garbage without end or lines", "cat /dev/zero", "gpu", "nvidia-smi prints without end"},
		{"it dies in mid-run", "echo '0, 10, 1, 2, 3, 4, Disabled, A'; sleep 0.3; kill -9 $$", "nvidia-smi", "it ended: signal: killed"},
		{"it falls silent", "echo '0, 10, 1, 2, 3, 4, Disabled, A'; sleep 60", "nvidia-smi", "it has told nothing for 3"},
		{"half a line is none", "printf '0, 10, 1, 2, 3, 4, Disabled, A'; sleep 60", "gpu", "nvidia-smi has told nothing for 2"},
		{"samples without end", "yes '0, 10, 1, 2, 3, 4, Disabled, A'", "nvidia-smi", "it prints without end"},
	} {
		t.Run(c.what, func(t *testing.T) {
			program(t, c.script)
			now := until(t, open(t), func(now told) bool { return strings.HasPrefix(now.absent[c.source], c.why) })
			if c.source == "gpu" && len(now.figures) > 0 {
				t.Errorf("figures %v", now.figures)
			}
		})
	}
}

// What is printed in the place of samples, or between them, is quoted.
func TestQuoted(t *testing.T) {
	const sample = "0, 10, 1, 2, 3, 4, Disabled, A"
	for _, c := range []struct{ what, script, source, why string }{
		{"no device, and it stays", "echo 'No devices were found'; sleep 60", "gpu", `it said "No devices were found"`},
		{"only a header", "echo 'index, utilization.gpu [%], name'; sleep 60", "gpu", `it said "index, utilization.gpu [%], name"`},
		{"half a line", "printf 'Please wait'; sleep 60", "gpu", `it said "Please wait"`},
		{"mistakes", "echo 'Please wait' >&2; sleep 60", "gpu", `it said "Please wait"`},
		{"commas in numbers", "while :; do echo '0, 40,5, 1000, 81559, 120,5, 45, Disabled, NVIDIA H100'; sleep 0.2; done", "gpu",
			`it said "0, 40,5, 1000, 81559, 120,5, 45, Disabled, NVIDIA H100"`},
		{"a comma in one number", "while :; do echo '0, 40, 1000, 81559, 120,5, 45, [N/A], NVIDIA H100'; sleep 0.2; done", "gpu",
			`it said "0, 40, 1000, 81559, 120,5, 45, [N/A], NVIDIA H100"`},
		{"commas, and a driver without MIG", `case "$*" in *mig*) echo 'Field "mig.mode.current" is not a valid field to query.'; exit 2;; esac
while :; do echo '0, 40, 1000, 81559, 120,5, 45, Tesla'; sleep 0.2; done`, "gpu", `it said "0, 40, 1000, 81559, 120,5, 45, Tesla"`},
		{"a card that is lost", "while :; do echo '" + sample + "'; echo 'Unable to determine the device handle'; sleep 0.2; done", "nvidia-smi",
			`it also printed what cannot be read: "Unable to determine the device handle"`},
	} {
		t.Run(c.what, func(t *testing.T) {
			program(t, c.script)
			now := until(t, open(t), func(now told) bool { return strings.HasSuffix(now.absent[c.source], c.why) })
			if c.source == "gpu" && len(now.figures) > 0 {
				t.Errorf("figures %v", now.figures)
			}
		})
	}
}

// Of more cards than there is room for, those with the lowest numbers are read, whole, and the others are counted.
func TestManyCards(t *testing.T) {
	lines := func(from, to int) string {
		return fmt.Sprintf("for i in $(seq %d %d); do echo \"$i, 10, 1, 2, 3, 4, Disabled, A\"; done; ", from, to)
	}
	program(t, "while :; do "+lines(200, 299)+lines(0, 199)+"sleep 0.5; done")
	cards := &gpu.Cards{}
	all, some := cards.Open(time.Second, nil), cards.Open(time.Second, []int{3, 250})
	defer all.Close()
	defer some.Close()
	now := until(t, all, func(now told) bool {
		return now.absent["further GPUs"] == "only the 128 GPUs with the lowest numbers are read, 172 are left out"
	})
	for i := range 300 {
		_, there := now.figures[fmt.Sprintf("gpu.%d.temperature_celsius", i)]
		if there != (i < 128) {
			t.Errorf("card %d: %v", i, there)
		}
	}
	if len(now.figures) != 128*5 {
		t.Errorf("%d figures", len(now.figures))
	}
	if now := until(t, some, has("gpu.250.busy_share")); len(now.figures) != 10 || len(now.absent) != 0 {
		t.Errorf("%+v", now)
	}
}

func abs(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(recorded + name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Lines that come in halves and in blocks are read. Of a block only the newest line is about now.
func TestBlocks(t *testing.T) {
	program(t, `sleep 0.2; printf '0, 1, 1, 2, 3, 4, Disabled, A\n0, 2, 1, 2, 3, 4, Disabled, A\n0, 3, 1, 2, 3, 4, Disabl'; sleep 0.2
printf 'ed, A\n0, 4, 1, 2, 3, 4, Disabled, A\n0, 5, 1,'; sleep 60`)
	s := open(t)
	until(t, s, func(now told) bool { return now.figures["gpu.0.busy_share"] == 0.04 })
}

// A program that is slow to start is waited for.
func TestSlowStart(t *testing.T) {
	program(t, "sleep 4; while :; do echo '0, 10, 1, 2, 3, 4, Disabled, A'; sleep 0.1; done")
	s := open(t)
	until(t, s, func(now told) bool { return strings.HasPrefix(now.absent["gpu"], "nvidia-smi has told nothing for ") })
	now := until(t, s, has("gpu.0.busy_share"))
	if !strings.HasPrefix(now.absent["nvidia-smi"], "its first answer took ") {
		t.Errorf("%+v", now)
	}
}

// Nothing that was told long ago is told as if it were of now.
func TestStale(t *testing.T) {
	program(t, "echo '0, 10, 1, 2, 3, 4, Disabled, A'; sleep 60")
	s := open(t)
	until(t, s, has("gpu.0.busy_share"))
	if figures, _, _ := s.Read(time.Now().Add(5 * time.Second)); len(figures) > 0 {
		t.Errorf("%v", figures)
	}
}

// If this program is killed, its child does not stay.
func TestKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the kernel does it")
	}
	file := filepath.Join(t.TempDir(), "pid")
	if os.Getenv("GPU_TEST_PID") != "" {
		s := open(t)
		until(t, s, has("gpu.0.busy_share"))
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	program(t, "trap '' PIPE; echo $$ > "+file+"; while :; do echo '0, 10, 1, 2, 3, 4, Disabled, A' 2>/dev/null; sleep 0.1; done")
	again := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	again.Env = append(os.Environ(), "GPU_TEST_PID="+file)
	if out, err := again.CombinedOutput(); again.ProcessState.Exited() {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(file)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid == 0 {
		t.Fatal(err, pid)
	}
	for deadline := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("it lives on")
		}
	}
}
