package sut

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// posixScript makes a script. If it has several lines, it ends at the first one that fails. Each value is
// quoted for its place: outside of quotes, inside of them, in a substitution or in a here-document
// (POSIX.1-2024, XCU 2.2, 2.6 and 2.7.4).
func posixScript(line plan.Line) (string, error) {
	var s scanner
	for _, part := range line {
		if part.Value {
			s.value(part.Text)
		} else {
			s.literal(part.Text)
		}
	}
	s.endLine()
	if text := s.out.String(); strings.Contains(strings.TrimSpace(text), "\n") {
		return "set -e\n" + text, s.err // without it, nobody would notice that an earlier line failed
	}
	return s.out.String(), s.err
}

// Constructs that can be open, besides ' " ` ( and {, which stand for themselves.
const (
	arithmetic = '+' // $((
	choice     = 'c' // case … esac, where a ) alone closes nothing
	document   = 'h' // a here-document with expansion
	verbatim   = 'v' // a here-document without expansion
)

// scanner reads a shell's line and knows which quotes are open.
type scanner struct {
	out     strings.Builder
	err     error  // the first value that cannot be quoted
	open    []byte // the open constructs, the innermost last
	escaped bool   // the previous byte is a backslash
	comment bool   // up to the end of the line
	last    byte   // outside of quotes; 0 at the beginning
	slashed bool   // there is a backslash in these backticks
	word    []byte // the letters just before
	midway  bool   // no command begins at that word

	here  []hereDocument // begun and not ended; their texts follow the line
	depth int            // length of open when the text of the first began; 0 before
	row   []byte         // the present line of that text
	mixed bool           // row has a value in it
}

// hereDocument begins with <<.
type hereDocument struct {
	end   string // the line that ends it
	tabs  bool   // <<- : tabs at the beginning of a line do not count
	plain bool   // without expansion
}

func (s *scanner) top() byte {
	if len(s.open) == 0 {
		return 0
	}
	return s.open[len(s.open)-1]
}

func (s *scanner) push(c byte) { s.open = append(s.open, c) }

func (s *scanner) pop() { s.open = s.open[:len(s.open)-1] }

// within reports whether something like c is open.
func (s *scanner) within(c byte) bool { return strings.IndexByte(string(s.open), c) >= 0 }

// literal reads a part of the line that the profile itself wrote.
func (s *scanner) literal(text string) {
	s.out.WriteString(text)
	for i := range len(text) {
		escaped := s.escaped
		if s.depth > 0 {
			s.row = append(s.row, text[i])
		}
		if s.top() != verbatim {
			s.step(text[i], text[i:])
		}
		if s.last = text[i]; escaped {
			s.last = 'x' // an escaped byte has no meaning
		}
		if text[i] == '\n' && !escaped {
			s.endLine()
		}
	}
}

// step reads the first byte of rest.
func (s *scanner) step(c byte, rest string) {
	s.spell(c)
	before, top := s.last, s.top()
	switch {
	case s.comment:
		s.comment = c != '\n'
	case s.escaped:
		s.escaped = false
	case top == '\'':
		if c == '\'' {
			s.pop()
		}
	case c == '\\':
		s.escaped, s.slashed = true, s.within('`')
	case c == '"' && top == document:
	case c == '"' && top == '"', c == '`' && top == '`', c == ')' && (top == '(' || top == arithmetic), c == '}' && top == '{':
		s.pop()
	case c == '"':
		s.push(c)
	case c == '`':
		s.push(c)
		s.slashed = false
	case c == '(' && before == '(' && top == '(' && strings.HasSuffix(s.out.String()[:s.out.Len()-len(rest)], "$("):
		s.open[len(s.open)-1] = arithmetic
		s.push(arithmetic)
	case c == '(' && top == arithmetic:
		s.push(arithmetic)
	case c == '(' && (before == '$' || !s.double()), c == '{' && before == '$':
		s.push(c)
	case c == '\'' && !s.double():
		s.push(c)
	case c == '#' && !s.double() && (before == 0 || strings.IndexByte(" \t\n;&|()`", before) >= 0):
		s.comment = true
	case c == '<' && before != '<' && !s.double() && strings.HasPrefix(rest, "<<"):
		s.hereDocument(rest)
	}
}

// spell looks for case and esac where a command begins.
func (s *scanner) spell(c byte) {
	if s.comment || s.escaped || s.double() || s.top() == '\'' {
		s.word, s.midway = s.word[:0], !s.comment && c != '(' && c != '`' // which may begin a substitution
		return
	}
	if c >= 'a' && c <= 'z' {
		s.word = append(s.word, c)
		return
	}
	switch word := string(s.word); {
	case s.midway:
	case word == "case" && (c == ' ' || c == '\t'):
		s.push(choice)
	case word == "esac" && s.top() == choice:
		s.pop()
	}
	again := slices.Contains(beforeCommands, string(s.word))
	s.midway = strings.IndexByte("\n;&|(){!`", c) < 0 && (s.midway || len(s.word) > 0 && !again || c != ' ' && c != '\t')
	s.word = s.word[:0]
}

