package profile

import (
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Group is a name under which reports add up several routes. It changes nothing that is sent, and so it does not
// count for the digest.
type Group struct {
	Name  string // empty for none
	Place strict.Place
}

// Groups are the groups by name, each with its routes in alphabetical order. The parts of calls belong to none: a group
// counts calls.
func (p *Profile) Groups() map[string][]string {
	groups := map[string][]string{}
	for c := range p.Calls() {
		if name := c.Group.Name; name != "" {
			groups[name] = append(groups[name], c.Route())
		}
	}
	for name, routes := range groups {
		slices.Sort(routes)
		groups[name] = slices.Compact(routes)
	}
	return groups
}

var groupName = strict.NewPattern(`^\s*([^*\s]|\*.)`, `a name other than "*"`).Explained(func(text string) string {
	if strings.TrimSpace(text) == "" {
		return "the name of the group is empty; write one, or leave the key out"
	}
	return `"*" stands for all routes together; give the group another name`
})

// group is the key that puts calls into a group.
func (r *reader) group(to *Group) strict.Field {
	return strict.Key("group", "A name under which reports add up the routes, such as Vector Search. It changes nothing that is sent.", r.Match(groupName, func(n *yaml.Node, name string) {
		if len(name) > maxRoute || strings.ContainsFunc(name, unicode.IsControl) {
			r.Problem(n, "the name %s is longer than %d bytes, or holds a control character", strict.Quote(name), maxRoute)
		}
		*to = Group{name, r.Place(n)}
	}))
}

// of puts the calls of steps into a group, except those that have one already: the nearest word counts.
func (g Group) of(steps []Step) {
	eachCall(steps, func(c *Call) bool {
		if c.Group.Name == "" {
			c.Group = g
		}
		return true
	})
}

// checkGroups refuses a route with two groups, and groups where nothing is counted.
func (r *reader) checkGroups(p *Profile) {
	for _, steps := range [][]Step{p.Setup, p.Teardown} {
		eachCall(steps, func(c *Call) bool {
			if c.Group.Name != "" {
				r.ProblemAt(c.Group.Place, "the requests of setup and teardown are in no figures, so a group has nothing to add up; remove it")
			}
			return true
		})
	}
	first, told := map[string]Group{}, map[strict.Place]bool{}
	for c := range p.Calls() {
		g, seen := c.Group, first[c.Route()]
		switch {
		case g.Name == "" || told[g.Place]:
		case seen.Name == "":
			first[c.Route()] = g
		case seen.Name != g.Name:
			told[g.Place] = true
			r.ProblemAt(g.Place, "%s is in the group %s already (line %d); a route belongs to one group: use the same name, or give the request a name of its own",
				strict.Quote(c.Route()), strict.Quote(seen.Name), seen.Place.Line)
		}
	}
}
