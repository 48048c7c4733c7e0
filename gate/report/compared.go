package report

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Plain is foreign text as one harmless line of at most most characters: without characters that are not seen, and
// without marks that turn the direction of writing.
func Plain(text string, most int) string { return plain(text, most) }

// Key is a foreign name as a key that other programs tell things apart by: harmless, at most some twenty characters
// longer than most, and different for different names.
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

// RouteKey is the key of a route, or of all routes together. No route has the key of all together, or one that is
// reserved for something else.
func RouteKey(route string, most int, reserved ...string) string {
	all := RouteName(tally.All)
	if route == tally.All {
		return all
	}
	const mark = " (a route)"
	key := Key(route, most)
	bare := key
	for strings.HasSuffix(bare, mark) { // so that the mark makes no two keys equal
		bare = strings.TrimSuffix(bare, mark)
	}
	if bare == all || slices.Contains(reserved, bare) {
		return key + mark
	}
	return key
}

// Compared has both figures of a comparison, the change with its interval, and the limit, in one line of plain text;
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

// Finding is the gate's word on a comparison with its explanation, in plain text: "within", or "not judged: too few
// requests (3 in a round, 200 are needed)".
func Finding(c gate.Comparison) string { return verdict(c, plain) }
