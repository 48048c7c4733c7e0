// Package draft holds a profile that is being drafted, and writes it as YAML with comments.
//
// A source reads a description, a recording or a script and makes a Draft; the packages below this one
// are the sources, one function each from an Input to a Draft. Sources open no network and no file but
// those that Input.Open gives them. Join puts the drafts of several sources together. YAML writes the
// profile: profile.Parse reads back every key and value as it was put in, with its kind.
//
// Texts of a draft are texts of a profile: ${…} is a variable. Literal makes a text of it that stands for
// itself. What could not be filled in is off: it is written as a comment that says why.
package draft

import (
	"regexp"
	"slices"
	"strings"
)

// Input holds the source's file and the user's choices.
type Input struct {
	Name string // of the file or the address, as the user wrote it: problems and notes begin with it
	Data []byte
	Open func(path string) ([]byte, error) // a file beside Name; nil when there are none
	Host string                            // scheme://host[:port] of the system, as the user named it; empty when not named
	// Keeps reports whether the user wants an operation: its name, such as GET /pets/{id}, and its tags.
	// nil keeps all.
	Keeps     func(operation string, tags ...string) bool
	Mutations bool // write mutations of GraphQL as steps, not as comments
}

// Source makes a draft. An error is strict.Problems where a place in the file can be named.
type Source func(Input) (*Draft, error)

// Draft is a profile being drafted. The zero Draft is empty.
type Draft struct {
	Name     string // of the series
	Title    string // one line about the source, such as: openapi.yaml: Petstore 1.0.7 (OpenAPI 3.0.3), 19 operations
	URL      string // scheme and host to load: the user's, or else those that the source names
	Path     string // what every path begins with, such as /v1; empty for nothing
	Start    Map    // target.start; with it, the URL is that of a system that Plimsoll starts
	Target   Map    // further keys of target
	Headers  Map    // target.headers
	Limits   Map    // empty for none
	Load     Map    // empty for the usual load
	Gate     Map    // empty for the usual gate
	Env      []Variable
	Data     []Table
	Files    []File // written beside the profile
	Setup    []Step
	Users    []User
	Teardown []Step
	Notes    []Note // what was not understood, for the user to read
	Rows     []*Row // the table of what was written as what
}

// Variable is a variable of the environment that must be set.
type Variable struct {
	Name string
	Why  string // such as: openapi.yaml asks for it in the header api_key
}

// Table is a table of data. Without values it has to be filled in: it is written as an empty list, which
// plimsoll check refuses.
type Table struct {
	Name   string
	Values []any  // of a list
	Keys   Map    // further keys, such as order; or file, and then there are no values
	Fill   string // what to fill in, such as: a username that exists
	Made   []any  // values of the right form, for trying
}

// File is a file that the profile refers to.
type File struct {
	Path    string // relative to the profile
	Content []byte
}

// User is a kind of user.
type User struct {
	Name    string
	Above   string // a comment
	Keys    Map    // weight, fixed, wait, renew
	OnStart []Step
	Tasks   []Task
	OnStop  []Step
}

// Task is a task. One step without a name is written in the short form.
type Task struct {
	Name  string
	Above string // a comment
	Keys  Map    // weight, tags
	Steps []Step
}

// Step is one step: its keys as the profile has them, the one that it begins with first.
type Step struct {
	Keys  Map
	Above string // a comment
	Off   string // why it is only a comment; empty for a step that is done
	Row   *Row   // what is told of it; nil for nothing
}

// Note says what was not understood, and where.
type Note struct {
	File         string
	Line, Column int // 0 for none
	Text         string
}

// Row tells what an operation was written as.
type Row struct {
	Operation string // such as GET /pets/{petId}
	As        string // such as: in the chain of POST /pets
	Off       bool   // nothing of it is sent
	Tried     string // how the system answered; empty before it was tried
}

// Word is the key that the step begins with, such as http, and its value.
func (s Step) Word() (word, value string) {
	if len(s.Keys) == 0 {
		return "", ""
	}
	value, _ = s.Keys[0].Value.(string)
	return s.Keys[0].Key, value
}

// IsCall reports whether the step calls the system: it is no wait and no group.
func (s Step) IsCall() bool {
	word, _ := s.Word()
	return word != "" && word != "wait" && word != "steps"
}

// Calls is how many calls the step has: one, none if it is a wait, or those of its group.
func (s Step) Calls() (calls int) {
	eachCall(s.Keys, func(Map) { calls++ })
	return calls
}

// IsOff reports whether no step of the task calls the system.
func (t Task) IsOff() bool {
	return !slices.ContainsFunc(t.Steps, func(s Step) bool { return s.Off == "" && s.Calls() > 0 })
}

// IsOff reports whether the user has nothing to do.
func (u User) IsOff() bool {
	return !slices.ContainsFunc(u.Tasks, func(t Task) bool { return !t.IsOff() })
}

// IsEmpty reports whether nothing would be sent.
func (d *Draft) IsEmpty() bool {
	return !slices.ContainsFunc(d.Users, func(u User) bool { return !u.IsOff() })
}

// Literal is a text of a profile that stands for the text itself: no ${ in it begins a variable. A $ at
// its end is literal unless a variable is put behind it.
func Literal(text string) string { return dollars.ReplaceAllString(text, "$1$1{") }

var dollars = regexp.MustCompile(`(\$+)\{`)

// LiteralBefore is Literal for a text that a variable is put behind.
func LiteralBefore(text string) string {
	text = Literal(text)
	return text + text[len(strings.TrimRight(text, "$")):]
}
