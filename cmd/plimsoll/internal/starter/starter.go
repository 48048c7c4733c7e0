// Package starter writes the first files for a repository: a profile, and the GitHub workflows for its gate.
//
// Settings describe the service. Guess fills in settings from its directory, Check finds mistakes in them, Files makes
// the files, and Write writes all of them or none. The profile is parsed before anything is written, so it is valid.
package starter

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/lineage"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
)

//go:embed files
var files embed.FS

// workflows are the workflows of each kind of gate: the name of the file here, and in a repository.
var workflows = map[string][][2]string{
	"stored": {{"stored.yml", "plimsoll.yml"}},
	"paired": {{"paired.yml", "plimsoll.yml"}},
	"fleet":  {{"fleet.yml", "plimsoll.yml"}},
	"forks":  {{"forks.yml", "plimsoll.yml"}, {"comment.yml", "plimsoll-comment.yml"}},
}

// pages is the workflow that publishes the history: the name of the file here, and in a repository.
var pages = [2]string{"pages.yml", "plimsoll-history.yml"}

// Settings are what the files are made from.
type Settings struct {
	Kind  string       // of gate: paired, stored, forks or fleet
	Name  string       // of the series
	Build string       // the command that builds the service; empty for none
	Start string       // the command that starts it
	URL   string       // of a service that runs already, instead of Start
	Path  string       // the first path to load; empty for /
	Pages bool         // with a workflow that publishes the history
	Draft *draft.Draft // what is sent; nil for the path alone

	From  string   // the file that Guess took Start from; empty when the user named it
	Notes []string // what Guess could not know about Build and Start, for the user to edit

	taken    bool     // URL is what the draft's source names
	silent   string   // a file that usually says how a service is started, but does not here
	services []string // directories whose files say how a service is started
}

// Guess fills in settings from the files of a directory.
func (s *Settings) Guess(dir string) {
	own := orElse(filepath.Base(dir), "service")
	if s.Start != "" || s.URL != "" {
		s.Name = cmp.Or(s.Name, own)
		if s.Start != "" && !strings.Contains(s.Start, "${port}") && !strings.Contains(s.Start, "$PORT") {
			s.Notes = append(s.Notes, onPort)
		}
		return
	}
	s.guessIn(repository{os.DirFS(dir), workspace(dir)}, own)
}

// workspace is the directory above dir, in the same repository, that is the root of a workspace; nil for none.
func workspace(dir string) fs.FS {
	for {
		if Exists(filepath.Join(dir, ".git")) || dir == filepath.Dir(dir) {
			return nil
		}
		dir = filepath.Dir(dir)
		if at := (repository{FS: os.DirFS(dir)}); at.joins() {
			return at.FS
		}
	}
}

// guessIn is Guess for a repository; own is the name of its directory.
func (s *Settings) guessIn(r repository, own string) {
	g := guessFrom(r)
	s.Name = cmp.Or(s.Name, orElse(g.name, own))
	if g.start == "" {
		s.services = r.services()
		s.silent = r.first("package.json", "pyproject.toml", "requirements.txt", "go.mod", "Cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts", "Gemfile", "composer.json")
		return
	}
	named := strings.NewReplacer("NAME-", s.Name+"-")
	s.Start, s.Build = named.Replace(g.start), cmp.Or(s.Build, named.Replace(g.build))
	s.From = oneLine(g.from)
	for _, note := range g.notes {
		s.Notes = append(s.Notes, oneLine(note))
	}
}

// oneLine makes a text safe for a YAML comment: it may hold the name of any file.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }), " ")
}

// TakeURL takes the address that the draft's source names, if the user named none and it is on this machine: another
// machine is only loaded when the user says so.
func (s *Settings) TakeURL() {
	if s.URL == "" && s.Start == "" && s.Draft.URL != "" && (Settings{URL: s.Draft.URL}).Remote() == "" {
		s.URL, s.taken = s.Draft.URL, true
	}
}

