package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

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
	Shard       shard   `placeholder:"I/N" help:"Send only this part of the load, such as 2/8: the second of eight shards, each on a machine of its own. plimsoll merge makes one run of all."`
	StartAt     instant `placeholder:"TIME" help:"With --shard: begin the load at this instant by this machine's clock, once everything is ready. RFC 3339, such as 2026-11-27T18:30:00Z, or seconds since 1970."`
	SetupValues string  `placeholder:"FILE" file:"" help:"With --shard and a profile with setup: shard 1 writes what its setup saved into this file, and the other shards wait for it. It may hold secrets."`
}

// shard is a flag that names a part of the load.
type shard struct{ plan.Shard }

// UnmarshalText reads 2/8.
func (s *shard) UnmarshalText(text []byte) error {
	part, of, ok := strings.Cut(string(text), "/")
	i, errI := strconv.Atoi(part)
	n, errN := strconv.Atoi(of)
	if !ok || errI != nil || errN != nil || i < 1 || n < i || n > result.MaxShards {
		return fmt.Errorf("%q is no shard: expected one such as 2/8, the second of eight, of at most %d", text, result.MaxShards)
	}
	s.Shard = plan.Shard{I: i - 1, N: n}
	return nil
}

// instant is a flag that is a point in time.
type instant struct{ time.Time }

// UnmarshalText reads RFC 3339, or whole seconds since 1970.
func (t *instant) UnmarshalText(text []byte) (err error) {
	if seconds, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		t.Time = time.Unix(seconds, 0).UTC()
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
func (f shardFlags) apply(b *measure.Bench, j *job.Job, now time.Time) error {
	if f.Shard.N == 0 {
		switch {
		case !f.StartAt.IsZero():
			return exit.BadInput("--start-at is for shards of a load, which begin together: give --shard too")
		case f.SetupValues != "":
			return exit.BadInput("--setup-values is for shards of a load, which share one setup: give --shard too")
		}
		return nil
	}
	b.Shard, b.StartAt = f.Shard.Shard, f.StartAt.Time
	if err := f.checkStart(now); err != nil {
		return err
	}
	switch {
	case len(j.Setup) == 0 && f.SetupValues != "":
		return exit.BadInput("--setup-values: %s has no setup", j.File)
	case len(j.Setup) == 0:
		return nil
	case f.SetupValues == "":
		return exit.BadInput("setup is done once, by shard 1, and the others need the values that it saves: give all shards the same --setup-values FILE")
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

// checkStart refuses an instant that has passed, or that is so far away that a clock must be wrong.
func (f shardFlags) checkStart(now time.Time) error {
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
func (f shardFlags) places() []forms.Place {
	return []forms.Place{{Flag: "--setup-values", Path: f.SetupValues}}
}
