// Package github is where a verdict meets GitHub: what a workflow runs for, its outputs, step
// summary and annotations, and one comment on the pull request that is kept up to date.
//
// FromEnv reads the workflow's environment, Actions writes what the runner collects, Comments
// speaks to GitHub's REST API at whatever address the runner names, so that GitHub Enterprise
// works as well. The package knows nothing of verdicts: it carries markdown.
package github

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sethvargo/go-githubactions"
)

// Run is the workflow run that this process is part of. Outside of GitHub Actions it is zero.
type Run struct {
	InActions   bool
	Repository  string // owner/name
	Event       string // such as push, pull_request, merge_group
	SHA         string // what was checked out, a merge commit for a pull request
	Branch      string // that the code is of
	BaseBranch  string // that it is to go into; empty for a push
	PullRequest int    // 0 for none
	HeadSHA     string // of the pull request
	FromFork    bool   // then the token can read only
	ID          int64
	Attempt     int64
	APIURL      string
}

// payload is what is used of an event; see "Webhook events and payloads" in GitHub's docs.
type payload struct {
	PullRequest struct {
		Number int `json:"number"`
		Head   struct {
			SHA  string `json:"sha"`
			Ref  string `json:"ref"`
			Repo struct {
				FullName string `json:"full_name"`
			} `json:"repo"`
		} `json:"head"`
		Base struct {
			Ref string `json:"ref"`
		} `json:"base"`
	} `json:"pull_request"`
	MergeGroup struct {
		BaseRef string `json:"base_ref"`
	} `json:"merge_group"`
}

// FromEnv reads the variables that GitHub Actions sets and the event's file.
func FromEnv(getenv func(string) string) (Run, error) {
	if getenv("GITHUB_ACTIONS") != "true" {
		return Run{}, nil
	}
	c, err := githubactions.New(githubactions.WithGetenv(getenv)).Context()
	if c == nil {
		return Run{InActions: true}, fmt.Errorf("read the workflow's event: %w", err)
	}
	run := Run{
		InActions: true, Repository: c.Repository, Event: c.EventName, SHA: c.SHA,
		Branch: c.HeadRef, BaseBranch: c.BaseRef, ID: c.RunID, Attempt: c.RunAttempt, APIURL: c.APIURL,
	}
	if run.Branch == "" && c.RefType != "tag" {
		run.Branch = strings.TrimPrefix(c.Ref, "refs/heads/")
	}
	if err != nil {
		return run, fmt.Errorf("read the workflow's environment: %w", err)
	}
	text, err := json.Marshal(c.Event)
	if err != nil {
		return run, err
	}
	var event payload
	if err := json.Unmarshal(text, &event); err != nil {
		return run, fmt.Errorf("read the workflow's event: %w", err)
	}
	run.fill(event)
	return run, nil
}

func (r *Run) fill(event payload) {
	if pull := event.PullRequest; pull.Number != 0 {
		r.PullRequest, r.HeadSHA = pull.Number, pull.Head.SHA
		r.Branch, r.BaseBranch = pull.Head.Ref, pull.Base.Ref
		r.FromFork = pull.Head.Repo.FullName != r.Repository
	}
	if base := event.MergeGroup.BaseRef; base != "" {
		r.BaseBranch = strings.TrimPrefix(base, "refs/heads/")
	}
}
