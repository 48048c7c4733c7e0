// Package github carries a verdict to GitHub and reads what only GitHub knows.
//
// It reads what a workflow runs for. It writes the step's outputs, summary and annotations, one
// comment on the pull request, which it keeps up to date, and a check run. It asks GitHub for the
// merge base of two commits, and whether people accepted a change.
//
// FromEnv reads the workflow's environment. Actions writes the files and annotations that the
// runner collects. API calls GitHub's REST API at the address that the runner names, so GitHub
// Enterprise works too. The package knows nothing of verdicts: it carries markdown.
package github

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"
)

// Run is the workflow run that this process is part of. Outside GitHub Actions it is zero.
type Run struct {
	InActions      bool
	Repository     string // owner/name
	Event          string // such as push, pull_request, merge_group, workflow_run
	Action         string // of the event, such as synchronize or labeled; empty where there is none
	Label          string // the label that was added, when Action is labeled
	Before         string // the previous head, when Action is synchronize
	SHA            string // what was checked out, a merge commit for a pull request
	Branch         string // the branch of the code
	BaseBranch     string // the branch to merge into; empty for a push
	BaseSHA        string // the commit to compare with; for a push the previous head, empty for a new branch
	DefaultBranch  string
	PullRequest    int    // 0 for none
	Queued         int    // the last pull request of a merge group; 0 for none
	HeadSHA        string // head of the pull request, or of the run that this one follows
	HeadRepository string // owner/name that HeadSHA was pushed to
	FromFork       bool   // a pull request from another repository: the token can read only
	ID             int64
	Attempt        int64
	APIURL         string
	ServerURL      string
	Source         Source
}

// Source is the run that a workflow_run event follows; zero for all other events.
type Source struct {
	ID, Attempt int64
	Event       string // that started it
}

// RunURL is the address of this run's page, for its present attempt.
func (r Run) RunURL() string {
	return fmt.Sprintf("%s/%s/actions/runs/%d/attempts/%d", strings.TrimSuffix(r.ServerURL, "/"), r.Repository, r.ID, r.Attempt)
}

// measured is the run that measured: the one that this run follows, or else this run.
func (r Run) measured() Source {
	if r.Source.ID != 0 {
		return r.Source
	}
	return Source{r.ID, r.Attempt, r.Event}
}

// payload holds the fields of an event that we use; see "Webhook events and payloads" in GitHub's docs.
type payload struct {
	Action string `json:"action"`
	Before string `json:"before"`
	Label  struct {
		Name string `json:"name"`
	} `json:"label"`
	Repository struct {
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`
	PullRequest struct {
		Number int  `json:"number"`
		Head   side `json:"head"`
		Base   side `json:"base"`
	} `json:"pull_request"`
	MergeGroup struct {
		BaseRef string `json:"base_ref"`
		BaseSHA string `json:"base_sha"`
	} `json:"merge_group"`
	WorkflowRun struct {
		ID             int64    `json:"id"`
		Attempt        int64    `json:"run_attempt"`
		Event          string   `json:"event"`
		HeadSHA        string   `json:"head_sha"`
		HeadBranch     string   `json:"head_branch"`
		HeadRepository fullName `json:"head_repository"`
	} `json:"workflow_run"`
}

type side struct {
	SHA  string   `json:"sha"`
	Ref  string   `json:"ref"`
	Repo fullName `json:"repo"`
}

type fullName struct {
	FullName string `json:"full_name"`
}

// FromEnv reads the variables that GitHub Actions sets, and the file with the event.
func FromEnv(getenv func(string) string) (Run, error) {
	if getenv("GITHUB_ACTIONS") != "true" {
		return Run{}, nil
	}
	c, err := githubactions.New(githubactions.WithGetenv(getenv)).Context()
	if c == nil {
		return Run{InActions: true}, fmt.Errorf("read the workflow's event: %w", err)
	}
	run := Run{
		InActions: true, Repository: c.Repository, Event: c.EventName, SHA: c.SHA, Branch: c.HeadRef, BaseBranch: c.BaseRef,
		ID: c.RunID, Attempt: c.RunAttempt, APIURL: c.APIURL, ServerURL: c.ServerURL,
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

// queueBranch matches the branch of a merge group, which names the group's last pull request.
var queueBranch = regexp.MustCompile(`^gh-readonly-queue/.+/pr-(\d+)-[0-9a-f]+$`)

func (r *Run) fill(event payload) {
	r.Action, r.DefaultBranch = event.Action, event.Repository.DefaultBranch
	if r.Action == labeled {
		r.Label = event.Label.Name
	}
	if strings.Trim(event.Before, "0") != "" { // all zeros for a new branch
		r.BaseSHA = event.Before
	}
	if pull := event.PullRequest; pull.Number != 0 {
		r.PullRequest, r.HeadSHA, r.BaseSHA = pull.Number, pull.Head.SHA, pull.Base.SHA
		r.Before, r.Branch, r.BaseBranch = event.Before, pull.Head.Ref, pull.Base.Ref
		r.HeadRepository = pull.Head.Repo.FullName // empty when the fork was deleted
		r.FromFork = r.HeadRepository != r.Repository
	}
	if group := event.MergeGroup; group.BaseRef != "" {
		r.BaseBranch, r.BaseSHA = strings.TrimPrefix(group.BaseRef, "refs/heads/"), group.BaseSHA
		if match := queueBranch.FindStringSubmatch(r.Branch); match != nil {
			r.Queued, _ = strconv.Atoi(match[1]) // a number too large for an int counts as none
		}
	}
	if source := event.WorkflowRun; source.ID != 0 {
		r.Source = Source{source.ID, source.Attempt, source.Event}
		r.HeadSHA, r.Branch, r.HeadRepository = source.HeadSHA, source.HeadBranch, source.HeadRepository.FullName
	}
}
