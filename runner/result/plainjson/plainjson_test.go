package plainjson_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/result/plainjson"
)

var limit = plainjson.Limit{Bytes: 20_000, Depth: 4, Values: 1_000, Each: 100}

// object is an object of n different keys.
func object(n int) string {
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf(`"key %d": %d`, i, i))
	}
	return "{" + strings.Join(keys, ", ") + "}"
}

func TestCheck(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": 1, "b": {"a": "a", "b": ["a", "a", "a"]}, "c": "a"}`: "",
		`[{"a": 1}, {"a": 1}, {"a": {"a": 1}}]`:                     "",
		`{"a": "\"a\": 1, {[", "b": "\\", "c": 1}`:                  "",
		`{"a": 1, "A": 1}`:                     "",
		object(100):                            "",
		`"` + strings.Repeat("a", 9_000) + `"`: "",
		``:                                     "",
		`{"a": 1, "b": 2, "a": 3}`:             `the key "a" comes twice, at byte 20`,
		`{"x": {"a": [1], "a": 3}}`:            `the key "a" comes twice`,
		`{"a": 1, "\u0061": 3}`:                `the key "a" comes twice`,
		`{"\"": 1, "\u0022": 3}`:               `comes twice`,
		strings.Replace(object(90), "key 89", "key 3", 1): `the key "key 3" comes twice`,
		object(101):                            "more than 100 values in one",
		"[" + strings.Repeat("1,", 101) + "1]": "more than 100 values in one",
		"[" + strings.Repeat(object(99)+",", 8) + object(90) + "]":          "",
		"[" + strings.Repeat("["+strings.Repeat("1,", 90)+"1],", 20) + "1]": "more than 1000 values",
		"[[[[1]]]]":                       "",
		"[[[[[1]]]]]":                     "nested deeper than 4",
		strings.Repeat(`{"a":`, 2000):     "nested deeper than 4",
		`"` + strings.Repeat("a", 20_000): "larger than 20000 bytes",
		"{\"\xff\": 1}":                   "not UTF-8",
	} {
		err := plainjson.Check([]byte(text), limit)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.60s: got %v, want %q", text, err, want)
		}
	}
}

// What encoding/json takes and this package takes too has no key twice: written again and read
// again it is as long as it was.
func FuzzCheck(f *testing.F) {
	for _, text := range []string{`{"a": 1, "a": 2}`, `{"a": {"b": [1, {"c": "d"}]}}`, `{"a\"": "\\", "\u0061": 1}`, `]]}}"`, `{"a`, `{"\`, object(40)} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if plainjson.Check(data, limit) != nil || !json.Valid(data) {
			return
		}
		var value any
		if err := json.Unmarshal(data, &value); err != nil {
			return
		}
		if in, kept := bytes.Count(keysOf(t, data), []byte("\n")), count(value); in != kept {
			t.Errorf("%s has %d keys, and %d are kept", data, in, kept)
		}
	})
}

// keysOf lists the keys of a text, a line for each, by encoding/json's own tokens.
func keysOf(t *testing.T, data []byte) (keys []byte) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	var objects []bool
	key := false
	for {
		token, err := dec.Token()
		if err != nil {
			return keys
		}
		delim, is := token.(json.Delim)
		switch {
		case is && (delim == '{' || delim == '['):
			objects = append(objects, delim == '{')
			key = delim == '{'
			continue
		case is:
			objects = objects[:len(objects)-1]
		case key:
			keys = append(keys, '\n')
			key = false
			continue
		}
		key = len(objects) > 0 && objects[len(objects)-1]
	}
}

// count is how many keys a value has.
func count(value any) (n int) {
	switch v := value.(type) {
	case map[string]any:
		n = len(v)
		for _, each := range v {
			n += count(each)
		}
	case []any:
		for _, each := range v {
			n += count(each)
		}
	}
	return n
}
