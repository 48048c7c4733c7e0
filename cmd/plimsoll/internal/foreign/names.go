package foreign

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds on names. The limit on routes bounds the memory: each has histograms for each slot of time.
const (
	mostNames  = 200   // beyond, names are taken to hold ids
	mostRoutes = 500   // beyond, further routes are counted under others
	mostCached = 20000 // names whose route is remembered
	maxCached  = 300   // bytes of such a name
	maxName    = 300   // bytes of a route
	maxTarget  = 1000
	maxCommit  = 100
)

// others is the route that counts requests for which there is no room.
const others = "other routes"

// names gives each name of a file a route. Up to mostNames they are the routes. If there are more, they probably
// hold ids, and the parts of paths that look like ids are replaced by {id}, also in those seen before.
type names struct {
	ids     map[string]int
	list    []string
	grouped bool
	cache   map[string]int
	example string // a name that was grouped
	full    bool   // others is in use
}

// of is the route of a name. regroup is called when all earlier routes become others: it gets their names and
// their new numbers.
func (n *names) of(name []byte, regroup func(before []string, now []int)) int {
	if n.ids == nil {
		n.ids = map[string]int{}
	}
	if !n.grouped {
		if id, known := n.ids[string(name)]; known {
			return id
		}
		if len(n.list) < mostNames {
			return n.add(string(name), clean(name, maxName))
		}
		n.group(regroup)
	}
	if id, known := n.cache[string(name)]; known {
		return id
	}
	id := n.route(clean(name, maxName))
	if len(name) <= maxCached {
		if len(n.cache) >= mostCached {
			clear(n.cache)
		}
		n.cache[string(name)] = id
	}
	return id
}

// add adds a name with its route; several names may be one route when they are cleaned.
func (n *names) add(name, route string) int {
	id := slices.Index(n.list, route)
	if id < 0 {
		id = len(n.list)
		n.list = append(n.list, route)
	}
	n.ids[name] = id
	return id
}

// route is the number of a route when names are grouped.
func (n *names) route(name string) int {
	route := template(name)
	if n.example == "" && route != name {
		n.example = name
	}
	if id, known := n.ids[route]; known {
		return id
	}
	if len(n.list) >= mostRoutes {
		n.full = true
		route = others
		if id, known := n.ids[route]; known {
			return id
		}
	}
	n.ids[route] = len(n.list)
	n.list = append(n.list, route)
	return len(n.list) - 1
}

// group replaces the names seen so far by their templates.
func (n *names) group(regroup func(before []string, now []int)) {
	before := n.list
	n.list, n.ids, n.cache, n.grouped = nil, map[string]int{}, map[string]int{}, true
	now := make([]int, len(before))
	for i, name := range before {
		now[i] = n.route(name)
	}
	regroup(before, now)
}

// notes says what became of names.
func (n *names) notes() (notes []string) {
	switch {
	case n.grouped && n.example != "":
		notes = append(notes, fmt.Sprintf("it has more than %d names of requests, so what looks like an id in them became {id}: %q is counted as %q; give requests names in the tool to decide this yourself", mostNames, n.example, template(n.example)))
	case n.grouped:
		notes = append(notes, fmt.Sprintf("it has more than %d names of requests, and none holds anything that looks like an id", mostNames))
	}
	if n.full {
		notes = append(notes, fmt.Sprintf("it has more than %d routes: further ones are counted together as %q", mostRoutes, others))
	}
	return notes
}

// template is a name without a query and with {id} for the parts of its path that look like ids.
func template(name string) string {
	name, _, _ = strings.Cut(name, "?")
	name, _, _ = strings.Cut(name, "#")
	host := 0 // where the path begins
	if at := strings.Index(name, "://"); at >= 0 {
		host = at + len("://")
		host += max(strings.IndexByte(name[host:], '/'), 0)
	}
	parts := strings.Split(name[host:], "/")
	for i, part := range parts {
		if isID(part) {
			parts[i] = "{id}"
		}
	}
	return name[:host] + strings.Join(parts, "/")
}

// isID reports whether a part of a path looks like a value: a number, something long with digits, an address.
func isID(part string) bool {
	digits := 0
	for _, c := range part {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case c == '@':
			return true
		case c == ' ': // a method before the path
			return false
		}
	}
	return digits > 0 && (digits*2 >= len(part) && !strings.HasPrefix(part, "v") || len(part) >= 8)
}

// clean is a name that a Result takes: one line of UTF-8, not empty, and within a number of bytes. A name that was
// cut ends in a hash, so that names with the same beginning stay apart.
func clean(name []byte, most int) string {
	if plain(name) && len(name) > 0 && len(name) <= most && string(name) != "*" {
		return string(name)
	}
	text := strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, string(bytes.ToValidUTF8(name, []byte("\ufffd"))))
	switch text = strings.TrimSpace(text); {
	case text == "" && most == maxTarget:
		return ""
	case text == "" || text == "*":
		return fmt.Sprintf("%q", text)
	case len(text) > most:
		hash := fnv.New32a()
		_, _ = hash.Write(name) // a hash never fails
		cut := most - len("…00000000")
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		return fmt.Sprintf("%s…%08x", text[:cut], hash.Sum32())
	}
	return text
}

// plain reports whether a name is of visible ASCII and spaces, without looking further.
func plain(name []byte) bool {
	for _, b := range name {
		if b < ' ' || b >= 0x7f {
			return false
		}
	}
	return len(name) == 0 || name[0] != ' ' && name[len(name)-1] != ' '
}
