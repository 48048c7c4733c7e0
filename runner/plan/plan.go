// Package plan turns a profile into everything that a run needs to know, before it starts.
//
// Make resolves variables, deals users out to behaviours and cuts the time into warm-up and
// rounds. A Plan is pure data: equal profiles, values and seeds give equal plans, and a
// User's Chooser gives the same tasks and waits in every run, so that two runs of one plan
// differ only in how the system answers.
package plan

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Plan is a profile with everything resolved.
type Plan struct {
	Series        string
	ProfileDigest string
	BaseURL       string // what every request's path is appended to
	Timeout       time.Duration
	Start         *Start // nil when the system runs elsewhere

	Behaviours  []Behaviour
	Users       []User // in the order of their start
	WarmUp      time.Duration
	Rounds      int
	RoundLength time.Duration
	StopWithin  time.Duration
	Seed        uint64
}

// Start is how the system under test is built and started, with its variables resolved.
type Start struct {
	Build      string
	Command    string
	Dir        string
	Env        []string // NAME=value
	Ready      profile.Ready
	StopWithin time.Duration
}

// Behaviour is what one kind of user does.
type Behaviour struct {
	Name  string
	Wait  profile.Wait
	Tasks []Task
}

// Task is what a user does in one go.
type Task struct {
	Name   string
	Weight int
	Steps  []Step
}

// Step is a request or a wait: exactly one of both is set.
type Step struct {
	Request *Request
	Wait    *profile.Wait
}

// Request is one HTTP request, ready to be sent. It is shared by all users and never changed.
type Request struct {
	Route   string
	Method  string
	URL     string
	Headers []Header
	Body    []byte
	Status  []int // statuses that count as success; empty for any below 400
}

// Header is one header field.
type Header struct{ Name, Value string }

// User is one simulated user.
type User struct {
	Index     int
	Behaviour int // index into Behaviours
	StartAt   time.Duration
}

// Values are what a profile's variables stand for in one run.
type Values struct {
	Port int // the free port chosen for the run; 0 when nothing is started
	Env  func(name string) (string, bool)
}

// Make resolves a profile that Parse found no problem in. It fails when a variable of the
// environment has vanished since.
func Make(p *profile.Profile, v Values) (*Plan, error) {
	r := resolver{values: v}
	pl := &Plan{
		Series:        p.Name,
		ProfileDigest: p.Digest(),
		BaseURL:       r.text(p.Target.URL),
		Timeout:       p.Target.Timeout,
		Start:         r.start(p.Target.Start),
		Users:         deal(p.Users, p.Load),
		Rounds:        p.Load.Rounds,
		RoundLength:   p.Load.RunTime / time.Duration(p.Load.Rounds),
		StopWithin:    p.Load.StopWithin,
		Seed:          p.Load.Seed,
	}
	// Judged load begins when every user is there.
	pl.WarmUp = max(p.Load.WarmUp, spawnTime(p.Load))
	for _, u := range p.Users {
		pl.Behaviours = append(pl.Behaviours, Behaviour{Name: u.Name, Wait: u.Wait, Tasks: r.tasks(u.Tasks, pl.BaseURL, p.Target.Headers)})
	}
	return pl, r.err
}

// Length is how long the load lasts: warm-up and rounds.
func (p *Plan) Length() time.Duration {
	return p.WarmUp + time.Duration(p.Rounds)*p.RoundLength
}

// WarmUpRound is what RoundAt gives for the warm-up.
const WarmUpRound = -1

// RoundAt tells which round an instant after the start belongs to: WarmUpRound, or 0 to
// Rounds-1. An instant past the end belongs to the last.
func (p *Plan) RoundAt(t time.Duration) int {
	if t < p.WarmUp {
		return WarmUpRound
	}
	return min(int((t-p.WarmUp)/p.RoundLength), p.Rounds-1)
}

// RoundStart is when round i begins, counted from the start of the load.
func (p *Plan) RoundStart(i int) time.Duration {
	return p.WarmUp + time.Duration(i)*p.RoundLength
}

