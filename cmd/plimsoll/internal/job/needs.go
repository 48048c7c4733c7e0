package job

import (
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
)

// Needs are what a profile needs on another machine.
type Needs struct {
	Files     map[string][]byte // the profile and the files that it names, by the paths that it gives them
	Variables []string          // of the environment, in alphabetical order
	URL       string            // target.url, as it is written; empty for none
	Starts    bool              // it starts the system itself
	Locust    bool              // Locust loads the system
	Load      time.Duration     // the longest that its load takes, from the start of users to the end of the last requests
}

// NeedsOf reads a profile of the current directory and lists what it needs. The profile and its files are taken from
// unwritten if they are there, by their paths. A variable of the environment need not be set.
func NeedsOf(file string, env environ.Values, unwritten map[string][]byte) (Needs, error) {
	text, made := unwritten[file]
	if !made {
		var err error
		if text, err = readProfile(file); err != nil {
			return Needs{}, exit.BadInput("read profile: %w", err)
		}
	}
	needs := Needs{Files: map[string][]byte{file: text}}
	variables := map[string]bool{}
	lookup := func(name string) (string, bool) {
		variables[name] = true
		return env.Get(name), true
	}
	read := func(path string) (content []byte, err error) {
		content, made := unwritten[filepath.ToSlash(path)]
		if !made {
			if content, err = readData(path); err != nil {
				return nil, err
			}
		}
		needs.Files[path] = content
		return content, nil
	}
	p, policy, err := parse(file, text, lookup, read)
	if err != nil {
		return Needs{}, err
	}
	if _, err := apiOf(file, p, policy, read); err != nil {
		return Needs{}, err
	}
	needs.Variables = slices.Sorted(maps.Keys(variables))
	needs.URL, needs.Starts, needs.Locust = string(p.Target.URL), p.Target.Start != nil, p.Target.Locust != nil
	needs.Load = p.Load.WarmUp + p.Load.Judged() + p.Load.StopWithin
	if p.Load.SpawnRate > 0 {
		needs.Load += time.Duration(float64(p.Load.Users) / p.Load.SpawnRate * float64(time.Second))
	}
	return needs, nil
}
