package environ_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
)

// A file that holds anything but variables is refused, in one sentence that does not quote it.
func TestReadFile(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"several kinds of lines": {"\ufeffexport A=b # c\r\n\n# x\nB.c_d=\"two\\nlines\"\n", ""},
		"no name on line 2":      {"\ufeffA=b\ns3cret\n", "from line 2 on"},
		"no name":                {"s3cret\n", "from line 1 on"},
		"two words before =":     {"s3cret A=b\n", "a name holds something other than letters"},
		"a digit first":          {"7s3cret=b\n", "a name holds"},
		"a zero byte":            {"A=s3cret\x00\n", "holds a zero byte"},
	} {
		path := filepath.Join(t.TempDir(), "x.env")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := environ.ReadFile(path)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret")) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := environ.ReadFile(t.TempDir()); err == nil || strings.Count(err.Error(), "read ") != 1 {
		t.Errorf("a directory: %v", err)
	}
}
