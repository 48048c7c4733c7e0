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

// guess is how to build and start a service, guessed from the files of its repository. What the files do not say
// becomes a note, which the user reads beside the commands.
type guess struct {
	from  string // the file that the guess comes from
	name  string
	build string // empty for none
	start string
	notes []string
}

// note adds a note about what the files do not say.
func (g *guess) note(text string) { g.notes = append(g.notes, text) }

// onPort is the note of a service whose files do not say how it gets its port.
const onPort = "the service must listen on $PORT; if it takes a flag instead, add the flag to command, with ${port}"

// repository is the directory of the service, whose files are read.
type repository struct {
	fs.FS
	workspace fs.FS // the root of its workspace; nil for none
}

// locked reports whether a lock file is there, of the package or of its workspace.
func (r repository) locked(names ...string) bool {
	return r.first(names...) != "" || r.workspace != nil && repository{FS: r.workspace}.first(names...) != ""
}

// guessers each know one kind of service. The surest guess comes first: a compiled program is rarely just a tool of
// another service, while many repositories have a package.json only for their pages.
var guessers = []struct {
	kind  string
	guess func(repository) (guess, bool)
}{
	{"Go", guessGo}, {"Rust", guessRust}, {"Java", guessJava}, {".NET", guessNET},
	{"Python", guessPython}, {"Ruby", guessRuby}, {"PHP", guessPHP}, {"Node", guessNode},
	{"Docker Compose", guessCompose}, {"Docker", guessDocker},
}

// guessFrom guesses from the files; the zero guess if they say nothing.
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

// procfile is the command web of a Procfile, which starts the service. It gets its port from $PORT.
func (r repository) procfile() (command string, ok bool) {
	match := regexp.MustCompile(`(?m)^web:[ \t]*(\S.*?)[ \t]*$`).FindStringSubmatch(r.text("Procfile"))
	if match == nil {
		return "", false
	}
	// A variable of the shell must not become a variable of the profile.
	return strings.NewReplacer("${PORT}", "$PORT", "${", "$${").Replace(match[1]), true
}

// maxRead bounds how much of a file is read, in bytes.
const maxRead = 1 << 20

// text is the content of a file; empty if there is no such file.
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

// first is the first name that exists; empty for none.
func (r repository) first(names ...string) string {
	if i := slices.IndexFunc(names, r.has); i >= 0 {
		return names[i]
	}
	return ""
}

// match lists the files that match the patterns, in the order of the patterns.
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
	_ = json.Unmarshal([]byte(r.text("package.json")), &node) // a file that is not JSON has no workspaces
	return node.Workspaces != nil || r.has("pnpm-workspace.yaml") ||
		regexp.MustCompile(`(?m)^\[workspace[\].]`).MatchString(r.text("Cargo.toml")) ||
		regexp.MustCompile(`(?m)^\[tool\.uv\.workspace\]`).MatchString(r.text("pyproject.toml"))
}

const (
	maxLooked   = 200 // directories that services looks at
	maxServices = 5   // directories that it names
)

// services are the directories, up to two levels down, whose files say how a service is started.
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

// seriesName makes a valid name of a series from a text; empty if no valid character is left.
func seriesName(text string) string {
	plain := unplain.ReplaceAllString(strings.ToLower(text), "-")
	return strings.Trim(plain[:min(64, len(plain))], "-._")
}

var tame = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,*-]+$`)

// quoted is a word of a shell command in a profile, quoted if the shell or the profile would interpret it.
func quoted(word string) string { return strings.ReplaceAll(shellWord(word), "${", "$${") }

// shellWord is a word of a shell command, quoted if the shell would interpret it.
func shellWord(word string) string {
	if tame.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// orElse is a name, or a fallback if the name cannot be used.
func orElse(name, other string) string { return cmp.Or(seriesName(name), other) }

// list joins names for a sentence.
func list(names []string) string { return strings.Join(names, ", ") }

// stem is a file's name without directory and extension.
func stem(file string) string { return strings.TrimSuffix(path.Base(file), path.Ext(file)) }
