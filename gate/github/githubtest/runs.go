package githubtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Run is a workflow run.
type Run struct {
	ID             int64
	Attempt        int    // 0 for 1
	Event          string // that started it
	HeadSHA        string
	HeadBranch     string
	HeadRepository string    // empty for the server's repository
	CreatedAt      time.Time // zero for now; a re-run keeps it
}

// Run adds a workflow run and returns its time.
func (s *Server) Run(r Run) time.Time {
	s.locked(func() {
		r.Attempt, r.HeadRepository = cmp.Or(r.Attempt, 1), cmp.Or(r.HeadRepository, s.Repository)
		if r.CreatedAt.IsZero() {
			r.CreatedAt = s.tick()
		}
		s.runs = append(s.runs, r)
	})
	return r.CreatedAt
}

func (s *Server) getRun(x *exchange) {
	i := slices.IndexFunc(s.runs, func(r Run) bool { return r.ID == int64(x.number("run_id")) })
	if i < 0 {
		refuse(x.w, http.StatusNotFound, "Not Found")
		return
	}
	reply(x.w, http.StatusOK, s.run(s.runs[i]))
}

func (s *Server) listRuns(x *exchange) {
	asked := x.r.URL.Query()
	var list []object
	for _, r := range slices.Backward(s.runs) {
		fits := func(name, value string) bool { return asked.Get(name) == "" || asked.Get(name) == value }
		if fits("head_sha", r.HeadSHA) && fits("event", r.Event) && fits("branch", r.HeadBranch) {
			list = append(list, s.run(r))
		}
	}
	page(s, x, list, func(part []object) any { return object{"total_count": len(list), "workflow_runs": part} })
}

func (s *Server) run(r Run) object {
	owner, name, _ := strings.Cut(r.HeadRepository, "/")
	return made(s.doc, "workflow-run", object{
		"id": r.ID, "event": r.Event, "head_sha": r.HeadSHA, "head_branch": r.HeadBranch, "run_attempt": r.Attempt,
		"created_at": r.CreatedAt, "updated_at": r.CreatedAt, "status": "in_progress",
		"head_repository": object{"name": name, "full_name": r.HeadRepository, "owner": s.user(owner)},
	})
}
