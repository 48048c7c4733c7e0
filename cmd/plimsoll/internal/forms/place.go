package forms

import (
	"errors"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
)

// Place is a file that a flag or an argument names.
type Place struct{ Flag, Path string }

// Apart returns an error for each pair of flags that name the same file: the later would overwrite the earlier. One flag
// may name a file twice.
func Apart(places []Place) error {
	var all []error
	for i, one := range places {
		for _, other := range places[:i] {
			if one.Flag != other.Flag && one.Path != "" && other.Path != "" && (one.mayBe(other) || other.mayBe(one)) {
				all = append(all, exit.BadInput("%s and %s both name %s", other.Flag, one.Flag, one.Path))
			}
		}
	}
	return errors.Join(all...)
}

// aTerm is what filled fills in.
var aTerm = regexp.MustCompile(regexp.QuoteMeta("{") + "[urt]" + regexp.QuoteMeta("}"))

// mayBe reports whether p can become the other file once the load is filled into its name.
func (p Place) mayBe(other Place) bool {
	own, others := absolute(p.Path), absolute(other.Path)
	if own == others {
		return true
	}
	parts := aTerm.Split(own, -1)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return p.Flag == "--html" && regexp.MustCompile("^"+strings.Join(parts, "[0-9.]+")+"$").MatchString(others)
}

// absolute is a path from the root; the path itself if the working directory is unknown.
func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return filepath.Clean(path)
}
