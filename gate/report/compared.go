package report

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Plain makes foreign text one harmless line of at most most characters: it removes invisible characters and those that
// change the direction of writing.
func Plain(text string, most int) string { return plain(text, most) }

// Key makes a foreign name a key for other programs: harmless, unique to the name, and at most some twenty characters
// longer than most.
func Key(name string, most int) string {
	shown := plain(name, most)
	if shown == name && shown != "" {
		return name
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never fails
	if shown == "" {
		shown = "(no visible name)"
	}
	return shown + " " + strconv.FormatUint(h.Sum64(), 16)
}

// RouteKey returns the key of a route, or of all routes together. No route shares the key of all together, or a reserved
// one.
func RouteKey(route string, most int, reserved ...string) string {
	all := RouteName(tally.All)
	if route == tally.All {
		return all
	}
	const mark = " (a route)"
	key := Key(route, most)
	bare := key
	for strings.HasSuffix(bare, mark) { // otherwise the mark could make two keys equal
		bare = strings.TrimSuffix(bare, mark)
	}
	if bare == all || slices.Contains(reserved, bare) {
		return key + mark
	}
	return key
}

// Compared shows a comparison in one line of plain text: both figures, the change with its interval, and the limit. It is
// empty if the comparison has no figures.
func Compared(c gate.Comparison) string {
	figures := cells(c, false)
	text := ""
	for i, before := range []string{"baseline ", "this change ", "", "the limit is "} {
		if figures[i] == "" || i == 3 && text == "" {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += before + figures[i]
	}
	return text
}

// Finding returns the gate's finding on a comparison and its explanation, in plain text: "within", or "not judged: too few
// requests (3 in a round, 200 are needed)".
func Finding(c gate.Comparison) string { return verdict(c, plain) }
