package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// commit is a commit of the repository.
type commit struct {
	sha      string
	parents  []string
	branches []string // whose head it is
}

// Commit adds a commit. Its parents must be there; a root has none.
func (s *Server) Commit(sha string, parents ...string) {
	s.locked(func() { s.commits = append(s.commits, commit{sha: sha, parents: slices.Clone(parents)}) })
}

// Branch makes a commit the head of a branch.
func (s *Server) Branch(name, sha string) {
	s.locked(func() { s.commits[s.commitAt(sha)].branches = append(s.commits[s.commitAt(sha)].branches, name) })
}

// commitAt finds a commit by its SHA or by a branch; -1 for none.
func (s *Server) commitAt(ref string) int {
	return slices.IndexFunc(s.commits, func(c commit) bool { return c.sha == ref || slices.Contains(c.branches, ref) })
}

// history is a commit and its ancestors, the newest first; nil when there is no such commit.
func (s *Server) history(ref string) (found []string) {
	reached := map[string]bool{}
	for i := s.commitAt(ref); i >= 0; i-- { // parents were added before their children
		if c := s.commits[i]; len(found) == 0 || reached[c.sha] {
			found = append(found, c.sha)
			for _, parent := range c.parents {
				reached[parent] = true
			}
		}
	}
	return found
}

func (s *Server) listCommits(x *exchange) {
	history := s.history(x.r.URL.Query().Get("sha"))
	if history == nil {
		refuse(x.w, http.StatusNotFound, "Not Found")
		return
	}
	var list []object
	for _, sha := range history {
		list = append(list, s.commit(sha))
	}
	page(s, x, list, plain)
}

func (s *Server) compare(x *exchange) {
	base, head, _ := strings.Cut(x.parameters["basehead"], "...")
	below, above := s.history(base), s.history(head)
	if below == nil || above == nil {
		refuse(x.w, http.StatusNotFound, "Not Found")
		return
	}
	i := slices.IndexFunc(above, func(sha string) bool { return slices.Contains(below, sha) })
	if i < 0 {
		refuse(x.w, http.StatusNotFound, fmt.Sprintf("No common ancestor between %s and %s.", base, head))
		return
	}
	without := func(list, of []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(sha string) bool { return slices.Contains(of, sha) })
	}
	ahead, behind := without(above, below), without(below, above)
	status := "diverged"
	switch {
	case len(ahead) == 0 && len(behind) == 0:
		status = "identical"
	case len(behind) == 0:
		status = "ahead"
	case len(ahead) == 0:
		status = "behind"
	}
	commits := []object{}
	for _, sha := range slices.Backward(ahead) {
		commits = append(commits, s.commit(sha))
	}
	reply(x.w, http.StatusOK, made(s.doc, "commit-comparison", object{
		"base_commit": s.commit(below[0]), "merge_base_commit": s.commit(above[i]), "status": status,
		"ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead), "commits": commits[:min(len(commits), x.query("per_page", 250))],
	}))
}

func (s *Server) commit(sha string) object {
	parents := []object{}
	for _, parent := range s.commits[s.commitAt(sha)].parents {
		parents = append(parents, object{"sha": parent, "url": "https://api.github.com/"})
	}
	return made(s.doc, "commit", object{"sha": sha, "parents": parents, "author": s.user("somebody"), "committer": s.user("somebody")})
}
