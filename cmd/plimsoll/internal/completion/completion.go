// Package completion completes command lines in a shell.
//
// Script returns the few lines that a shell loads. They pass the words of the command line back to
// the program. Complete then returns the possible completions of the last word: commands, flags,
// values of flags and arguments, or files. It uses the same model that parses the command line, so
// new commands and flags are completed automatically.
//
// A flag or an argument with the tag file names a file.
package completion

import (
	"embed"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

//go:embed scripts
var scripts embed.FS

// Script returns the script for bash, zsh or fish.
func Script(shell string) (string, error) {
	text, err := scripts.ReadFile("scripts/plimsoll." + shell)
	if err != nil {
		return "", fmt.Errorf("there is no completion for the shell %q", shell)
	}
	return string(text), nil
}

// Answer is the possible completions of the last word of a command line.
type Answer struct {
	Words []Word
	Files bool // files instead of words
}

// Word is one completion.
type Word struct{ Text, Help string }

// Print writes an answer as the scripts read it: a word in each line, with its help behind a tab,
// or the line :files.
func (a Answer) Print(w io.Writer) error {
	var b strings.Builder
	if a.Files {
		b.WriteString(":files\n")
	}
	for _, word := range a.Words {
		fmt.Fprintf(&b, "%s\t%s\n", word.Text, word.Help)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Complete returns the completions of the last of the words, which may be empty. The words are those
// of the command line without the program's name.
func Complete(root *kong.Node, words []string) Answer {
	if len(words) == 0 {
		words = []string{""}
	}
	at := position{node: root}
	for _, word := range words[:len(words)-1] {
		at.pass(word)
	}
	return at.complete(words[len(words)-1])
}

// position is the place of a word in a command line.
type position struct {
	node      *kong.Node
	arguments int        // passed already
	flag      *kong.Flag // whose value comes next
	onlyArgs  bool       // behind --
}

// pass goes past a word that has been written.
func (p *position) pass(word string) {
	name, _, hasValue := strings.Cut(word, "=")
	switch {
	case p.flag != nil && word == "=": // bash takes --flag=value for three words
	case p.flag != nil:
		p.flag = nil
	case p.onlyArgs:
		p.arguments++
	case word == "--":
		p.onlyArgs = true
	case strings.HasPrefix(word, "-"):
		if flag := p.find(name); flag != nil && !hasValue && !flag.IsBool() && !flag.IsCounter() {
			p.flag = flag
		}
	default:
		for _, child := range p.node.Children {
			if child.Name == word {
				p.node, p.arguments = child, 0
				return
			}
		}
		p.arguments++
	}
}

// find returns the flag --name or -n, or nil.
func (p *position) find(written string) *kong.Flag {
	for _, group := range p.node.AllFlags(false) {
		for _, flag := range group {
			if written == "--"+flag.Name || flag.Short != 0 && written == "-"+string(flag.Short) {
				return flag
			}
		}
	}
	return nil
}

// complete answers for the word that is being written.
func (p *position) complete(word string) Answer {
	name, value, hasValue := strings.Cut(word, "=")
	switch {
	case p.node.Passthrough:
		return Answer{}
	case p.flag != nil:
		return values(p.flag.Value, "", strings.TrimPrefix(word, "="))
	case !p.onlyArgs && strings.HasPrefix(word, "-") && hasValue:
		if flag := p.find(name); flag != nil {
			return values(flag.Value, name+"=", value)
		}
		return Answer{}
	case !p.onlyArgs && strings.HasPrefix(word, "-"):
		return p.flags(word)
	}
	var a Answer
	for _, child := range p.node.Children {
		if !child.Hidden && strings.HasPrefix(child.Name, word) {
			a.Words = append(a.Words, Word{child.Name, child.Help})
		}
	}
	if arguments := p.node.Positional; len(arguments) > 0 {
		if i := min(p.arguments, len(arguments)-1); i == p.arguments || arguments[i].IsCumulative() {
			return values(arguments[i], "", word)
		}
	}
	return a
}

func (p *position) flags(word string) (a Answer) {
	for _, group := range p.node.AllFlags(true) {
		for _, flag := range group {
			if text := "--" + flag.Name; strings.HasPrefix(text, word) {
				a.Words = append(a.Words, Word{text, flag.Help})
			}
		}
	}
	return a
}

// values are the values of a flag or an argument, each after a prefix.
func values(of *kong.Value, prefix, word string) (a Answer) {
	if of.Tag.Has("file") {
		return Answer{Files: true}
	}
	if of.Enum == "" {
		return a
	}
	for _, value := range of.EnumSlice() {
		if value != "" && strings.HasPrefix(value, word) {
			a.Words = append(a.Words, Word{Text: prefix + value})
		}
	}
	return a
}