// A command begins behind each of beforeCommands.
var beforeCommands = []string{"if", "then", "elif", "else", "while", "until", "do"}

// redirection is a << with the word behind it. The word may have quotes and backslashes.
var redirection = regexp.MustCompile(`^<<(-?)[ \t]*((?:[^\s;&|<>()'"\\]|'[^'\n]*'|"[^"\n]*"|\\.)+)`)

// hereDocument notes the here-document that begins.
func (s *scanner) hereDocument(rest string) {
	found := redirection.FindStringSubmatch(rest)
	if found == nil {
		if !strings.HasPrefix(rest, "<<<") { // which some shells have
			s.fail(errors.New("the word behind << cannot contain ${…}: write the word itself"))
		}
		return
	}
	end := strings.NewReplacer("'", "", `"`, "", `\`, "").Replace(found[2])
	s.here = append(s.here, hereDocument{end: end, tabs: found[1] != "", plain: end != found[2]})
}

// endLine begins the text of a here-document, or ends it if its line says so.
func (s *scanner) endLine() {
	if len(s.here) == 0 || s.depth == 0 && (s.comment || s.double() || s.top() == '\'') {
		return
	}
	if s.depth > 0 {
		doc, row := s.here[0], strings.TrimSuffix(string(s.row), "\n")
		if doc.tabs {
			row = strings.TrimLeft(row, "\t")
		}
		ends, mixed := row == doc.end, s.mixed
		if s.row, s.mixed = s.row[:0], false; !ends {
			return
		}
		if mixed {
			s.fail(fmt.Errorf("a value of ${…} makes the line %s, which ends the here-document", doc.end))
		}
		s.open, s.depth, s.here = s.open[:s.depth-1], 0, s.here[1:]
		s.escaped, s.comment = false, false
	}
	if len(s.here) > 0 {
		kind := byte(document)
		if s.here[0].plain {
			kind = verbatim
		}
		s.push(kind)
		s.depth = len(s.open)
	}
}

// double reports whether the next byte is read as in double quotes.
func (s *scanner) double() bool {
	for i := len(s.open) - 1; i >= 0; i-- {
		if c := s.open[i]; c != '{' {
			return c == '"' || c == document || c == arithmetic
		}
	}
	return false
}

// fail keeps the first reason why a value cannot be put in.
func (s *scanner) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

var (
	inSingle    = strings.NewReplacer(`'`, `'\''`)
	inDouble    = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`")
	inBackticks = strings.NewReplacer(`\`, `\\`, `$`, `\$`, "`", "\\`") // and in a here-document
	inBraces    = strings.NewReplacer(`}`, `\}`)                        // in addition to inDouble
	number      = regexp.MustCompile(`^-?\d+$`)
)

// value puts in a value so that the shell takes it literally.
func (s *scanner) value(text string) {
	if s.comment {
		return
	}
	if err := s.refuse(text); err != nil {
		s.fail(err)
		return
	}
	var quoted string
	switch top := s.top(); {
	case top == '\'':
		quoted = inSingle.Replace(text)
	case top == verbatim, top == arithmetic:
		quoted = text
	case top == document:
		quoted = inBackticks.Replace(text)
	case top == '{' && s.double():
		quoted = inBraces.Replace(inDouble.Replace(text))
	case s.double():
		quoted = inDouble.Replace(text)
	default:
		quoted = "'" + inSingle.Replace(text) + "'"
	}
	for _, c := range s.open {
		if c == '`' {
			quoted = inBackticks.Replace(quoted)
		}
	}
	s.out.WriteString(quoted)
	s.last, s.word, s.midway = 'x', s.word[:0], true
	if s.depth > 0 {
		s.document(text)
	}
}

// document follows a value in the text of a here-document.
func (s *scanner) document(text string) {
	for line := range strings.SplitAfterSeq(text, "\n") {
		s.row, s.mixed = append(s.row, line...), true
		if depth := s.depth; strings.HasSuffix(line, "\n") {
			s.endLine()
			s.mixed = depth == s.depth
		}
	}
}

// refuse says why a value cannot be quoted at its place.
func (s *scanner) refuse(text string) error {
	switch {
	case s.escaped:
		return errors.New(`a backslash stands before a value of ${…}: leave it out, values are quoted by themselves`)
	case s.top() == arithmetic && !number.MatchString(text):
		return errors.New("a value of ${…} in $((…)) must be a whole number")
	case s.slashed && s.within('`'):
		return errors.New("a value of ${…} cannot stand in backticks that contain a backslash: write $(…) instead of the backticks")
	}
	return nil
}
