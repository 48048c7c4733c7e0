package environ

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/joho/godotenv"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/input"
)

// maxFile bounds a file of variables, in bytes.
const maxFile = 1 << 20

// ReadFile reads a file of variables in the syntax of dotenv. Its errors never quote the file.
func ReadFile(path string) (map[string]string, error) {
	file, err := input.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s", path)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxFile:
		return nil, fmt.Errorf("%s is larger than %d MiB: is it a file of variables?", path, maxFile>>20)
	case bytes.IndexByte(text, 0) >= 0:
		return nil, fmt.Errorf("%s holds a zero byte: is it a file of variables?", path)
	}
	variables, err := godotenv.UnmarshalBytes(text)
	if err != nil { // the error of the library quotes the file
		return nil, fmt.Errorf("%s is not in the syntax of dotenv%s: each line is empty, a # comment or NAME=value", path, firstWrong(text))
	}
	for name := range variables {
		if !isName.MatchString(name) { // it may be a part of a secret
			return nil, fmt.Errorf("%s is not in the syntax of dotenv: a name holds something other than letters, digits and _", path)
		}
	}
	return variables, nil
}

var isName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// firstWrong names the first line that cannot be read by itself; empty if there is none.
func firstWrong(text []byte) string {
	for i, line := range strings.Split(string(text), "\n") {
		if _, err := godotenv.Unmarshal(line + "\n"); err != nil {
			return fmt.Sprintf(", from line %d on", i+1)
		}
	}
	return ""
}

// Under is a copy with the variables of a file. Variables that are set already keep their values. Every variable that
// the file names is a secret.
func (v Values) Under(file map[string]string) Values {
	under := Values{list: slices.Clone(v.list), secrets: slices.Clone(v.secrets)}
	for _, name := range slices.Sorted(maps.Keys(file)) {
		value, is := v.Lookup(name)
		if !is {
			value = file[name]
			under.list = append(under.list, name+"="+value)
		}
		under.secrets = append(under.secrets, value)
	}
	return under
}

// shortSecret is the length in bytes up to which a value, such as 8080 or true, is not masked: it occurs in other
// text by chance.
const shortSecret = 5

// Secrets are the values to mask in the output of other programs.
func (v Values) Secrets() []string {
	return slices.DeleteFunc(slices.Clone(v.secrets), func(value string) bool { return len(value) <= shortSecret })
}
