// Package manifest_test holds what plimsoll init kubernetes writes against Kubernetes' own types, which know every field
// and no other.
package manifest_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// written runs plimsoll init kubernetes beside some files and returns its manifest.
func written(t *testing.T, files map[string]string, args ...string) string {
	t.Helper()
	bin, dir := filepath.Join(t.TempDir(), "plimsoll"), t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "./cmd/plimsoll")
	build.Dir = "../../.."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command(bin, append([]string{"init", "kubernetes"}, args...)...)
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	text, err := os.ReadFile(filepath.Join(dir, "plimsoll-job.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// read reads the two documents of a manifest, and refuses keys that Kubernetes does not have.
func read(t *testing.T, manifest string) (job batch.Job, values core.ConfigMap) {
	t.Helper()
	parts := strings.SplitN(manifest, "\n---\n", 2)
	if len(parts) != 2 {
		t.Fatalf("there are not two documents:\n%s", manifest)
	}
	for i, into := range []any{&job, &values} {
		if err := yaml.UnmarshalStrict([]byte(parts[i]), into); err != nil {
			t.Fatalf("%v\n%s", err, parts[i])
		}
	}
	return job, values
}

const profile = `name: shop
target: { url: "http://shop.default.svc:8080" }
data:
  products: { file: data/products.csv }
load: { users: 4, spawn_rate: 100, run_time: 2h }
users:
  - name: visitor
    tasks:
      - { http: "GET /${data.products.sku}", name: GET / }
`

// The manifest of the simplest profile has the values that loads depend on.
func TestManifest(t *testing.T) {
	text := strings.NewReplacer("data:\n  products: { file: data/products.csv }\n", "", "${data.products.sku}", "").Replace(profile)
	job, values := read(t, written(t, map[string]string{"plimsoll.yaml": text}, "--shards", "8", "--image", "registry.example.com/plimsoll:v1", "--url", "http://other.svc"))
	spec, pod := job.Spec, job.Spec.Template.Spec
	container := pod.Containers[0]
	for what, holds := range map[string]bool{
		"an Indexed Job":           *spec.CompletionMode == batch.IndexedCompletion,
		"eight pods at once":       *spec.Completions == 8 && *spec.Parallelism == 8,
		"no second pod":            *spec.BackoffLimitPerIndex == 0 && *spec.MaxFailedIndexes == 0 && pod.RestartPolicy == core.RestartPolicyNever,
		"a deadline past the load": *spec.ActiveDeadlineSeconds > 2*60*60,
		"statuses that end it":     spec.PodFailurePolicy.Rules[0].Action == batch.PodFailurePolicyActionFailJob && slices.Equal(spec.PodFailurePolicy.Rules[0].OnExitCodes.Values, []int32{2, 3}) && *spec.PodFailurePolicy.Rules[0].OnExitCodes.ContainerName == container.Name,
		"no token":                 !*pod.AutomountServiceAccountToken,
		"not root":                 *pod.SecurityContext.RunAsNonRoot && *container.SecurityContext.ReadOnlyRootFilesystem && !*container.SecurityContext.AllowPrivilegeEscalation && container.SecurityContext.Capabilities.Drop[0] == "ALL" && pod.SecurityContext.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault,
		"requests as limits":       len(container.Resources.Limits) == 2 && asJSON(t, container.Resources.Limits) == asJSON(t, container.Resources.Requests),
		"spread over nodes":        pod.TopologySpreadConstraints[0].LabelSelector.MatchLabels["app.kubernetes.io/name"] == spec.Template.Labels["app.kubernetes.io/name"],
		"the image":                container.Image == "registry.example.com/plimsoll:v1",
		"the shard and the host":   slices.Contains(container.Args, "--shard=auto/8") && slices.Contains(container.Args, "--host=http://other.svc"),
		"the Secret":               container.EnvFrom[0].SecretRef.Name == "plimsoll",
		"the profile":              values.Data["plimsoll.yaml"] == text && pod.Volumes[0].ConfigMap.Name == values.Name,
	} {
		if !holds {
			t.Errorf("the manifest lacks: %s\n%s", what, asJSON(t, job))
		}
	}
}

// Files of all kinds come to the pods as they are, under their own paths, and a private key does not get into a ConfigMap.
func TestManifestFiles(t *testing.T) {
	key, certificate := keyPair(t)
	files := map[string]string{
		"plimsoll.yaml":     strings.Replace(profile, `"http://shop.default.svc:8080" }`, `"https://shop.default.svc", tls: { cert: c.pem, key: tls/k.pem } }`, 1) + "# \ttabs, trailing spaces  \n# and \"quotes\": - {x}\n",
		"data/products.csv": "sku,name\r\nSKU-1,\"a\r\nb\"\r\nyes,1e3\r\n0x10, \xff\xfe\r\n",
		"c.pem":             certificate,
		"tls/k.pem":         key,
	}
	manifest := written(t, files)
	if strings.Contains(manifest, "PRIVATE KEY") {
		t.Error("the manifest holds the private key")
	}
	job, values := read(t, manifest)
	seen := map[string]string{}
	for _, source := range job.Spec.Template.Spec.Volumes[0].Projected.Sources {
		if source.Secret != nil {
			for _, item := range source.Secret.Items {
				seen[item.Path] = files["tls/k.pem"] // the user puts it there
			}
			continue
		}
		for _, item := range source.ConfigMap.Items {
			text, isText := values.Data[item.Key]
			if !isText {
				text = string(values.BinaryData[item.Key])
			}
			seen[item.Path] = text
		}
	}
	if !maps.Equal(seen, files) {
		t.Errorf("the pods see %q, want %q", seen, files)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(v); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// keyPair makes a private key and its certificate with openssl.
func keyPair(t *testing.T) (key, certificate string) {
	t.Helper()
	dir := t.TempDir()
	command := exec.Command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-keyout", "key", "-out", "certificate")
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	var texts [2]string
	for i, name := range []string{"key", "certificate"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	return texts[0], texts[1]
}
