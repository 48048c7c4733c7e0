// Package environ holds the environment of a process as one value.
//
// main makes the value once, from os.Environ(), and hands it down: nothing below reads the process's own
// environment, and nothing writes it. A command that runs another one with other variables makes a changed
// copy. Values never change, so they may be shared.
//
// ForSystem gives the variables for a system under test, without our own secrets: the store's URL, which may hold a
// password, and the tokens and inputs from a workflow. A profile can pass one on by name in target.start.env.
//
// ReadFile reads variables from a file of secrets. Under adds those that are not set yet.
package environ

import (
	"runtime"
	"slices"
	"strings"
)

// The variables that we read ourselves, in more than one place.
const (
	DatabaseURL = "PLIMSOLL_DATABASE_URL" // where baselines live
	GitHubToken = "GITHUB_TOKEN"          // for GitHub's API
	ServeToken  = "PLIMSOLL_SERVE_TOKEN"  // the token that plimsoll serve expects of requests
	HistoryURL  = "PLIMSOLL_HISTORY_URL"  // where the pages of plimsoll history are published
	RunnerImage = "ImageOS"               // the image of a runner of GitHub's, such as ubuntu24
	InputPrefix = "PLIMSOLL_INPUT_"       // begins the names of the action's inputs
)

// Values are the variables of a process. The zero Values are empty.
type Values struct {
	list    []string // NAME=value; the last of a name counts
	secrets []string // values of the variables that a file of secrets names
}

// Of takes variables as os.Environ gives them, NAME=value.
func Of(list []string) Values { return Values{list: slices.Clone(list)} }

// Lookup gives a variable's value, and whether it is set.
func (v Values) Lookup(name string) (value string, ok bool) {
	for _, one := range slices.Backward(v.list) {
		if is, value := split(one); same(is, name) {
			return value, true
		}
	}
	return "", false
}

// Get gives a variable's value; empty when it is not set.
func (v Values) Get(name string) string {
	value, _ := v.Lookup(name)
	return value
}

// With is a copy in which a variable has another value.
func (v Values) With(name, value string) Values {
	changed := v.Without(func(one string) bool { return same(one, name) })
	changed.list = append(changed.list, name+"="+value)
	return changed
}

// Without is a copy that lacks the variables whose names are unwanted.
func (v Values) Without(unwanted func(name string) bool) Values {
	var kept []string
	for _, one := range v.list {
		if name, _ := split(one); !unwanted(name) {
			kept = append(kept, one)
		}
	}
	return Values{kept, v.secrets}
}

// List gives all variables, NAME=value, for a program of ours. It is never nil: for exec.Cmd nil means this process's
// own environment.
func (v Values) List() []string { return append([]string{}, v.list...) }

// ForSystem gives the variables for a system under test: all but our own secrets. Like List it is never nil.
func (v Values) ForSystem() []string {
	inActions := v.Get("GITHUB_ACTIONS") == "true"
	return v.Without(func(name string) bool {
		if same(name, DatabaseURL) || same(name, ServeToken) || same(name, GitHubToken) || hasPrefix(name, InputPrefix) {
			return true
		}
		return inActions && (hasPrefix(name, "INPUT_") || hasPrefix(name, "ACTIONS_RUNTIME_TOKEN") || hasPrefix(name, "ACTIONS_ID_TOKEN_"))
	}).List()
}

// split cuts NAME=value. Windows has names that begin with =, such as =C:.
func split(variable string) (name, value string) {
	at := strings.IndexByte(variable[min(1, len(variable)):], '=')
	if at < 0 {
		return variable, ""
	}
	return variable[:at+1], variable[at+2:]
}

// same reports whether two names are those of one variable. On Windows case does not matter.
func same(a, b string) bool {
	return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b)
}

func hasPrefix(name, prefix string) bool {
	return len(name) >= len(prefix) && same(name[:len(prefix)], prefix)
}
