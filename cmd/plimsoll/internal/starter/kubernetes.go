package starter

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
)

// Cluster describes a load that pods of Kubernetes send.
type Cluster struct {
	Shards int    // the number of pods; each sends a part of the load
	Image  string // the image of the pods
	Host   string // the address of the system; empty for target.url of the profile
}

// The files of a load in Kubernetes, beside the profile.
const (
	ManifestName = "plimsoll-job.yaml"
	ImageName    = "plimsoll.Dockerfile"
)

// Files makes the manifest and the Dockerfile of its image, for the profile in the current directory. unwritten are the
// profile and its files if they are not written yet. The Dockerfile is left out if there is one.
func (c Cluster) Files(at Place, unwritten []File) ([]File, job.Needs, error) {
	made := map[string][]byte{}
	for _, f := range unwritten {
		if below, err := filepath.Rel(at.Git.Path, f.Path); err == nil {
			made[filepath.ToSlash(below)] = []byte(f.Text)
		}
	}
	needs, err := job.NeedsOf(job.Usual, at.Env, made)
	if err != nil {
		return nil, needs, err
	}
	if err := c.check(needs); err != nil {
		return nil, needs, err
	}
	manifest, err := c.manifest(needs)
	if err != nil {
		return nil, needs, err
	}
	written := []File{{filepath.Join(at.Git.Path, ManifestName), manifest}}
	if dockerfile := filepath.Join(at.Git.Path, ImageName); !Exists(dockerfile) {
		text, err := files.ReadFile("files/Dockerfile")
		if err != nil {
			return nil, needs, err
		}
		written = append(written, File{dockerfile, strings.ReplaceAll(string(text), "plimsoll:dev", c.Image)})
	}
	return written, needs, nil
}

var imageForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/:@-]*$`)

// isImage reports whether a text can be the name of an image in the manifest: YAML must read it as the same text, and not as
// a number or a mapping.
func isImage(text string) bool {
	var read any
	return imageForm.MatchString(text) && yaml.Unmarshal([]byte(text), &read) == nil && read == any(text)
}

// check refuses what pods cannot do.
func (c Cluster) check(needs job.Needs) error {
	if !isImage(c.Image) {
		return exit.BadInput("--image %q is no name of an image, such as registry.example.com/plimsoll:v1", c.Image)
	}
	if needs.Starts && c.Host == "" {
		return exit.BadInput("%s starts the system itself, and pods load one that runs already: give its address with --url", job.Usual)
	}
	if needs.Locust {
		return exit.BadInput("in %s Locust loads the system, and pods have no Python: send a load of Locust from one machine", job.Usual)
	}
	url := c.Host
	if url == "" && !strings.Contains(needs.URL, "${") {
		url = needs.URL
	}
	if url != "" && (Settings{URL: url}).Remote() == "" {
		return exit.BadInput("%s is the pod itself when a pod asks for it: give an address that pods reach, such as --url http://shop.default.svc:8080", url)
	}
	return nil
}

// getReady is how long a Job may take besides its load, in seconds: pods that wait for a node, the image, setup.
const getReady = 15 * 60

// manifest is the manifest for a profile and its files.
func (c Cluster) manifest(needs job.Needs) (string, error) {
	template, err := files.ReadFile("files/kubernetes.yaml")
	if err != nil {
		return "", err
	}
	mounted, err := mount(needs.Files)
	if err != nil {
		return "", err
	}
	args := ""
	if c.Host != "" {
		args = fmt.Sprintf("            - %q\n", "--host="+c.Host)
	}
	text := string(template)
	for _, change := range [][2]string{
		{"completions: 4", fmt.Sprintf("completions: %d", c.Shards)},
		{"parallelism: 4", fmt.Sprintf("parallelism: %d", c.Shards)},
		{"--shard=auto/4", fmt.Sprintf("--shard=auto/%d", c.Shards)},
		{"image: plimsoll:dev", "image: " + c.Image},
		{"activeDeadlineSeconds: 1800", fmt.Sprintf("activeDeadlineSeconds: %d", int(math.Ceil(needs.Load.Seconds()))+getReady)},
		{"            - --quiet\n", "            - --quiet\n" + args},
		{"          configMap: { name: plimsoll }\n", mounted.volume()},
	} {
		if strings.Count(text, change[0]) != 1 {
			panic("starter: the manifest does not have once: " + change[0])
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	values, err := mounted.configMap()
	return text + values, err
}

// mounted are the files of a profile as pods see them.
type mounted struct {
	public, private []entry // in a ConfigMap, and in a Secret that the user makes
}

// entry is one file: its key there, its path below the profile's directory, and its content.
type entry struct {
	key, path string
	content   []byte
}

// maxConfigMap is the most that a ConfigMap may hold, in bytes.
const maxConfigMap = 1 << 20

var (
	notInKeys  = regexp.MustCompile(`[^-._A-Za-z0-9]`)
	privateKey = []byte("PRIVATE KEY-----")
)

// mount gives each file a key. A private key belongs in a Secret.
func mount(all map[string][]byte) (m mounted, err error) {
	keys, paths, size := map[string]bool{}, map[string]bool{}, 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		content := all[name]
		if !filepath.IsLocal(name) {
			return m, exit.BadInput("the profile names %s, which is not below its directory: pods have no such path, so move the file there", name)
		}
		at := path.Clean(filepath.ToSlash(name))
		if paths[at] {
			continue // the profile names it in two ways
		}
		paths[at] = true
		key := notInKeys.ReplaceAllString(at, "_")
		key = key[max(0, len(key)-200):] // a key has 253 characters at most
		for key == "." || strings.HasPrefix(key, "..") || keys[key] {
			key = "file_" + key
		}
		keys[key] = true
		if bytes.Contains(content, privateKey) {
			m.private = append(m.private, entry{key, at, content})
			continue
		}
		m.public = append(m.public, entry{key, at, content})
		size += len(key) + len(content)
	}
	if size > maxConfigMap {
		return m, exit.BadInput("the profile and its files have %.1f MiB, and a ConfigMap of Kubernetes holds %d MiB: make the data smaller, for example by the generators of values in docs/profile.md", float64(size)/(1<<20), maxConfigMap>>20)
	}
	return m, nil
}

// volume is the source of the volume that holds the files.
func (m mounted) volume() string {
	direct := len(m.private) == 0 && !slices.ContainsFunc(m.public, func(e entry) bool { return e.key != e.path })
	if direct {
		return "          configMap: { name: plimsoll }\n"
	}
	text := "          projected:\n            sources:\n" + source("configMap", "plimsoll", m.public)
	if len(m.private) > 0 {
		text += source("secret", SecretFiles, m.private)
	}
	return text
}

// SecretFiles is the Secret that holds the private keys of a profile.
const SecretFiles = "plimsoll-files"

func source(kind, name string, entries []entry) string {
	text := fmt.Sprintf("              - %s:\n                  name: %s\n                  items:\n", kind, name)
	for _, e := range entries {
		text += fmt.Sprintf("                    - { key: %q, path: %q }\n", e.key, e.path)
	}
	return text
}

// configMap is the document that holds the files.
func (m mounted) configMap() (string, error) {
	document := struct {
		APIVersion string            `yaml:"apiVersion"`
		Kind       string            `yaml:"kind"`
		Metadata   map[string]string `yaml:"metadata"`
		Data       map[string]string `yaml:"data"`
		BinaryData map[string]string `yaml:"binaryData,omitempty"`
	}{"v1", "ConfigMap", map[string]string{"name": "plimsoll"}, map[string]string{}, map[string]string{}}
	for _, e := range m.public {
		if utf8.Valid(e.content) {
			document.Data[e.key] = string(e.content)
		} else {
			document.BinaryData[e.key] = base64.StdEncoding.EncodeToString(e.content)
		}
	}
	text, err := yaml.Marshal(document)
	return string(text), err
}

// Secrets are the commands that make the Secrets of the pods, without the values.
func Secrets(needs job.Needs) []string {
	line := "kubectl create secret generic plimsoll --from-literal=PLIMSOLL_DATABASE_URL=postgres://…"
	for _, name := range needs.Variables {
		line += " --from-literal=" + name + "=…"
	}
	commands := []string{line}
	if m, err := mount(needs.Files); err == nil && len(m.private) > 0 {
		line := "kubectl create secret generic " + SecretFiles
		for _, e := range m.private {
			line += " --from-file=" + shellWord(e.key+"="+e.path)
		}
		commands = append(commands, line)
	}
	return commands
}
