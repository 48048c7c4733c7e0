package starter

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
)

// Every file has a key of its own that Kubernetes allows, and pods see it at its path.
func TestMount(t *testing.T) {
	all := map[string][]byte{
		"plimsoll.yaml": nil, "./a/b.csv": []byte("1"), "a/b.csv": []byte("1"), "a_b.csv": []byte("2"), "..odd": nil, "Größe.csv": nil,
		strings.Repeat("deep/", 60) + "x": nil, "tls/key.pem": []byte("-----BEGIN EC PRIVATE KEY-----\n"),
	}
	m, err := mount(all)
	if err != nil {
		t.Fatal(err)
	}
	keys, paths := map[string]bool{}, map[string]bool{}
	for _, e := range append(m.public, m.private...) {
		if notInKeys.MatchString(e.key) || strings.HasPrefix(e.key, "..") || len(e.key) > 253 || keys[e.key] {
			t.Errorf("%s has the key %q", e.path, e.key)
		}
		if paths[e.path] || strings.HasPrefix(e.path, "./") {
			t.Errorf("the path %s is there twice, or not clean", e.path)
		}
		keys[e.key], paths[e.path] = true, true
	}
	if len(paths) != len(all)-1 || len(m.private) != 1 || m.private[0].path != "tls/key.pem" {
		t.Errorf("got %v, private %v", paths, m.private)
	}
	if text, err := m.configMap(); err != nil || strings.Contains(text, "PRIVATE KEY") {
		t.Errorf("the ConfigMap is %s, %v", text, err)
	}
	if volume := m.volume(); !strings.Contains(volume, "secret:") || !strings.Contains(volume, `path: "a/b.csv"`) {
		t.Errorf("the volume is\n%s", volume)
	}
	for _, name := range []string{"../x", "/etc/hosts", "a/../../x"} {
		if _, err := mount(map[string][]byte{name: nil}); err == nil || !strings.Contains(err.Error(), "is not below its directory") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := mount(map[string][]byte{"x": make([]byte, maxConfigMap)}); err == nil || !strings.Contains(err.Error(), "a ConfigMap of Kubernetes holds 1 MiB") {
		t.Errorf("a file that is too large: got %v", err)
	}
}

// The commands for Secrets can be pasted into a shell, whatever the files are called.
func TestSecrets(t *testing.T) {
	const key = "-----BEGIN PRIVATE KEY-----\n"
	got := Secrets(job.Needs{
		Files:     map[string][]byte{"plimsoll.yaml": nil, "tls/key.pem": []byte(key), "our keys/ana's.pem": []byte(key), "$(id)": []byte(key)},
		Variables: []string{"TOKEN"},
	})
	want := []string{
		"kubectl create secret generic plimsoll --from-literal=PLIMSOLL_DATABASE_URL=postgres://… --from-literal=TOKEN=…",
		"kubectl create secret generic plimsoll-files --from-file='__id_=$(id)' --from-file='our_keys_ana_s.pem=our keys/ana'\\''s.pem' --from-file=tls_key.pem=tls/key.pem",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
