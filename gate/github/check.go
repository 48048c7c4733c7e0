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

// The bounds of a check run: "REST API endpoints for check runs" in GitHub's docs.
const (
	maxCheckSummary = 65_535 // bytes
	maxAnnotations  = 50     // in one request
	maxTitle        = 255    // characters, of an annotation
	maxMessage      = 64_000 // bytes, of an annotation: 64 KB
)

// Check is a check run that is done.
type Check struct {
	Name        string
	Conclusion  string // success, failure, neutral or action_required
	DetailsURL  string // empty for the run's page
	Title       string
	Summary     string // markdown; what is longer than 65,535 bytes is cut after a line
	Annotations []Annotation
}

// Annotation is a remark on a line of a file of the repository.
type Annotation struct {
	Path    string
	Line    int    // from 1
	Level   string // notice, warning or failure
	Title   string
	Message string
}

// Check puts a check run on the commit that the run is for, and gives its address. Called again
// in the same run and attempt, it changes the one of that name; annotations that are there stay.
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

// settle is one try. It looks first, so that an answer that was lost makes no second check run,
// and goes on with the annotations where an earlier try has ended.
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

// update sends the check run anew, with the annotations that follow those that were sent.
func (c *Check) update(ctx context.Context, s *session, id int64, sent *int) (*github.CheckRun, error) {
	part := c.Annotations[*sent:min(*sent+maxAnnotations, len(c.Annotations))]
	there, _, err := s.Checks.UpdateCheckRun(ctx, s.owner, s.name, id, github.UpdateCheckRunOptions{
		Name: c.Name, DetailsURL: &c.DetailsURL, Status: github.String("completed"), Conclusion: &c.Conclusion, Output: c.output(part),
	})
	*sent += len(part)
	return there, err
}

// findCheck is the check run that this run has made already, nil for none.
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

// cutLines cuts a text after its last line that fits, and says so; a first line that is too long
// by itself is cut after a character.
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
