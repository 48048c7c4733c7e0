package kubernetes_test

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/testdata/kubernetes"
)

// recipe is the Dockerfile that plimsoll init kubernetes writes and a release has.
func recipe(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../cmd/plimsoll/internal/starter/files/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// unpacked reads a tar file.
func unpacked(t *testing.T, from io.Reader) (contents map[string]string, modes map[string]int64) {
	t.Helper()
	contents, modes = map[string]string{}, map[string]int64{}
	for r := tar.NewReader(from); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return contents, modes
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		contents[header.Name], modes[header.Name] = string(content), header.Mode
	}
}

// The image of a release holds the program and the authorities, and runs as nobody.
func TestImage(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"ca-certificates.crt": "authorities", "plimsoll_linux_" + runtime.GOARCH: "program"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made := filepath.Join(dir, "image.tar")
	if err := kubernetes.BuildImage(recipe(t), dir, "example.com/plimsoll:v1", made); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(made)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	layout, _ := unpacked(t, file)
	follow := func(name string, into any) {
		t.Helper()
		if err := json.Unmarshal([]byte(layout[name]), into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	type blob struct {
		Digest      string
		Annotations map[string]string
	}
	at := func(b blob) string { return "blobs/sha256/" + strings.TrimPrefix(b.Digest, "sha256:") }
	var index struct{ Manifests []blob }
	follow("index.json", &index)
	if len(index.Manifests) != 1 || index.Manifests[0].Annotations["io.containerd.image.name"] != "example.com/plimsoll:v1" {
		t.Fatalf("the index is %+v", index)
	}
	var manifest struct {
		Config blob
		Layers []blob
	}
	follow(at(index.Manifests[0]), &manifest)
	var config struct {
		Config struct {
			User       string
			Entrypoint []string
		}
	}
	follow(at(manifest.Config), &config)
	if config.Config.User != "65534:65534" || strings.Join(config.Config.Entrypoint, " ") != "/plimsoll" {
		t.Errorf("it runs %v as %s", config.Config.Entrypoint, config.Config.User)
	}
	contents, modes := unpacked(t, strings.NewReader(layout[at(manifest.Layers[0])]))
	if contents["plimsoll"] != "program" || modes["plimsoll"] != 0o755 || contents["etc/ssl/certs/ca-certificates.crt"] != "authorities" {
		t.Errorf("it holds %q with the modes %v", contents, modes)
	}
}

// A recipe that the builder does not understand is refused, and so is one whose files are missing.
func TestImageRefused(t *testing.T) {
	for text, want := range map[string]string{
		"FROM scratch\nRUN make\n":   "line 2: RUN make: this builder does not know it",
		"FROM debian\n":              "line 1: FROM debian",
		"COPY nothing /\n":           "no such file",
		"COPY --chmod=rwx a b\n":     "line 1",
		"COPY one two three four\n":  "copies one file",
		"ENTRYPOINT /plimsoll run\n": "line 1: ENTRYPOINT",
	} {
		err := kubernetes.BuildImage(text, t.TempDir(), "x:1", filepath.Join(t.TempDir(), "image.tar"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", text, err, want)
		}
	}
}
