package starter

import (
	"cmp"
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// guess is what the files of a repository tell of how its service is built and started. What they do not tell is a
// note for people, who see it beside the commands and edit them.
type guess struct {
	from  string // the file that tells
	name  string
	build string // empty for none
	start string
	notes []string
}

// note adds what the files do not tell.
func (g *guess) note(text string) { g.notes = append(g.notes, text) }

// onPort is the note of a service whose files do not tell how it gets its port.
const onPort = "the service must listen on $PORT; if it takes a flag instead, write it into command, with ${port}"

// repository is the files that are looked at.
type repository struct {
	fs.FS
	workspace fs.FS // the workspace that it is a package of; nil for none
}

// locked reports whether a lock file is there, of the package or of its workspace.
func (r repository) locked(names ...string) bool {
	return r.first(names...) != "" || r.workspace != nil && repository{FS: r.workspace}.first(names...) != ""
}

// guessers know a kind of service each, the surest first: a program that is compiled is rarely the tool of
// another one, and many repositories have a package.json for their pages.
var guessers = []struct {
	kind  string
	guess func(repository) (guess, bool)
}{
	{"Go", guessGo}, {"Rust", guessRust}, {"Java", guessJava}, {".NET", guessNET},
	{"Python", guessPython}, {"Ruby", guessRuby}, {"PHP", guessPHP}, {"Node", guessNode},
	{"Docker Compose", guessCompose}, {"Docker", guessDocker},
}

// guessFrom gives what the files tell, the zero guess when they tell nothing.
func guessFrom(r repository) guess {
	var found []guess
	for _, one := range guessers {
		if g, ok := one.guess(r); ok {
			found = append(found, g)
		}
	}
	if len(found) == 0 {
		return guess{}
	}
	g := found[0]
	if web, ok := r.procfile(); ok && g.from != composeFile(r) && g.from != "Dockerfile" {
		g.start = web
		g.note("command is the line web of Procfile")
	}
	var others []string
	for _, other := range found[1:] {
		others = append(others, other.from)
	}
	if len(others) > 0 {
		g.note("there is also " + strings.Join(others, " and ") + ": is " + g.from + " the service?")
	}
	return g
}

// procfile is the command of a Procfile that starts the service. It finds its port in $PORT.
func (r repository) procfile() (command string, ok bool) {
	match := regexp.MustCompile(`(?m)^web:[ \t]*(\S.*?)[ \t]*$`).FindStringSubmatch(r.text("Procfile"))
	if match == nil {
		return "", false
	}
	// What is the shell's must not be read as a variable of the profile.
	return strings.NewReplacer("${PORT}", "$PORT", "${", "$${").Replace(match[1]), true
}

// maxRead bounds what is read of a file of a repository, in bytes.
const maxRead = 1 << 20

// text is a file of the repository; empty when it is not there.
func (r repository) text(name string) string {
	info, err := fs.Stat(r, name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxRead {
		return ""
	}
	text, err := fs.ReadFile(r, name)
	if err != nil {
		return ""
	}
	return string(text)
}

// has reports whether there is a file of this name.
func (r repository) has(name string) bool {
	_, err := fs.Stat(r, name)
	return err == nil
}

// first is the first of some files that is there; empty when none is.
func (r repository) first(names ...string) string {
	if i := slices.IndexFunc(names, r.has); i >= 0 {
		return names[i]
	}
	return ""
}

// match lists the files that match one of the patterns, in the order of these.
func (r repository) match(patterns ...string) (names []string) {
	for _, pattern := range patterns {
		matching, err := fs.Glob(r, pattern)
		if err != nil {
			panic("starter: " + err.Error()) // the patterns are constants
		}
		names = append(names, matching...)
	}
	return names
}

// joins reports whether this is the root of a workspace, with one lock file for several packages.
func (r repository) joins() bool {
	var node struct{ Workspaces any }
	_ = json.Unmarshal([]byte(r.text("package.json")), &node) // what is no JSON has no workspaces
	return node.Workspaces != nil || r.has("pnpm-workspace.yaml") ||
		regexp.MustCompile(`(?m)^\[workspace[\].]`).MatchString(r.text("Cargo.toml")) ||
		regexp.MustCompile(`(?m)^\[tool\.uv\.workspace\]`).MatchString(r.text("pyproject.toml"))
}

const (
	maxLooked   = 200 // directories that services looks at
	maxServices = 5   // directories that it names
)

// services are the directories in this one, or in one of its own, whose files tell how a service is started.
func (r repository) services() (dirs []string) {
	all := r.match("*", "*/*")
	for _, dir := range all[:min(len(all), maxLooked)] {
		if strings.Contains("/"+dir, "/.") || strings.Contains(dir, "node_modules") || strings.Contains(dir, "vendor") {
			continue
		}
		below, err := fs.Sub(r.FS, dir)
		if err == nil && guessFrom(repository{FS: below, workspace: r.FS}).start != "" && len(dirs) < maxServices {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

var unplain = regexp.MustCompile(`[^a-z0-9._-]+`)

// seriesName makes the name of a series out of a text; empty when nothing is left of it.
func seriesName(text string) string {
	plain := unplain.ReplaceAllString(strings.ToLower(text), "-")
	return strings.Trim(plain[:min(64, len(plain))], "-._")
}

var tame = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,*-]+$`)

// quoted is a word for a shell in a profile: in quotes where either would read something else into it.
func quoted(word string) string {
	if tame.MatchString(word) {
		return word
	}
	return "'" + strings.NewReplacer("'", `'\''`, "${", "$${").Replace(word) + "'"
}

// orElse is a name, or another one when a file tells none that can be used.
func orElse(name, other string) string { return cmp.Or(seriesName(name), other) }

// list is some names in a sentence.
func list(names []string) string { return strings.Join(names, ", ") }

// stem is a file's name without its directory and its ending.
func stem(file string) string { return strings.TrimSuffix(path.Base(file), path.Ext(file)) }