// RoundName is how a round is called in front of people, who count from 1.
func (p *Plan) RoundName(i int) string {
	if i == WarmUpRound {
		return "warm-up"
	}
	return fmt.Sprintf("round %d of %d", i+1, p.Rounds)
}

// spawnTime is how long it takes until the last user has started.
func spawnTime(l profile.Load) time.Duration { return spawnAt(l.Users-1, l.SpawnRate) }

func spawnAt(i int, perSec float64) time.Duration {
	return time.Duration(float64(i) / perSec * float64(time.Second))
}

// deal gives each user a behaviour, so that at every moment of the ramp the shares are as
// near to the weights as whole users can be: the smooth weighted round robin of nginx.
func deal(behaviours []profile.User, l profile.Load) []User {
	credit := make([]int, len(behaviours))
	total := 0
	for _, b := range behaviours {
		total += b.Weight
	}
	users := make([]User, l.Users)
	for i := range users {
		next := 0
		for j, b := range behaviours {
			credit[j] += b.Weight
			if credit[j] > credit[next] {
				next = j
			}
		}
		credit[next] -= total
		users[i] = User{Index: i, Behaviour: next, StartAt: spawnAt(i, l.SpawnRate)}
	}
	return users
}

// resolver puts values into templates and keeps the first error.
type resolver struct {
	values Values
	err    error
}

func (r *resolver) text(t profile.Template) string { return t.Expand(r.value) }

func (r *resolver) value(variable string) string {
	if variable == profile.PortVariable {
		return fmt.Sprint(r.values.Port)
	}
	name, _ := profile.EnvName(variable)
	value, ok := r.values.Env(name)
	if !ok && r.err == nil {
		r.err = fmt.Errorf("the environment variable %s is not set", name)
	}
	return value
}

// json expands a template that is JSON text: values are escaped, so that a quote in a
// password does not end the string that it stands in.
func (r *resolver) json(t profile.Template) string {
	return t.Expand(func(variable string) string {
		quoted, err := json.Marshal(r.value(variable))
		if err != nil {
			panic("plan: " + err.Error()) // a string
		}
		return string(quoted[1 : len(quoted)-1])
	})
}

func (r *resolver) start(s *profile.Start) *Start {
	if s == nil {
		return nil
	}
	started := &Start{Build: r.text(s.Build), Command: r.text(s.Command), Dir: s.Dir, Ready: s.Ready, StopWithin: s.StopWithin}
	for _, e := range s.Env {
		started.Env = append(started.Env, e.Name+"="+r.text(e.Value))
	}
	return started
}

func (r *resolver) tasks(tasks []profile.Task, baseURL string, common []profile.Header) []Task {
	resolved := make([]Task, len(tasks))
	for i, t := range tasks {
		resolved[i] = Task{Name: t.Name, Weight: t.Weight}
		for _, s := range t.Steps {
			step := Step{Wait: s.Wait}
			if s.Request != nil {
				step.Request = r.request(s.Request, baseURL, common)
			}
			resolved[i].Steps = append(resolved[i].Steps, step)
		}
	}
	return resolved
}

func (r *resolver) request(q *profile.Request, baseURL string, common []profile.Header) *Request {
	resolved := &Request{Route: q.Route, Method: q.Method, URL: baseURL + r.text(q.Path), Status: q.Status}
	for _, h := range common {
		if !named(q.Headers, h.Name) {
			resolved.Headers = append(resolved.Headers, Header{h.Name, r.text(h.Value)})
		}
	}
	for _, h := range q.Headers {
		resolved.Headers = append(resolved.Headers, Header{h.Name, r.text(h.Value)})
	}
	switch {
	case q.JSON:
		resolved.Body = []byte(r.json(q.Body))
	case q.Body != "":
		resolved.Body = []byte(r.text(q.Body))
	}
	return resolved
}

func named(headers []profile.Header, name string) bool {
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			return true
		}
	}
	return false
}
