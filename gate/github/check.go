package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/go-github/v60/github"
)

// The limits of a check run: see "REST API endpoints for check runs" in GitHub's docs.
const (
	maxCheckSummary = 65_535 // bytes
	maxAnnotations  = 50     // per request
	maxTitle        = 255    // characters, of an annotation
	maxMessage      = 64_000 // bytes, of an annotation: 64 KB
)

// Check is a completed check run.
type Check struct {
	Name        string
	Conclusion  string // success, failure, neutral or action_required
	DetailsURL  string // empty for the run's page
	Title       string
	Summary     string // markdown; past 65,535 bytes it is cut after a line
	Annotations []Annotation
}

// Annotation is a note on a line of a file in the repository.
type Annotation struct {
	Path    string
	Line    int    // from 1
	Level   string // notice, warning or failure
	Title   string
	Message string
}

// Check writes a check run on the run's commit and returns its address. A second call in the same
// run and attempt updates the check run of that name; GitHub keeps the earlier annotations.
func (a *API) Check(ctx context.Context, c Check) (address string, err error) {
	head := cmp.Or(a.Run.HeadSHA, a.Run.SHA)
	doing := fmt.Sprintf("write the check run %q on commit %s of %s", c.Name, short(head), a.Run.Repository)
	if c.Name == "" || head == "" {
		return "", errors.New("write a check run: it needs a name and a commit")
	}
	c.DetailsURL = cmp.Or(c.DetailsURL, a.Run.RunURL())
	c.Summary = cutLines(c.Summary, maxCheckSummary)
	err = a.call(ctx, doing, "checks: write", func(ctx context.Context, s *session) (err error) {
		address, err = c.settle(ctx, s, head)
		return err
	})
	return address, err
}

// settle is one try. It looks for the check run first, so a lost answer does not lead to a second
// one, and it continues with the annotations where an earlier try stopped.
func (c *Check) settle(ctx context.Context, s *session, head string) (string, error) {
	source := s.Run.measured()
	id := fmt.Sprintf("plimsoll run=%d attempt=%d", source.ID, source.Attempt)
	there, err := findCheck(ctx, s, head, c.Name, id)
	if err != nil {
		return "", err
	}
	sent := 0
	if there == nil {
		part := c.Annotations[:min(maxAnnotations, len(c.Annotations))]
		there, _, err = s.Checks.CreateCheckRun(ctx, s.owner, s.name, github.CreateCheckRunOptions{
			Name: c.Name, HeadSHA: head, ExternalID: &id, DetailsURL: &c.DetailsURL,
			Status: github.String("completed"), Conclusion: &c.Conclusion, Output: c.output(part),
		})
		sent = len(part)
	} else {
		sent = min(there.GetOutput().GetAnnotationsCount(), len(c.Annotations))
		there, err = c.update(ctx, s, there.GetID(), &sent)
	}
	for err == nil && sent < len(c.Annotations) {
		there, err = c.update(ctx, s, there.GetID(), &sent)
	}
	return there.GetHTMLURL(), err
}

// update sends the check run again, with the next annotations.
func (c *Check) update(ctx context.Context, s *session, id int64, sent *int) (*github.CheckRun, error) {
	part := c.Annotations[*sent:min(*sent+maxAnnotations, len(c.Annotations))]
	there, _, err := s.Checks.UpdateCheckRun(ctx, s.owner, s.name, id, github.UpdateCheckRunOptions{
		Name: c.Name, DetailsURL: &c.DetailsURL, Status: github.String("completed"), Conclusion: &c.Conclusion, Output: c.output(part),
	})
	*sent += len(part)
	return there, err
}

// findCheck finds the check run that this run made earlier; nil for none.
func findCheck(ctx context.Context, s *session, head, name, id string) (found *github.CheckRun, err error) {
	read := func(o *github.ListOptions) ([]*github.CheckRun, *github.Response, error) {
		list, response, err := s.Checks.ListCheckRunsForRef(ctx, s.owner, s.name, head, &github.ListCheckRunsOptions{
			CheckName: &name, Filter: github.String("all"), ListOptions: *o,
		})
		if err != nil {
			return nil, response, err
		}
		return list.CheckRuns, response, nil
	}
	err = pages(read, func(one *github.CheckRun) (more bool) {
		if one.GetExternalID() == id {
			found = one
		}
		return found == nil
	})
	return found, err
}

func (c *Check) output(part []Annotation) *github.CheckRunOutput {
	output := &github.CheckRunOutput{Title: &c.Title, Summary: &c.Summary}
	for _, one := range part {
		message, title := cutLines(one.Message, maxMessage), string([]rune(one.Title)[:min(len([]rune(one.Title)), maxTitle)])
		line := max(one.Line, 1)
		a := &github.CheckRunAnnotation{
			Path: &one.Path, StartLine: &line, EndLine: &line, AnnotationLevel: &one.Level, Message: &message,
		}
		if title != "" {
			a.Title = &title
		}
		output.Annotations = append(output.Annotations, a)
	}
	return output
}

// cutLines cuts a long text after the last line that fits, and says so. If even the first line is
// too long, it is cut between two characters.
func cutLines(text string, most int) string {
	const end = "\n… cut here: GitHub takes no more.\n"
	if len(text) <= most {
		return text
	}
	cut := most - len(end)
	if i := strings.LastIndexByte(text[:cut], '\n'); i > 0 {
		return text[:i] + end
	}
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + end
}