// Check returns an error if the settings are wrong.
func (s Settings) Check() error {
	if workflows[s.Kind] == nil {
		return exit.BadInput("%q is not a kind of gate: choose paired, stored, forks or fleet", s.Kind)
	}
	if s.Pages && s.Kind != "stored" {
		return exit.BadInput("--pages publishes the history of a store, and a %s gate has none: choose plimsoll init stored", s.Kind)
	}
	if err := (&profile.Profile{}).Rename(s.Name); err != nil {
		return exit.BadInput("--name: %w", err)
	}
	target, err := url.Parse(s.URL)
	switch {
	case err != nil, s.URL != "" && (target.Host == "" || target.Scheme != "http" && target.Scheme != "https"):
		return exit.BadInput("--url %s is not an address such as http://127.0.0.1:8080", s.URL)
	case s.URL != "" && s.Start != "":
		return exit.BadInput("--url names a service that runs already, and --start starts one: give only one of them")
	case s.Start == "" && s.URL == "":
		told := ""
		if s.Draft != nil && s.Draft.URL != "" {
			return exit.BadInput("the source names %s, which is another machine: give --url if that one is to be loaded, or --start to start the service here", s.Draft.URL)
		}
		if s.silent != "" {
			told = " from " + s.silent
		}
		if len(s.services) > 0 {
			return exit.BadInput("plimsoll init cannot tell%s how this service is started, but it can in %s: run it in the directory of the service, or name the command with --start (and --build)", told, list(s.services))
		}
		return exit.BadInput("plimsoll init cannot tell%s how this service is started: name the command with --start (and --build), or the address of a running one with --url", told)
	case s.Path != "" && !strings.HasPrefix(s.Path, "/"):
		return exit.BadInput("--path is %q: it must begin with /", s.Path)
	case s.taken && s.Kind != "stored":
		return exit.BadInput("a %s gate builds and starts both sides itself, and no command is named: add --start (and --build), or choose plimsoll init stored, which loads %s as it runs", s.Kind, s.URL)
	case s.URL != "" && s.Kind != "stored":
		return exit.BadInput("a %s gate builds and starts both sides itself: give --start instead of --url, or choose plimsoll init stored", s.Kind)
	}
	return nil
}

// Remote is the host of URL if that is another machine: the profile must name such a host to load it.
func (s Settings) Remote() string {
	target, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	if host := target.Hostname(); host != "localhost" && !strings.HasPrefix(host, "127.") && host != "::1" {
		return host
	}
	return ""
}

// File is a file to write.
type File struct {
	Path string
	Text string
}

// Place is the destination of the files.
type Place struct {
	Git     git.Dir // the directory of the profile
	Env     environ.Values
	Version string // of this program; the workflows pin it if it is a release
}

// Files makes the profile and then the workflows.
func (s Settings) Files(ctx context.Context, at Place) ([]File, error) {
	dir, root := at.Git.Path, at.Git.Path
	if top, err := at.Git.Run(ctx, "rev-parse", "--show-toplevel"); err == nil {
		root = top
	}
	made, err := s.Own(at)
	if err != nil {
		return nil, err
	}
	name := job.Usual
	if below, err := filepath.Rel(root, dir); err == nil {
		name = filepath.ToSlash(filepath.Join(below, job.Usual))
	}
	wanted := workflows[s.Kind]
	if s.Pages {
		wanted = append(slices.Clone(wanted), pages)
	}
	for _, one := range wanted {
		workflow, err := files.ReadFile("files/" + one[0])
		if err != nil {
			return nil, err
		}
		text := string(workflow)
		if branch := lineage.DefaultBranch(ctx, at.Git); branch != "main" {
			text = strings.ReplaceAll(text, "branches: [main]", fmt.Sprintf("branches: [%q]", branch))
		}
		if released.MatchString(at.Version) {
			text = strings.ReplaceAll(text, "plimsoll-ci/plimsoll@main", "plimsoll-ci/plimsoll@"+at.Version)
		}
		if name != job.Usual && one[0] != "comment.yml" && one != pages {
			const with = "# better: the SHA of a commit\n        with:\n"
			text = strings.ReplaceAll(text, with, fmt.Sprintf("%s          profile: %q\n", with, name))
		}
		made = append(made, File{filepath.Join(root, ".github", "workflows", one[1]), text})
	}
	return made, nil
}

