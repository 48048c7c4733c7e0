package monitor

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
)

// The link that is nearest to its speed is told, by its fuller direction. A link without a speed is not.
func TestLinkShare(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	traffic := func(in0, out0, in1, out1, in2 int) {
		write("proc/net/dev", fmt.Sprintf("Inter-|\n face |\n eth0: %d 0 0 0 0 0 0 0 %d 0 0 0 0 0 0 0\n eth1: %d 0 0 0 0 0 0 0 %d 0 0 0 0 0 0 0\n wlan0: %d 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
			in0, out0, in1, out1, in2))
	}
	for _, link := range []string{"eth0", "eth1", "wlan0"} {
		write("sys/class/net/"+link+"/device/vendor", "1\n")
	}
	write("sys/class/net/eth0/speed", "10000\n")
	write("sys/class/net/eth1/speed", "1000\n")
	traffic(0, 0, 0, 0, 0)
	m := &machine{reader: proc.NewReader(root), dir: root}
	defer m.Close()
	var first, second Reading
	m.take(time.Unix(100, 0), &first)
	traffic(250_000_000, 0, 1_000_000, 100_000_000, 1<<40)
	m.take(time.Unix(102, 0), &second)
	share := -1.0
	for _, f := range second.figures {
		if f.name == "machine.net_link_share" {
			share = f.amount / f.of
		}
	}
	if share != 0.4 || second.facts["machine.net_link_share"] != "eth1" {
		t.Errorf("%g of %v, want 0.4 of eth1", share, second.facts)
	}
}
