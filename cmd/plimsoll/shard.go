package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/forms"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/handover"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/measure"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// shardFlags make a run one of several that share a load.
type shardFlags struct {
	Shard       shard   `placeholder:"I/N" help:"Send only this part of the load, such as 2/8: the second of eight shards, each on a machine of its own. auto/8 takes I from the CI system or Kubernetes. plimsoll merge makes one run of all."`
	StartAt     instant `placeholder:"TIME" help:"With --shard: begin the load at this instant by this machine's clock, once everything is ready. RFC 3339, such as 2026-11-27T18:30:00Z, or seconds since 1970."`
	SetupValues string  `placeholder:"FILE" file:"" help:"With --shard and a profile with setup: shard 1 writes what its setup saved into this file, and the other shards wait for it. It may hold secrets."`
	meetFlags
}

// shard is a flag that names a part of the load.
type shard struct {
	plan.Shard
	auto bool // I is not known yet
}

// UnmarshalText reads 2/8, or auto/8.
func (s *shard) UnmarshalText(text []byte) error {
	part, of, ok := strings.Cut(string(text), "/")
	auto := part == "auto"
	if auto {
		part = "1"
	}
	i, errI := strconv.Atoi(part)
	n, errN := strconv.Atoi(of)
	if !ok || errI != nil || errN != nil || i < 1 || n < i || n > result.MaxShards {
		return fmt.Errorf("%q is no shard: expected one such as 2/8, the second of eight, or auto/8, of at most %d", text, result.MaxShards)
	}
	*s = shard{plan.Shard{I: i - 1, N: n}, auto}
	return nil
}

// indexes are the variables that --shard auto/N reads, in this order, and the number that each starts from. Kubernetes sets the
// first for the pods of an Indexed Job, and GitLab the second for jobs with parallel. The third is ours: a workflow of GitHub
// sets it from strategy.job-index.
var indexes = []struct {
	variable string
	first    int
	total    string // the variable that holds how many jobs there are; empty for none
}{
	{"JOB_COMPLETION_INDEX", 0, ""},
	{"CI_NODE_INDEX", 1, "CI_NODE_TOTAL"},
	{"PLIMSOLL_SHARD_INDEX", 0, ""},
}

// settle finds the number of an automatic shard.
func (s *shard) settle(env environ.Values) error {
	if !s.auto {
		return nil
	}
	for _, from := range indexes {
		text := env.Get(from.variable)
		if text == "" {
			continue
		}
		index, err := strconv.Atoi(text)
		if err != nil || index < from.first || index-from.first >= s.N {
			return exit.BadInput("--shard auto/%d: %s is %.40q, expected %d to %d: start as many jobs as there are shards", s.N, from.variable, text, from.first, from.first+s.N-1)
		}
		if total := env.Get(from.total); from.total != "" && total != strconv.Itoa(s.N) {
			return exit.BadInput("--shard auto/%d: %s is %.40q: start as many jobs as there are shards", s.N, from.total, total)
		}
		s.I, s.auto = index-from.first, false
		return nil
	}
	return exit.BadInput("--shard auto/%d: none of JOB_COMPLETION_INDEX (Kubernetes), CI_NODE_INDEX (GitLab) and PLIMSOLL_SHARD_INDEX is set: in a workflow of GitHub set PLIMSOLL_SHARD_INDEX: ${{ strategy.job-index }}, or name the shard, such as 2/%[1]d", s.N)
}

// instant is a flag that is a point in time.
type instant struct{ time.Time }

// UnmarshalText reads RFC 3339, or whole seconds since 1970.
func (t *instant) UnmarshalText(text []byte) (err error) {
	if seconds, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		if t.Time = time.Unix(seconds, 0).UTC(); t.Year() < 1970 || t.Year() > 9999 {
			return fmt.Errorf("%q is no instant in seconds since 1970: milliseconds are not read", text)
		}
		return nil
	}
	if t.Time, err = time.Parse(time.RFC3339, string(text)); err != nil {
		return fmt.Errorf("%q is no instant: expected one such as 2026-11-27T18:30:00Z, or seconds since 1970", text)
	}
	return nil
}

// longestWait is the most that a shard waits for its load to begin.
const longestWait = time.Hour

// apply makes a bench measure the shard.
func (f *shardFlags) apply(b *measure.Bench, j *job.Job, now time.Time) error {
	if err := f.check(); err != nil || f.Shard.N == 0 {
		return err
	}
	if err := f.Shard.settle(b.Console.Env); err != nil {
		return err
	}
	b.Shard, b.StartAt = f.Shard.Shard, f.StartAt.Time
	if err := f.checkStart(now); err != nil {
		return err
	}
	switch {
	case len(j.Setup) == 0 && f.SetupValues != "":
		return exit.BadInput("--setup-values: %s has no setup", j.File)
	case len(j.Setup) == 0, f.Meet != "":
		return nil
	case f.SetupValues == "":
		return exit.BadInput("setup is done once, by shard 1, and the others need the values that it saves: give all shards the same --setup-values FILE, or let them meet with --meet")
	}
	if err := publish.CheckPlace("--setup-values", f.SetupValues); err != nil {
		return err
	}
	file := handover.File{Path: f.SetupValues, ProfileDigest: j.Digest(), Shards: f.Shard.N, Until: f.StartAt.Time}
	b.Handover = file
	if f.Shard.I == 0 {
		return file.Clear()
	}
	return nil
}

// check refuses flags that do not go together.
func (f *shardFlags) check() error {
	whole := f.Shard.N == 0
	switch {
	case whole && !f.StartAt.IsZero():
		return exit.BadInput("--start-at is for shards of a load, which begin together: give --shard too")
	case whole && f.SetupValues != "":
		return exit.BadInput("--setup-values is for shards of a load, which share one setup: give --shard too")
	case whole && f.Meet != "":
		return exit.BadInput("--meet is for shards of a load, which meet in a database: give --shard too")
	case f.aimless() != "":
		return exit.BadInput("%s is for shards that meet in a database: give --meet too", f.aimless())
	case f.Meet != "" && !f.StartAt.IsZero():
		return exit.BadInput("--start-at and --meet: a meeting sets when the load begins, so leave --start-at out")
	case f.Meet != "" && f.SetupValues != "":
		return exit.BadInput("--setup-values and --meet: a meeting hands over the values of setup, so leave --setup-values out")
	}
	return nil
}

// checkStart refuses an instant that has passed, or that is so far away that a clock must be wrong.
func (f *shardFlags) checkStart(now time.Time) error {
	if f.StartAt.IsZero() {
		return nil
	}
	clock := now.In(f.StartAt.Location()).Format(time.RFC3339)
	switch left := f.StartAt.Sub(now); {
	case left < 0:
		return exit.BadInput("--start-at %s was %s ago by this machine's clock (%s): give a later instant, or set the clock", f.StartAt.Format(time.RFC3339), plan.InWords(-left.Round(time.Second)), clock)
	case left > longestWait:
		return exit.BadInput("--start-at %s is in %s by this machine's clock (%s), and a shard waits for at most %s: give an earlier instant, or set the clock",
			f.StartAt.Format(time.RFC3339), plan.InWords(left.Round(time.Second)), clock, plan.InWords(longestWait))
	}
	return nil
}

// places are the files that the flags name.
func (f *shardFlags) places() []forms.Place {
	return []forms.Place{{Flag: "--setup-values", Path: f.SetupValues}}
}