// Own makes the profile and the files that it names.
func (s Settings) Own(at Place) ([]File, error) {
	text, err := s.profile(at.Env)
	if err != nil {
		return nil, err
	}
	made := []File{{filepath.Join(at.Git.Path, job.Usual), text}}
	if s.Draft != nil {
		for _, f := range s.Draft.Files {
			made = append(made, File{filepath.Join(at.Git.Path, filepath.FromSlash(f.Path)), string(f.Content)})
		}
	}
	return made, nil
}

var released = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// profile is the profile to start with.
func (s Settings) profile(env environ.Values) (string, error) {
	d := s.Whole()
	if size := len(d.YAML()); size > maxProfile {
		return "", exit.BadInput("the profile would have %.1f MiB, and %d MiB is the most: choose fewer operations with --only or --skip; nothing was written", float64(size)/(1<<20), maxProfile>>20)
	}
	_, problems := profile.Parse(job.Usual, []byte(d.Filled().YAML()), profile.Surroundings{
		Env: func(name string) (string, bool) {
			value, set := env.Lookup(name)
			return value, set || slices.ContainsFunc(d.Env, func(v draft.Variable) bool { return v.Name == name })
		},
		Read: d.Read,
	})
	if err := problems.Err(); err != nil {
		return "", exit.BadInput("these settings do not make a valid profile, and nothing was written: %v", err)
	}
	return d.YAML(), nil
}

// maxProfile is how large a profile may be that profile.Parse reads.
const maxProfile = 1 << 20

// Whole is the profile as a draft: what the sources of the settings send, or one request of their path.
func (s Settings) Whole() *draft.Draft {
	d, ready := s.Draft, draft.Map{{Key: "http", Value: "GET " + cmp.Or(s.Path, "/")}}
	if d == nil {
		d = &draft.Draft{Users: []draft.User{{Name: "visitor", Keys: draft.Map{{Key: "wait", Value: "50ms..150ms"}}, Tasks: []draft.Task{
			{Steps: []draft.Step{{Keys: ready}}},
		}}}}
	} else if s.Path == "" {
		ready = draft.Map{{Key: "tcp", Value: true}} // a description does not say which path answers once the service is up
	}
	whole := *d
	whole.Name, whole.URL = s.Name, s.URL
	if remote := s.Remote(); remote != "" {
		whole.Limits = draft.Map{{Key: "hosts", Value: []any{remote}, Beside: "another machine may be loaded only if it is named here"}}
	}
	if s.URL != "" {
		return &whole
	}
	whole.Start = nil
	if s.Build != "" {
		whole.Start = draft.Map{{Key: "build", Value: s.Build}}
	}
	whole.Start = append(whole.Start, draft.Map{
		{Key: "command", Value: s.Start},
		{Key: "env", Value: draft.Map{{Key: "PORT", Value: "${port}"}}},
		{Key: "ready", Value: append(ready, draft.Entry{Key: "within", Value: "60s"})},
	}...)
	whole.Start[0].Above = strings.Join(s.Notes, "\n")
	if s.From != "" {
		whole.Start[0].Above = strings.TrimSpace("guessed from " + s.From + ": check it\n" + whole.Start[0].Above)
	}
	return &whole
}

// Exists reports whether something is at a path.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// There lists the files that exist already.
func There(files []File) (paths []string) {
	for _, f := range files {
		if Exists(f.Path) {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

// Write writes all files. If one cannot be written, it removes the new ones.
func Write(files []File) (err error) {
	var made []string
	for _, f := range files {
		if info, err := os.Stat(f.Path); err == nil && info.IsDir() {
			return exit.BadInput("%s is a directory, and nothing was written: remove it or give it another name", f.Path)
		}
		if !Exists(f.Path) {
			made = append(made, f.Path)
		}
	}
	defer func() {
		for _, path := range made {
			if err != nil {
				_ = os.Remove(path) // it may not be there yet
			}
		}
	}()
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
			return err
		}
		if err := whole.Write(f.Path, func(w io.Writer) error { _, err := io.WriteString(w, f.Text); return err }); err != nil {
			return err
		}
	}
	return nil
}
