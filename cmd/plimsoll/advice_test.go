package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Every command, flag and key that a verdict's advice names exists, and no advice turns a protection off.
func TestAdvice(t *testing.T) {
	text := readFile(t, "../../gate/report/testdata/sentences.txt") + readFile(t, "../../gate/report/testdata/advice.txt")
	keys := keysOfProfiles(t)
	for _, code := range regexp.MustCompile("`[^`]+`").FindAllString(text, -1) {
		switch code = strings.Trim(code, "`"); {
		case strings.HasPrefix(code, "plimsoll "):
			if wrong := unknownIn(t, strings.Fields(code)[1:]); wrong != "" {
				t.Errorf("`%s`: there is no %s", code, wrong)
			}
		case code == "main": // a branch
		default:
			key, _, _ := strings.Cut(code, ": ") // with a value or without
			checkKey(t, keys, key)
		}
	}
	for _, word := range regexp.MustCompile(`\b(?:gate\.)?[a-z]+(?:_[a-z]+)+\b|\bgate\.[a-z_.]+[a-z]`).FindAllString(text, -1) {
		checkKey(t, keys, word)
	}
	for line := range strings.Lines(text) {
		for _, off := range []string{"ignore", "insecure", "verify", "skip", "disable", "--first-run", "inconclusive:", "failure_rate", "degradation", "confidence:", "raise", "higher limit", "larger limit", "larger min_effect", "baseline rm"} {
			if strings.Contains(line, off) {
				t.Errorf("advice may turn a protection off (%q): %s", off, line)
			}
		}
	}
}

// checkKey fails the test when the profile does not have a key, such as gate.min_effect or run_time.
func checkKey(t *testing.T, keys map[string]bool, path string) {
	t.Helper()
	for part := range strings.SplitSeq(path, ".") {
		if !keys[part] {
			t.Errorf("no profile has the key %s", path)
		}
	}
}

// keysOfProfiles are all keys that the schema of a profile knows.
func keysOfProfiles(t *testing.T) map[string]bool {
	t.Helper()
	text, err := json.Marshal(profile.Schema(gate.PolicySchema()))
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	collectKeys(schema, keys)
	return keys
}

func collectKeys(schema any, keys map[string]bool) {
	switch s := schema.(type) {
	case []any:
		for _, one := range s {
			collectKeys(one, keys)
		}
	case map[string]any:
		if properties, ok := s["properties"].(map[string]any); ok {
			for key := range properties {
				keys[key] = true
			}
		}
		for _, one := range s {
			collectKeys(one, keys)
		}
	}
}

// unknownIn returns the first word of a command line that is neither a command nor a flag, or "".
func unknownIn(t *testing.T, words []string) string {
	t.Helper()
	var c cli
	parser, err := kong.New(&c, kong.Name("plimsoll"), helpWords("test"))
	if err != nil {
		t.Fatal(err)
	}
	node := parser.Model.Node
	for _, word := range words {
		name, isFlag := strings.CutPrefix(word, "--")
		found := false
		if isFlag {
			for _, group := range node.AllFlags(false) {
				for _, flag := range group {
					found = found || flag.Name == name
				}
			}
		} else {
			for _, child := range node.Children {
				if child.Name == name {
					node, found = child, true
				}
			}
		}
		if !found {
			return word
		}
	}
	return ""
}
