package serve

import (
	"bytes"
	"context"
	"io"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
)

// answer is the body of an answer and its media type.
type answer struct {
	kind string
	body []byte
	asOf time.Time // when reading for it began
}

func (a answer) size() int       { return cap(a.body) }
func (a answer) read() time.Time { return a.asOf }

// group is a history that answers are made of.
type group struct {
	*site.History
	asOf time.Time // when reading them began
}

func (g group) read() time.Time { return g.asOf }

// Rough sizes of a history's records, in bytes.
const (
	recordBytes  = 2_048
	figuresBytes = 512 // of a route in a record
)

func (g group) size() int {
	n := 0
	for _, of := range g.Groups {
		for i := range of.Records {
			n += recordBytes + figuresBytes*len(of.Records[i].Summary.Figures)
		}
	}
	return n
}

// kinds maps file extensions to media types.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json", ".txt": "text/plain; charset=utf-8",
}

// made returns what a function writes, as an answer.
func made(name string, write func(io.Writer) error) (answer, error) {
	var b bytes.Buffer
	err := write(&b)
	return answer{kind: kinds[path.Ext(name)], body: b.Bytes()}, err
}

// make makes the answer for a path.
func (s *Server) make(ctx context.Context, at string, q query) (answer, error) {
	switch {
	case at == "/" || at == "/index.html" || at == "/badge.svg" || at == "/latest.json":
		return s.overview(ctx, at, q)
	case strings.HasPrefix(at, "/api/"):
		return s.api(ctx, strings.TrimPrefix(at, "/api/"), q)
	}
	slug, rest, ok := splitPath(at)
	switch {
	case !ok:
		return answer{}, missing("there is no such page")
	case slug == "files" && len(rest) == 1:
		text, err := site.File(rest[0])
		if err != nil {
			return answer{}, missing("there is no such file")
		}
		return answer{kind: kinds[path.Ext(rest[0])], body: text}, nil
	}
	h, err := s.group(ctx, slug, q)
	if err != nil {
		return answer{}, err
	}
	g := h.Group(slug)
	if g == nil {
		return answer{}, missing("no run of this series fits the filter")
	}
	a, err := page(g, rest)
	a.asOf = h.asOf
	return a, err
}

// page makes a page of a group.
func page(g *site.Group, rest []string) (answer, error) {
	name := rest[len(rest)-1]
	switch {
	case len(rest) == 1 && (name == "" || name == "index.html"):
		return made(".html", g.Page)
	case len(rest) == 1 && name == "badge.svg":
		return made(name, g.Badge)
	case len(rest) == 1 && path.Ext(name) == ".html":
		if route, ok := g.Route(strings.TrimSuffix(name, ".html")); ok {
			return made(name, func(w io.Writer) error { return g.RoutePage(w, route) })
		}
	case len(rest) == 2 && rest[0] == "data" && path.Ext(name) == ".js":
		if month, ok := g.Month(strings.TrimSuffix(name, ".js")); ok {
			return made(name, func(w io.Writer) error { return g.Chunk(w, month) })
		}
	}
	return answer{}, missing("there is no such page")
}

// options returns the page options for this moment.
func (s *Server) options(q query, more bool) site.Options {
	o := s.Site
	o.Live, o.Made, o.More, o.Filter = true, s.Now(), more, q.Filter
	return o
}

// keys maps slugs to groups. The address of a page has only the slug, so the server remembers each group that it has
// linked to.
type keys struct {
	mu    sync.Mutex // guards known
	known map[string]site.Key
}

// mostKnown bounds the remembered groups. Loading the overview registers them again.
const mostKnown = 20_000

// tell remembers a group and returns its slug.
func (k *keys) tell(g site.Key) string {
	slug := site.Slug(g.Series, g.Repository, g.Branch)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil || len(k.known) >= mostKnown {
		k.known = map[string]site.Key{}
	}
	k.known[slug] = g
	return slug
}

func (k *keys) of(slug string) (site.Key, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	g, ok := k.known[slug]
	return g, ok
}

// isOf returns a filter for a group's runs, in one environment or in all.
func isOf(k site.Key, environment string) func(*baseline.Info) bool {
	return func(info *baseline.Info) bool {
		return site.KeyOf(info) == k && (environment == "" || info.Environment == environment)
	}
}

// found is a group that has some of the newest runs.
type found struct {
	site.Key
	newest baseline.Info
	runs   int
}

// find lists the groups of the newest runs that match a query, the one with the newest run first. more reports whether
// there are older runs.
func (s *Server) find(ctx context.Context, q query) (all []found, more bool, err error) {
	infos, more, err := s.list(ctx, q)
	if err != nil {
		return nil, false, err
	}
	places := map[site.Key]int{}
	for _, info := range infos {
		k := site.KeyOf(&info)
		place, known := places[k]
		if !known {
			place = len(all)
			places[k], all = place, append(all, found{Key: k, newest: info})
			s.asked.tell(k)
		}
		all[place].runs++
	}
	return all, more, nil
}

// overview makes the pages about all groups.
func (s *Server) overview(ctx context.Context, at string, q query) (answer, error) {
	h, err := s.groups.get(ctx, "?"+q.key(), func(ctx context.Context) (group, error) {
		asOf := s.Now()
		groups, more, err := s.find(ctx, q)
		if err != nil {
			return group{}, err
		}
		shown := groups[:min(len(groups), shownGroups)]
		records, older, err := s.readAll(ctx, shown, q.Environment)
		if err != nil {
			return group{}, err
		}
		more = more || older
		h := site.Build(records, s.options(q, more))
		h.LeftOut += len(groups) - len(shown)
		return group{h, asOf}, nil
	})
	if err != nil {
		return answer{}, err
	}
	var a answer
	switch at {
	case "/badge.svg":
		a, err = made(at, h.Badge)
	case "/latest.json":
		a, err = made(at, h.LatestJSON)
	default:
		a, err = made(".html", h.Overview)
	}
	a.asOf = h.asOf
	return a, err
}

// group reads a history of one group.
func (s *Server) group(ctx context.Context, slug string, q query) (group, error) {
	if q.Runs == 0 {
		q.Runs = defaultRuns
	}
	return s.groups.get(ctx, slug+"?"+q.key(), func(ctx context.Context) (group, error) {
		asOf := s.Now()
		of, known := s.asked.of(slug)
		if !known {
			if _, _, err := s.find(ctx, query{}); err != nil {
				return group{}, err
			}
			if of, known = s.asked.of(slug); !known {
				return group{}, missing("there is no such series among the newest runs: find it from the first page")
			}
		}
		records, next, err := s.read(ctx, baseline.Query{Series: of.Series, Repository: of.Repository, Branch: of.Branch, Limit: q.Runs}, isOf(of, q.Environment), mostRuns)
		if err != nil {
			return group{}, err
		}
		return group{site.Build(records, s.options(q, next != nil)), asOf}, nil
	})
}
