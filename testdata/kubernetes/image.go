package kubernetes

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// BuildImage makes the image that docker build would make of a recipe and the files of a directory, as an OCI layout in a tar
// file. It knows FROM scratch, ARG TARGETARCH, COPY, USER and ENTRYPOINT, and refuses any other line.
func BuildImage(recipe, dir, name, file string) error {
	b := builder{dir: dir, variables: strings.NewReplacer("${TARGETARCH}", runtime.GOARCH)}
	b.tar = tar.NewWriter(&b.layer)
	for _, d := range []string{"dev/", "etc/", "proc/", "sys/", "tmp/"} { // a container's mounts need them in a read-only image
		if err := b.tar.WriteHeader(&tar.Header{Name: d, Mode: 0o755, Typeflag: tar.TypeDir}); err != nil {
			return err
		}
	}
	for i, line := range strings.Split(recipe, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := b.do(line); err != nil {
			return fmt.Errorf("line %d: %s: %w", i+1, line, err)
		}
	}
	if err := b.tar.Close(); err != nil {
		return err
	}
	return b.write(name, file)
}

// builder holds an image that is being made.
type builder struct {
	dir       string // the files that are copied
	variables *strings.Replacer
	layer     bytes.Buffer
	tar       *tar.Writer
	config    struct {
		User       string   `json:",omitempty"`
		Entrypoint []string `json:",omitempty"`
		Env        []string `json:",omitempty"`
		WorkingDir string
	}
}

// do does one line of a recipe.
func (b *builder) do(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "FROM scratch", line == "ARG TARGETARCH":
		return nil
	case word == "COPY":
		return b.copy(strings.Fields(b.variables.Replace(rest)))
	case word == "USER":
		b.config.User = rest
		return nil
	case word == "ENTRYPOINT":
		return json.Unmarshal([]byte(rest), &b.config.Entrypoint)
	}
	return fmt.Errorf("this builder does not know it")
}

// copy copies one file, as docker does: into a directory if the destination ends in a slash.
func (b *builder) copy(words []string) error {
	mode := int64(0)
	if len(words) == 3 {
		if _, err := fmt.Sscanf(words[0], "--chmod=%o", &mode); err != nil {
			return err
		}
		words = words[1:]
	}
	if len(words) != 2 {
		return fmt.Errorf("this builder copies one file")
	}
	from, to := filepath.Join(b.dir, words[0]), words[1]
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if mode == 0 {
		info, err := os.Stat(from)
		if err != nil {
			return err
		}
		mode = int64(info.Mode().Perm())
	}
	if strings.HasSuffix(to, "/") {
		to = path.Join(to, path.Base(words[0]))
	}
	return add(b.tar, strings.TrimPrefix(to, "/"), mode, content)
}

func add(w *tar.Writer, name string, mode int64, content []byte) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

// blob is content that is named by its digest.
type blob struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

func blobOf(kind string, content []byte) blob {
	sum := sha256.Sum256(content)
	return blob{MediaType: "application/vnd.oci.image." + kind, Digest: "sha256:" + hex.EncodeToString(sum[:]), Size: len(content)}
}

// write writes the layout: https://github.com/opencontainers/image-spec.
func (b *builder) write(name, file string) error {
	b.config.Env, b.config.WorkingDir = []string{"PATH=/"}, "/"
	layer := blobOf("layer.v1.tar", b.layer.Bytes())
	platform := map[string]string{"architecture": runtime.GOARCH, "os": "linux"}
	config, err1 := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "config": b.config,
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{layer.Digest}},
	})
	configured := blobOf("config.v1+json", config)
	manifest, err2 := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": configured, "layers": []blob{layer},
	})
	whole := blobOf("manifest.v1+json", manifest)
	whole.Platform, whole.Annotations = platform, map[string]string{"io.containerd.image.name": name}
	index, err3 := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []blob{whole}})
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return err
		}
	}
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	parts := map[string][]byte{
		"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`), "index.json": index,
		at(layer): b.layer.Bytes(), at(configured): config, at(whole): manifest,
	}
	for name, content := range parts {
		if err := add(w, name, 0o644, content); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, packed.Bytes(), 0o644)
}

// at is where a blob lies in the layout.
func at(b blob) string { return "blobs/sha256/" + strings.TrimPrefix(b.Digest, "sha256:") }
