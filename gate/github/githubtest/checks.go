package githubtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
)

// Check is a check run.
type Check struct {
	ID          int64
	Name        string
	HeadSHA     string
	Status      string
	Conclusion  string
	DetailsURL  string
	ExternalID  string
	Title       string
	Summary     string
	Annotations []Annotation
}

// Annotation is a check run's note on a line of a file.
type Annotation struct {
	Path    string `json:"path"`
	Line    int    `json:"start_line"`
	Level   string `json:"annotation_level"`
	Title   string `json:"title"`
	Message string `json:"message"`
}

// sentCheck is the body of a request that creates or updates a check run.
type sentCheck struct {
	Name       string `json:"name"`
	HeadSHA    string `json:"head_sha"`
	Status     string `json:"status"`
	Conclusion string `json:"conclusion"`
	DetailsURL string `json:"details_url"`
	ExternalID string `json:"external_id"`
	Output     struct {
		Title       string       `json:"title"`
		Summary     string       `json:"summary"`
		Annotations []Annotation `json:"annotations"`
	} `json:"output"`
}

// Checks returns the check runs, the oldest first.
func (s *Server) Checks() (list []Check) {
	s.locked(func() { list = slices.Clone(s.checks) })
	return list
}

func (s *Server) listChecks(x *exchange) {
	name := x.r.URL.Query().Get("check_name")
	var list []object
	for _, c := range slices.Backward(s.checks) {
		if c.HeadSHA == x.parameters["ref"] && (name == "" || name == c.Name) {
			list = append(list, s.check(c))
		}
	}
	if x.r.URL.Query().Get("filter") != "all" { // keep the newest of each name
		seen := map[any]bool{}
		list = slices.DeleteFunc(list, func(c object) bool {
			defer func() { seen[c["name"]] = true }()
			return seen[c["name"]]
		})
	}
	page(s, x, list, func(part []object) any { return object{"total_count": len(list), "check_runs": part} })
}

func (s *Server) createCheck(x *exchange) {
	if !isBot(s.login) {
		refuse(x.w, http.StatusForbidden, "You must authenticate via a GitHub App.")
		return
	}
	var sent sentCheck
	x.decodeInto(&sent)
	if sent.Status == "completed" && sent.Conclusion == "" { // the docs say so, the description does not
		refuse(x.w, http.StatusUnprocessableEntity, "Invalid request. A completed check run needs a conclusion.")
		return
	}
	s.checks = append(s.checks, Check{ID: s.id()})
	s.changeCheck(x, http.StatusCreated, &s.checks[len(s.checks)-1], sent)
}

func (s *Server) updateCheck(x *exchange) {
	i := slices.IndexFunc(s.checks, func(c Check) bool { return c.ID == int64(x.number("check_run_id")) })
	if i < 0 {
		refuse(x.w, http.StatusNotFound, "Not Found")
		return
	}
	var sent sentCheck
	x.decodeInto(&sent)
	s.changeCheck(x, http.StatusOK, &s.checks[i], sent)
}

// changeCheck applies what was sent. Annotations are added to the earlier ones.
func (s *Server) changeCheck(x *exchange, status int, c *Check, sent sentCheck) {
	c.Name, c.HeadSHA = cmp.Or(sent.Name, c.Name), cmp.Or(sent.HeadSHA, c.HeadSHA)
	c.Conclusion, c.DetailsURL = cmp.Or(sent.Conclusion, c.Conclusion), cmp.Or(sent.DetailsURL, c.DetailsURL)
	c.Status, c.ExternalID = cmp.Or(sent.Status, c.Status, "queued"), cmp.Or(sent.ExternalID, c.ExternalID)
	c.Title, c.Summary = cmp.Or(sent.Output.Title, c.Title), cmp.Or(sent.Output.Summary, c.Summary)
	c.Annotations = append(c.Annotations, sent.Output.Annotations...)
	reply(x.w, status, s.check(*c))
}

func (s *Server) check(c Check) object {
	told := object{
		"id": c.ID, "name": c.Name, "head_sha": c.HeadSHA, "status": c.Status, "details_url": c.DetailsURL, "external_id": c.ExternalID,
		"html_url": fmt.Sprintf("https://github.com/%s/runs/%d", s.Repository, c.ID),
		"output":   object{"title": c.Title, "summary": c.Summary, "annotations_count": len(c.Annotations)},
	}
	if c.Conclusion != "" {
		told["conclusion"] = c.Conclusion
	}
	return made(s.doc, "check-run", told)
}
