package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/meeting"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/storage"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// meetingCmd is plimsoll meeting.
type meetingCmd struct {
	List meetingListCmd `cmd:"" help:"List the meetings of the last day, newest first."`
	Show meetingShowCmd `cmd:"" help:"Show how far a meeting and each of its shards are."`
	Stop meetingStopCmd `cmd:"" help:"Stop a meeting: all its shards end their load."`
}

// use opens the meetings, calls do and closes them. A meeting that is not there is a mistake in the input.
func (f meetingStore) use(ctx context.Context, a *console.Console, do func(meeting.Book) error) error {
	db, err := storage.Meetings(ctx, storage.URL(a, f.DB))
	if err != nil {
		return err
	}
	err = do(meeting.Book{DB: db})
	if errors.Is(err, meeting.ErrUnknown) {
		err = exit.AsInput(err)
	}
	return errors.Join(err, db.Close())
}

// meetingListCmd is plimsoll meeting list.
type meetingListCmd struct {
	meetingStore
	Limit int `default:"50" help:"List at most this many."`
}

// Run lists the meetings.
func (c *meetingListCmd) Run(ctx context.Context, a *console.Console) error {
	return c.use(ctx, a, func(b meeting.Book) error {
		all, err := b.List(ctx, c.Limit)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			_, err := fmt.Fprintln(a.Stdout, "No meetings in the last day. Shards meet with `plimsoll run --meet`.")
			return err
		}
		rows := make([][]string, len(all))
		for i, m := range all {
			rows[i] = []string{m.ID, string(m.State), fmt.Sprintf("%d of %d", len(m.Shards), m.Of), m.Made.UTC().Format(time.DateTime), m.Reason}
		}
		return report.Table(a.Stdout, []string{"Meeting", "State", "Shards", "Made (UTC)", "Reason"}, rows)
	})
}

// meetingShowCmd is plimsoll meeting show.
type meetingShowCmd struct {
	meetingStore
	Name string `arg:"" help:"The meeting's name."`
}

// Run shows one meeting.
func (c *meetingShowCmd) Run(ctx context.Context, a *console.Console) error {
	return c.use(ctx, a, func(b meeting.Book) error {
		m, err := b.Look(ctx, c.Name)
		if err != nil {
			return err
		}
		shards := "1 shard"
		if m.Of != 1 {
			shards = fmt.Sprintf("%d shards", m.Of)
		}
		line := fmt.Sprintf("The meeting %s of %s is %s", m.ID, shards, m.State)
		if m.Reason != "" {
			line += ": " + m.Reason
		}
		if !m.StartAt.IsZero() {
			line += fmt.Sprintf(". Its load began at %s", m.StartAt.UTC().Format(time.RFC3339))
		}
		if _, err := fmt.Fprintln(a.Stdout, line+"."); err != nil || len(m.Shards) == 0 {
			return err
		}
		rows := make([][]string, len(m.Shards))
		for i, s := range m.Shards {
			state := s.State
			if s.Lost {
				state = "lost"
			}
			rows[i] = []string{
				strconv.Itoa(s.Number), s.Host, state, s.Phase, strconv.FormatInt(s.Requests, 10), strconv.FormatInt(s.Failures, 10),
				s.Seen.UTC().Format(time.DateTime), clock(s.Clock),
			}
		}
		return report.Table(a.Stdout, []string{"Shard", "Machine", "State", "Phase", "Requests", "Failed", "Seen (UTC)", "Clock ahead"}, rows)
	})
}

// clock says how far a machine's clock is ahead of the database's.
func clock(c *result.Clock) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf("%s ± %s", c.Ahead.Round(time.Microsecond), c.Error.Round(time.Microsecond))
}

// meetingStopCmd is plimsoll meeting stop.
type meetingStopCmd struct {
	meetingStore
	Name string `arg:"" help:"The meeting's name."`
	Why  string `placeholder:"REASON" help:"The reason. All shards print it."`
	By   string `variables:"GITHUB_ACTOR" help:"Who decides this (default: git's user.name, else the user of this machine)."`
}

// Run stops a meeting. One that is over already is left as it is.
func (c *meetingStopCmd) Run(ctx context.Context, a *console.Console) error {
	return c.use(ctx, a, func(b meeting.Book) error {
		reason := "by " + cmp.Or(c.By, person(ctx, a))
		if c.Why != "" {
			reason += ": " + c.Why
		}
		m, stopped, err := b.Stop(ctx, c.Name, reason)
		switch {
		case err != nil:
			return err
		case stopped:
			_, err = fmt.Fprintf(a.Stdout, "The meeting %s is stopped: its shards end their load within two seconds.\n", m.ID)
		case m.State == meeting.Stopped:
			_, err = fmt.Fprintf(a.Stdout, "The meeting %s was stopped before: %s\n", m.ID, m.Reason)
		default:
			_, err = fmt.Fprintf(a.Stdout, "The meeting %s is done: there is nothing to stop.\n", m.ID)
		}
		return err
	})
}
