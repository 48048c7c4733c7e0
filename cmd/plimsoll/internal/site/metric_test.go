package site

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The script of the pages writes numbers as the pages themselves do: its functions are run in Node.
func TestSameNumbers(t *testing.T) {
	script, err := files.ReadFile("files/history.js")
	if err != nil {
		t.Fatal(err)
	}
	_, functions, begins := strings.Cut(string(script), "// Numbers as metric.go writes them")
	functions, _, ends := strings.Cut(functions, "// The end of those numbers.")
	if !begins || !ends {
		t.Fatal("history.js has no functions that write numbers")
	}
	values := []float64{0, 1, 999, 1000, 1023, 1024, 999_499, 999_501, 1e6, 1 << 20, 1<<30 - 1, 1 << 40, 1e-7, 4e-7, 6e-7, 1e-4}
	for exponent := -8; exponent < 12; exponent++ {
		for _, v := range []float64{1.234, 9.9949, 9.9951, 9.9994, 9.9996} {
			values = append(values, v*math.Pow10(exponent))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2_000 {
		values = append(values, math.Pow(10, 20*random.Float64()-7))
	}
	for _, m := range metrics() {
		if sizes[m.Unit] == nil {
			t.Errorf("%s has no unit %q", m.Name, m.Unit)
		}
	}
	units := slices.Sorted(maps.Keys(sizes))
	input, err := json.Marshal(map[string]any{"units": units, "values": values})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", "-e", "//"+functions+`
		const input = JSON.parse(require("fs").readFileSync(0));
		console.log(JSON.stringify(input.units.map(function (unit) { return input.values.map(function (v) { return say(unit, v); }); })));`)
	command.Stdin = strings.NewReader(string(input))
	var problems strings.Builder
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		t.Fatalf("node: %v; `make programs` installs it\n%s", err, problems.String())
	}
	var said [][]string
	if err := json.Unmarshal(output, &said); err != nil {
		t.Fatal(err)
	}
	for i, unit := range units {
		for k, v := range values {
			if want := (Metric{Unit: unit}).text(v); said[i][k] != want {
				t.Errorf("%g %s: the script writes %q, the page %q", v, unit, said[i][k], want)
			}
		}
	}
}
