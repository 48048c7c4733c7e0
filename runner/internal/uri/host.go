package uri

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// names spells names as browsers do (https://url.spec.whatwg.org, section 3.3, not strict).
var names = idna.New(
	idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false),
	idna.CheckJoiners(true), idna.BidiRule(),
)

// ASCII spells a host as it goes over the wire: Bücher.test is xn--bcher-kva.test. A host in ASCII
// stays as it is.
func ASCII(host string) (string, error) {
	if !strings.ContainsFunc(host, func(c rune) bool { return c > 0x7e }) {
		return host, nil
	}
	ascii, err := names.ToASCII(host)
	if err != nil || !utf8.ValidString(host) {
		return "", ErrAuthority
	}
	return ascii, nil
}
