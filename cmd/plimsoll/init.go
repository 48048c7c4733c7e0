package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"golang.org/x/term"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
)

//go:embed starter
var starter embed.FS

// initCmd is plimsoll init.
type initCmd struct {
	Kind   string `arg:"" optional:"" default:"paired" enum:"paired,stored,forks" help:"The gate: paired (a pull request against its base, no database), stored (against the history of main, in PostgreSQL), or forks (paired, in two workflows, where strangers send pull requests)."`
	Name   string `help:"The series (default: the name of the directory)."`
	Build  string `help:"The command that builds the service."`
	Start  string `help:"The command that starts the service, which finds its port in $PORT or as $${port} in the command."`
	URL    string `name:"url" help:"The address of a service that runs already; nothing is built or started."`
	Path   string `default:"/" help:"The first path to load; it must answer with 200 once the service is ready."`
	Remote string `kong:"-"` // the host of URL, when it is not this machine
	Force  bool   `help:"Write over files that are there."`
}

// Run writes a profile and the workflows for it, all of them or none.
func (c *initCmd) Run(a *app) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	c.guess(dir)
	if err := c.ask(a); err != nil {
		return err
	}
	if starters[c.Kind] == nil {
		return badInput("%q is no kind of gate: paired, stored and forks are", c.Kind)
	}
	if err := (&profile.Profile{}).Rename(c.Name); err != nil {
		return badInput("--name: %w", err)
	}
	target, err := url.Parse(c.URL)
	switch {
	case err != nil, c.URL != "" && (target.Host == "" || target.Scheme != "http" && target.Scheme != "https"):
		return badInput("--url %s is no address; it must read like http://127.0.0.1:8080", c.URL)
	case c.URL != "" && c.Start != "":
		return badInput("--url is a service that runs already, and --start starts one: give one of them")
	case c.Start == "" && c.URL == "":
		return badInput("plimsoll init cannot tell how this service is started: name the command with --start (and --build), or with --url the address of one that runs already")
	case !strings.HasPrefix(c.Path, "/"):
		return badInput("--path is %q: it must begin with /", c.Path)
	case c.URL != "" && c.Kind != "stored":
		return badInput("a %s gate builds and starts both sides itself: give --start in the place of --url, or choose plimsoll init stored", c.Kind)
	}
	if host := target.Hostname(); host != "localhost" && !strings.HasPrefix(host, "127.") && host != "::1" {
		c.Remote = host
	}
	root := dir
	if top, err := git.Run(a.ctx, dir, "rev-parse", "--show-toplevel"); err == nil {
		root = top
	}
	files, err := c.files(a.ctx, dir, root)
	if err != nil {
		return err
	}
	if err := c.write(files); err != nil {
		return err
	}
	return c.next(a, files)
}

// file is what is to be written.
type file struct {
	path string
	text string
}

// starters are the files of each kind of gate, by their names in the directory of workflows.
var starters = map[string][][2]string{
	"stored": {{"stored.yml", "plimsoll.yml"}},
	"paired": {{"paired.yml", "plimsoll.yml"}},
	"forks":  {{"forks.yml", "plimsoll.yml"}, {"comment.yml", "plimsoll-comment.yml"}},
}

func (c *initCmd) files(ctx context.Context, dir, root string) ([]file, error) {
	text, err := c.profile()
	if err != nil {
		return nil, err
	}
	name := usualProfile
	if below, err := filepath.Rel(root, dir); err == nil {
		name = filepath.ToSlash(filepath.Join(below, usualProfile))
	}
	files := []file{{filepath.Join(dir, usualProfile), text}}
	for _, one := range starters[c.Kind] {
		workflow, err := starter.ReadFile("starter/" + one[0])
		if err != nil {
			return nil, err
		}
		text := string(workflow)
		if branch := defaultBranch(ctx, dir); branch != "main" {
			text = strings.ReplaceAll(text, "branches: [main]", fmt.Sprintf("branches: [%q]", branch))
		}
		if released.MatchString(version) {
			text = strings.ReplaceAll(text, "plimsoll-ci/plimsoll@main", "plimsoll-ci/plimsoll@"+version)
		}
		if name != usualProfile && one[0] != "comment.yml" {
			const with = "# better: the SHA of a commit\n        with:\n"
			text = strings.Replace(text, with, fmt.Sprintf("%s          profile: %q\n", with, name), 1)
		}
		files = append(files, file{filepath.Join(root, ".github", "workflows", one[1]), text})
	}
	return files, nil
}

var released = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// profile is the starting profile, which is a good one.
func (c *initCmd) profile() (string, error) {
	t, err := template.New("plimsoll.yaml").Funcs(template.FuncMap{"quote": scalar}).ParseFS(starter, "starter/plimsoll.yaml")
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, c); err != nil {
		return "", err
	}
	_, problems := profile.Parse(usualProfile, b.Bytes(), profile.Surroundings{Env: os.LookupEnv, Read: os.ReadFile})
	if err := problems.Err(); err != nil {
		return "", badInput("what was given makes no good profile, and nothing was written: %v", err)
	}
	return b.String(), nil
}

