package sources

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/runner/operation"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// chooser keeps the operations of all sources that --only and --skip choose, and remembers what there was to choose from.
type chooser struct {
	operation.Choice
	patterns []pattern
	names    []string // of the operations, each once
	tags     []string // each once
	known    map[string]bool
	kept     int
}

// pattern is the value of a flag.
type pattern struct {
	flag, text string
	used       bool // it means an operation
}

func (f Flags) chooser() (*chooser, error) {
	choice, err := operation.Choose(f.Only, f.Skip)
	if err != nil {
		return nil, exit.BadInput("%w", err)
	}
	c := &chooser{Choice: choice, known: map[string]bool{}}
	for _, text := range f.Only {
		c.patterns = append(c.patterns, pattern{flag: "--only", text: text})
	}
	for _, text := range f.Skip {
		c.patterns = append(c.patterns, pattern{flag: "--skip", text: text})
	}
	return c, nil
}

// keeps reports whether the user wants an operation.
func (c *chooser) keeps(name string, tags ...string) bool { return c.keepsAny([]string{name}, tags...) }

// keepsAny is keeps for an operation of several names.
func (c *chooser) keepsAny(names []string, tags ...string) bool {
	for i := range c.patterns {
		p := &c.patterns[i]
		p.used = p.used || slices.ContainsFunc(names, func(name string) bool { return operation.Means(p.text, name, tags...) })
	}
	for _, name := range names {
		if !c.known[name] {
			c.known[name] = true
			c.names = append(c.names, name)
		}
	}
	for _, tag := range tags {
		if !slices.Contains(c.tags, tag) && tag != operation.Deprecated {
			c.tags = append(c.tags, tag)
		}
	}
	keeps := c.KeepsAny(names, tags...)
	if keeps {
		c.kept++
	}
	return keeps
}

// ofCalls lets --only and --skip choose among the calls of what a source drafts.
func (c *chooser) ofCalls(source draft.Source) draft.Source {
	return func(in draft.Input) (*draft.Draft, error) {
		d, err := source(in)
		if err != nil {
			return nil, err
		}
		return d.Keep(c.keepsAny), nil
	}
}

// problem says which patterns mean nothing, or that nothing is left to draft. Both are known before anything is sent.
func (c *chooser) problem() error {
	var lines []string
	for _, p := range c.patterns {
		if !p.used && len(c.names) > 0 {
			lines = append(lines, fmt.Sprintf("%s %s means no operation%s", p.flag, strict.Quote(p.text), c.meant(p.text)))
		}
	}
	if len(lines) == 0 && c.kept == 0 && len(c.names) > 0 {
		lines = []string{"--only and --skip leave no operation"}
	}
	if len(lines) == 0 {
		return nil
	}
	return exit.BadInput("%s\n%s\nnothing was written", strings.Join(lines, "\n"), c.listed())
}

// meant ends a sentence with the pattern that was probably meant.
func (c *chooser) meant(text string) string {
	for _, candidate := range c.candidates(text) {
		if slices.ContainsFunc(c.names, func(name string) bool { return operation.Means(candidate, name, c.tags...) }) {
			return fmt.Sprintf("; did you mean %s?", strict.Quote(candidate))
		}
	}
	return ""
}

// candidates are patterns like one that means nothing, the likeliest first.
func (c *chooser) candidates(text string) (all []string) {
	text = strings.Join(strings.Fields(text), " ")
	if tag, isTag := strings.CutPrefix(text, "tag:"); isTag {
		if near, ok := strict.Nearest(tag, c.tags); ok {
			all = append(all, "tag:"+near)
		}
		return all
	}
	if near, ok := strict.Nearest(text, c.names); ok {
		all = append(all, near)
	}
	if slices.ContainsFunc(c.tags, func(tag string) bool { return strings.EqualFold(tag, text) }) {
		all = append(all, "tag:"+text)
	}
	var verbs []string
	for _, name := range c.names {
		if verb, _, ok := strings.Cut(name, " "); ok && !slices.Contains(verbs, verb) {
			verbs = append(verbs, verb)
		}
	}
	verb, rest, _ := strings.Cut(text, " ")
	if near, ok := strict.Nearest(strings.ToUpper(verb), verbs); ok && rest != "" {
		all = append(all, near+" "+rest)
	}
	if slices.Contains(verbs, strings.ToUpper(verb)) && rest == "" {
		all = append(all, strings.ToUpper(verb)+" *")
	}
	return append(all, "*"+text, text+"*", "*"+text+"*")
}

// listedAtMost is how many names a message lists.
const listedAtMost = 10

// listed lists what there is to choose from.
func (c *chooser) listed() string {
	text := "the operations are " + few(c.names)
	if len(c.tags) > 0 {
		text += "; their tags are " + few(c.tags)
	}
	return text
}

// few lists names, as many as a message has place for.
func few(names []string) string {
	shown := draft.OneLine(strings.Join(names[:min(len(names), listedAtMost)], ", "))
	if more := len(names) - listedAtMost; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return shown
}
