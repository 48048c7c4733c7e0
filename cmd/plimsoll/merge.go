package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/forms"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/storage"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// mergeCmd is plimsoll merge.
type mergeCmd struct {
	forms.Flags
	meetingStore
	Meeting string   `placeholder:"NAME" help:"Wait for the shards that meet under this name in the PostgreSQL of --db, and take their results."`
	Files   []string `arg:"" optional:"" name:"file" file:"" help:"The results of all shards, in any order. A pattern such as 'shards/*.json' names all files that match it."`
	Out     string   `short:"o" file:"" default:"result.json" help:"Write the whole run to this file."`
	JSON    bool     `name:"json" help:"Print JSON on stdout."`
}

// Run merges the shards and prints the tables. If the shards do not make the whole, it writes nothing.
func (c *mergeCmd) Run(ctx context.Context, a *console.Console) (err error) {
	if c.Files, err = matching(c.Files); err != nil {
		return err
	}
	places := []forms.Place{{Flag: "--out", Path: c.Out}}
	for _, file := range c.Files {
		places = append(places, forms.Place{Flag: "an argument", Path: file})
	}
	if err := publish.CheckPlace("--out", c.Out); err != nil {
		return err
	}
	if c.Flags, err = settled(a, c.Flags, places...); err != nil {
		return err
	}
	r, err := c.whole(ctx, a)
	if err != nil {
		return err
	}
	if err := result.Write(c.Out, r); err != nil {
		return err
	}
	a.OutputFile("result", c.Out)
	notes, err := c.Flags.Write(ctx, report.Material{Run: r}, forms.Options{Getenv: a.Env.Get})
	tell(a, notes)
	err = errors.Join(err, summarize(a, r))
	if c.JSON {
		return cmp.Or(errors.Join(err, result.Encode(a.Stdout, r.Compact())), errors.Join(troubles(r)...))
	}
	if err := errors.Join(err, report.Run(a.Stdout, r, report.FoundIn(r))); err != nil {
		return err
	}
	fmt.Fprintf(a.Stderr, "The result is in %s.\n", c.Out)
	return errors.Join(troubles(r)...)
}

// whole is the run of all shards: of a meeting, or of files.
func (c *mergeCmd) whole(ctx context.Context, a *console.Console) (*result.Result, error) {
	switch {
	case c.Meeting == automatic:
		return nil, exit.BadInput("--meeting auto needs a profile, which merge does not read: give the name of the meeting, which plimsoll meeting list shows")
	case c.Meeting != "" && len(c.Files) > 0:
		return nil, exit.BadInput("--meeting and files each name what to merge: give one of them")
	case c.Meeting != "":
		return runOfMeeting(ctx, a, storage.URL(a, c.DB), c.Meeting)
	case len(c.Files) == 0:
		return nil, exit.BadInput("name the results of all shards, or their meeting with --meeting")
	}
	parts, err := readParts(c.Files)
	if err != nil {
		return nil, err
	}
	return result.Merge(parts)
}

// matching names the files that patterns match. Shells do this too, but the action calls without one.
func matching(names []string) (files []string, err error) {
	for _, name := range names {
		if _, err := os.Stat(name); err == nil || !strings.ContainsAny(name, "*?[") {
			files = append(files, name)
			continue
		}
		found, err := filepath.Glob(name)
		if err != nil {
			return nil, exit.BadInput("%s: %w", name, err)
		}
		if len(found) == 0 {
			return nil, exit.BadInput("no file matches %s: download the shards first, or correct the pattern", name)
		}
		files = append(files, found...)
	}
	return files, nil
}

// readParts reads the results of shards or legs, by the names of their files. The error names each file that cannot be read.
func readParts(files []string) (map[string]*result.Result, error) {
	parts := map[string]*result.Result{}
	var all []error
	for _, file := range files {
		if _, twice := parts[file]; twice {
			all = append(all, exit.BadInput("%s is given twice: give each file once", file))
			continue
		}
		r, err := readResult(file)
		if err != nil {
			all = append(all, err)
			continue
		}
		parts[file] = r
	}
	return parts, errors.Join(all...)
}
