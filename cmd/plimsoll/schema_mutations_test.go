package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// userNamed lists the mappings whose keys the user chooses.
var userNamed = regexp.MustCompile(`(^|\.)(headers|env|data|save|thresholds|routes|monitor\.also|expect\.(json|cookies|metadata|trailers|details)|metadata|reply|multipart|if|init)$`)

// mayBeText lists mappings and lists that may also be written as text.
var mayBeText = regexp.MustCompile(`(^|\.)(save\.[^.]*|body|graphql|graphql\.file|expect\.(text|event)|subprotocol|reply|multipart\.[^.]*(\[\])?|grpc\.(proto|import))$`)

// mayBeAnything lists keys that take any value.
var mayBeAnything = regexp.MustCompile(`((^|\.)(json|message|send|variables|init)|\.form|^x-[^.]*)$`)

// The schema and the reader both refuse every good profile with one key misspelt, or one value of another type or
// out of range.
func TestSchemaRefusesMutations(t *testing.T) {
	schema := compiledSchema(t)
	for _, file := range corpus(t) {
		if !strings.Contains(file, "/ok/") {
			continue
		}
		var document yaml.Node
		if err := yaml.Unmarshal([]byte(readFile(t, file)), &document); err != nil {
			t.Fatal(err)
		}
		refused := func(path, what string) {
			t.Helper()
			data, err := yaml.Marshal(&document)
			if err != nil {
				t.Fatal(err)
			}
			instance, _ := instanceOf(data)
			if len(readerFinds(file, data)) == 0 {
				t.Errorf("%s: %s: %s: the reader accepts it", filepath.Base(file), path, what)
			}
			if schema.Validate(instance) == nil {
				t.Errorf("%s: %s: %s: the schema accepts it", filepath.Base(file), path, what)
			}
		}
		mutate(document.Content[0], "", refused)
	}
}

// mutate makes one change at a time under a node, calls check, and undoes the change.
func mutate(n *yaml.Node, path string, check func(path, what string)) {
	if mayBeAnything.MatchString(path) && !strings.HasSuffix(path, "expect.json") && !strings.Contains(path, "save.") {
		return
	}
	was := *n
	put := func(what string, other yaml.Node) {
		*n = other
		check(path, what)
		*n = was
	}
	switch n.Kind {
	case yaml.MappingNode:
		if !mayBeText.MatchString(path) {
			put("a text in place of a mapping", yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "text"})
		}
		put("a list in place of a mapping", yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"})
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if !userNamed.MatchString(path) && !strings.HasPrefix(key.Value, "x-") && key.Value != "<<" {
				name := key.Value
				key.Value += "q"
				check(path+"."+name, "a misspelt key")
				key.Value = name
			}
			mutate(n.Content[i+1], strings.TrimPrefix(path+"."+key.Value, "."), check)
		}
	case yaml.SequenceNode:
		put("a mapping in place of a list", yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"})
		if !mayBeText.MatchString(path) {
			put("a text in place of a list", yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "text"})
		}
		for _, item := range n.Content {
			mutate(item, path+"[]", check)
		}
	case yaml.ScalarNode:
		if !strings.HasSuffix(path, ".reply") && !strings.HasSuffix(path, ".expect.event") {
			put("a mapping in place of a value", yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"})
		}
		if regexp.MustCompile(`^[0-9][0-9.]*(%|/s|ms|us|s|m)?$`).MatchString(n.Value) && n.Tag != "!!timestamp" && !mayBeNegative.MatchString(path) {
			negative := was
			negative.Value = "-1" + was.Value
			put("a negative number", negative)
			if n.Tag == "!!int" && !strings.HasSuffix(path, "rate") {
				large := was
				large.Value = "999999999999"
				put("a very large number", large)
			}
		}
	}
}

// mayBeNegative lists values that are numbers in the corpus but may be any text.
var mayBeNegative = regexp.MustCompile(`(^|\.)((expect\.(json|headers|cookies|metadata|trailers|details)|reply)\..*|expect\.text(\[\])?|if\..*|multipart\..*|tags\[\]|hosts\[\]|locust\.args\[\]|name|list\[\])$`)
