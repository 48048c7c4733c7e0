//go:build unix

package gpu_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/gpu"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Without an nvidia-smi, AMD's cards are read from files.
func TestAMD(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, "sys/class/drm", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("card0/device/vendor", "0x8086")
	write("card0-HDMI-A-1/status", "connected")
	write("card10/device/vendor", "0x1002")
	write("card10/device/device", "0x74a1")
	write("card10/device/gpu_busy_percent", "17")
	write("card10/device/mem_info_vram_used", "garbage")
	write("card2/device/vendor", "0x1002")
	write("card2/device/product_name", "AMD Instinct MI300X")
	write("card2/device/gpu_busy_percent", "98")
	write("card2/device/mem_info_vram_used", fmt.Sprint(64<<30))
	write("card2/device/mem_info_vram_total", fmt.Sprint(192<<30))
	write("card2/device/hwmon/hwmon5/power1_average", "540000000")
	write("card2/device/hwmon/hwmon5/temp1_input", "61000")
	cards := &gpu.Cards{Root: root}
	s := cards.Open(time.Second, nil)
	defer s.Close()
	now := read(s)
	want := map[string]float64{
		"gpu.0.busy_share": 0.98, "gpu.0.memory_used_bytes": 64 << 30, "gpu.0.memory_total_bytes": 192 << 30, "gpu.0.power_watts": 540,
		"gpu.0.temperature_celsius": 61, "gpu.1.busy_share": 0.17,
	}
	for name, value := range want {
		if got := now.figures[name]; got < value*0.999 || got > value*1.001 {
			t.Errorf("%s is %g, want %g", name, got, value)
		}
	}
	if len(now.figures) != len(want) || now.facts["gpu.0.name"] != "AMD Instinct MI300X" || now.facts["gpu.1.name"] != "AMD 0x74a1" {
		t.Errorf("%+v", now)
	}
	if now.absent["gpu.1.memory_used_bytes"] != `its driver says "garbage"` || now.absent["gpu.1.power_watts"] != "its driver has no power1_average" || now.absent["gpu"] != "" {
		t.Errorf("absent %v", now.absent)
	}
	only := cards.Open(time.Second, []int{1, 2})
	defer only.Close()
	if now := read(only); len(now.figures) != 1 || now.absent["gpu.2"] != "there is no such card" {
		t.Errorf("%+v", now)
	}
}

// Without any card, that is told in words.
func TestNone(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	s := open(t)
	if now := read(s); now.absent[result.OfGPU] != "no nvidia-smi, no AMD device" || len(now.figures) != 0 {
		t.Errorf("%+v", now)
	}
}
