package job_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
)

const profile = `name: shop
target: { url: "http://127.0.0.1:1" }
data:
  products: { file: products.csv }
load: { users: 1, spawn_rate: 1, run_time: 60s }
users:
  - name: one
    tasks:
      - { http: "GET /${data.products.sku}", name: GET / }
`

// A data file is found beside the profile, and one that is too large is refused unread.
func TestReadData(t *testing.T) {
	dir := t.TempDir()
	file, products := filepath.Join(dir, "plimsoll.yaml"), filepath.Join(dir, "products.csv")
	for path, text := range map[string]string{file: profile, products: "sku\nSKU-1\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := job.Read(file, environ.Values{}); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(products, 512<<20+1); err != nil { // sparse
		t.Fatal(err)
	}
	_, err := job.Read(file, environ.Values{})
	if err == nil || !strings.Contains(err.Error(), "products.csv is larger than 512 MiB: a data file is held in memory") {
		t.Errorf("got %v", err)
	}
}

// A profile that never ends is refused, too.
func TestReadEndlessProfile(t *testing.T) {
	endless := "/dev/zero"
	if _, err := os.Stat(endless); err != nil {
		t.Skip(err)
	}
	_, err := job.Read(endless, environ.Values{})
	if err == nil || !strings.Contains(err.Error(), "the file is larger than 1 MiB") {
		t.Errorf("got %v", err)
	}
}

// If the profile is a directory, the error says so.
func TestReadDirectory(t *testing.T) {
	dir := t.TempDir()
	if _, err := job.Read(dir, environ.Values{}); err == nil || err.Error() != "read profile: read "+dir+": is a directory: name a file" {
		t.Errorf("got %v", err)
	}
}
