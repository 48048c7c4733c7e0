//go:build real

package imports_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// tool is a program that make test-real has built.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("../../../../bin/tools/" + name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%v: make test-real builds it", err)
	}
	return path
}

func TestRealHey(t *testing.T) {
	url, requests := server(t)
	dir := t.TempDir()
	run(t, dir, "hey.csv", tool(t, "hey"), "-n", "400", "-c", "4", "-o", "csv", url+"/items")
	counted(t, mustRead(t, "hey", filepath.Join(dir, "hey.csv")), requests)
	requests.Store(0)
	run(t, dir, "hey.txt", tool(t, "hey"), "-n", "400", "-c", "4", url+"/bad")
	r := mustRead(t, "hey", filepath.Join(dir, "hey.txt"))
	counted(t, r, requests)
	if f := r.Rounds[0].Total; f.P50 <= 0 || f.Failures != 400 {
		t.Errorf("got %+v", f)
	}
}

func TestRealVegeta(t *testing.T) {
	url, requests := server(t)
	dir, vegeta := t.TempDir(), tool(t, "vegeta")
	shell := exec.Command("sh", "-c", fmt.Sprintf(
		`printf 'GET %s/items\nPOST %[1]s/bad\n' | %[2]s attack -rate 100 -duration 2s > r.bin && %[2]s encode < r.bin > r.json && %[2]s encode -to csv < r.bin > r.csv && %[2]s report -type=json < r.bin > report.json`, url, vegeta))
	shell.Dir = dir
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := ""
	for _, name := range []string{"r.bin", "r.json", "r.csv"} {
		r := mustRead(t, "vegeta", filepath.Join(dir, name))
		counted(t, r, requests)
		if want == "" {
			want = said(r)
		}
		if said(r) != want || len(r.Routes()) != 2 || r.Tally.Total().Failures() != 100 || r.Target != url {
			t.Errorf("%s: got %s of %s, want %s", name, said(r), r.Target, want)
		}
	}
	counted(t, mustRead(t, "vegeta", filepath.Join(dir, "report.json")), requests)
}