var plainScalar = regexp.MustCompile(`^[A-Za-z./][A-Za-z0-9 ./_=-]*[A-Za-z0-9./]$`)

// scalar writes a text as a scalar of YAML, in quotes only where it needs them.
func scalar(text string) (string, error) {
	if plainScalar.MatchString(text) {
		return text, nil
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(text)
	return strings.TrimSpace(b.String()), err
}

// guess fills in what the directory tells of the service in it.
func (c *initCmd) guess(dir string) {
	plain := regexp.MustCompile(`[^a-z0-9._-]+`).ReplaceAllString(strings.ToLower(filepath.Base(dir)), "-")
	c.Name = cmp.Or(c.Name, strings.Trim(plain[:min(64, len(plain))], "-"), "service")
	if c.Start != "" || c.URL != "" {
		return
	}
	switch {
	case isMain(dir):
		c.Start = "bin/" + c.Name
		c.Build = cmp.Or(c.Build, "go build -o "+c.Start+" .")
	case hasStart(filepath.Join(dir, "package.json")):
		c.Start = "npm start"
		c.Build = cmp.Or(c.Build, "npm ci")
	}
}

// isMain reports whether a directory holds a Go program.
func isMain(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		return false
	}
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return false
	}
	main := regexp.MustCompile(`(?m)^package main\b`)
	for _, source := range sources {
		if text, err := os.ReadFile(source); err == nil && main.Match(text) && !strings.HasSuffix(source, "_test.go") {
			return true
		}
	}
	return false
}

// hasStart reports whether a package of Node says how it is started.
func hasStart(path string) bool {
	var node struct {
		Scripts struct{ Start string }
	}
	text, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(text, &node) == nil && node.Scripts.Start != ""
}

// ask asks who sits at a terminal; elsewhere the flags and what was guessed have to do.
func (c *initCmd) ask(a *app) error {
	if !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) || c.URL != "" {
		return nil
	}
	answers := bufio.NewScanner(os.Stdin)
	for _, question := range []struct {
		text string
		into *string
	}{
		{"Kind of gate: paired, stored or forks", &c.Kind},
		{"Name of the series", &c.Name},
		{"Command that builds the service (empty for none)", &c.Build},
		{"Command that starts it; it finds its port in $PORT", &c.Start},
		{"First path to load", &c.Path},
	} {
		fmt.Fprintf(a.stdout, "%s [%s]: ", question.text, *question.into)
		if !answers.Scan() {
			return errors.Join(badInput("nothing was written"), answers.Err())
		}
		*question.into = cmp.Or(strings.TrimSpace(answers.Text()), *question.into)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// write writes all files, or none of them when one is there already. What fails on the way takes
// the new ones back.
func (c *initCmd) write(files []file) (err error) {
	var there, made []string
	for _, f := range files {
		if exists(f.path) {
			there = append(there, shown(f.path))
		} else {
			made = append(made, f.path)
		}
	}
	if c.Force {
		there = nil
	}
	defer func() {
		for _, path := range made {
			if err != nil {
				_ = os.Remove(path) // it may not be there yet
			}
		}
	}()
	if len(there) > 0 {
		return badInput("%s: there already, and nothing was written; --force writes over what is there", strings.Join(there, ", "))
	}
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
			return err
		}
		if err := whole.Write(f.path, func(w io.Writer) error { _, err := io.WriteString(w, f.text); return err }); err != nil {
			return err
		}
	}
	return nil
}

// next says what was written and what comes now.
func (c *initCmd) next(a *app, files []file) error {
	var names []string
	for _, f := range files {
		names = append(names, shown(f.path))
	}
	text := "Wrote " + strings.Join(names, ", ") + ".\n\n" +
		"- `plimsoll check` says what the profile would do, `plimsoll run` tries it here.\n" +
		"- Put the routes that matter into " + usualProfile + ", each with its weight.\n" +
		"- Put result*.json and .plimsoll/, which runs leave here, into .gitignore.\n"
	switch other := filepath.Join(filepath.Dir(files[len(files)-1].path), "plimsoll-comment.yml"); {
	case c.Kind == "stored":
		text += "- Put the URL of a PostgreSQL database into the repository's secrets as PLIMSOLL_DATABASE_URL.\n" +
			"- The first five pushes to the main branch fill the baseline, and it takes ten until anything fails.\n"
	case c.Kind == "paired" && exists(other):
		text += "- " + shown(other) + " belongs to the gate for forks: take it away.\n"
	}
	_, err := fmt.Fprint(a.stdout, text+"- Commit, push, and open a pull request.\n")
	return err
}

// shown is a path as it is shortest from here.
func shown(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if below, err := filepath.Rel(here, path); err == nil {
		return filepath.ToSlash(below)
	}
	return path
}
