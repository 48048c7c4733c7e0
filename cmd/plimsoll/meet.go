package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/measure"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/meeting"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/storage"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// meetingStore is where shards meet.
type meetingStore struct {
	DB string `name:"db" placeholder:"URL" help:"The PostgreSQL in which shards meet: postgres://… (default: $PLIMSOLL_DATABASE_URL). Put a URL with a password into the variable."`
}

// meetFlags let shards meet in a database.
type meetFlags struct {
	meetingStore
	Meet       string `placeholder:"NAME" help:"With --shard: meet the other shards in the PostgreSQL of --db under this name. Choose a new one for each load; auto makes one from the CI run. All shards begin together, and a shard that is lost or stopped ends the load of all. plimsoll gate --meeting NAME judges the run."`
	MeetWithin span   `placeholder:"SPAN" help:"With --meet: how long to wait until all shards are ready (default: 10m)."`
	MeetLease  span   `placeholder:"SPAN" help:"With --meet: a shard that does not reach the database for this long is lost. It ends its load a little earlier (default: 20s)."`
}

const (
	usualWithin   = 10 * time.Minute
	usualLease    = 20 * time.Second
	shortestLease = 2 * time.Second // leaves time for the retries of a report
)

// spans returns how long the shard waits for the others, and how long it may go without reaching the database.
func (f *meetFlags) spans() (within, lease time.Duration, err error) {
	within, lease = usualWithin, usualLease
	if f.MeetWithin.set {
		within = f.MeetWithin.Duration
	}
	if f.MeetLease.set {
		lease = f.MeetLease.Duration
	}
	if within <= 0 || lease < shortestLease {
		return 0, 0, exit.BadInput("--meet-within must be above 0, and --meet-lease at least %s", shortestLease)
	}
	return within, lease, nil
}

// aimless names a given flag that has no effect because --meet is missing; empty for none.
func (f *meetFlags) aimless() string {
	switch {
	case f.Meet != "":
		return ""
	case f.DB != "":
		return "--db"
	case f.MeetWithin.set:
		return "--meet-within"
	case f.MeetLease.set:
		return "--meet-lease"
	}
	return ""
}

// attend takes the shard's place in its meeting and lets the bench work for it; nil without --meet. The caller must call leave.
func (f *shardFlags) attend(ctx context.Context, a *console.Console, j *job.Job, b *measure.Bench) (*attendance, error) {
	if f.Meet == "" {
		return nil, nil
	}
	within, lease, err := f.spans()
	if err != nil {
		return nil, err
	}
	who := identity.Of(ctx, a, j.Dir)
	name, err := meetingName(a, f.Meet, who, j.Name)
	if err != nil {
		return nil, err
	}
	terms, err := terms(j, b, who)
	if err != nil {
		return nil, err
	}
	db, err := storage.Meetings(ctx, storage.URL(a, f.DB))
	if err != nil {
		return nil, err
	}
	seat, err := meeting.Book{DB: db}.Join(ctx, meeting.Place{
		Meeting: name, Number: f.Shard.I + 1, Of: f.Shard.N, Host: hostname(), Terms: terms, Within: within, Lease: lease, Interrupt: a.Stop,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	b.Handover, b.Gather, b.GaveUp, b.Stop, b.Watch = seat, seat.Gather, seat.GaveUp, seat.Ended(), seat.Show
	return &attendance{name, seat, db}, nil
}

func hostname() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown machine"
	}
	return host
}

// terms are what the shards of a load have in common. Merging would refuse shards that differ in one of them.
func terms(j *job.Job, b *measure.Bench, who result.Identity) ([]meeting.Term, error) {
	pl, err := j.PlanShard(b.Shard)
	if err != nil {
		return nil, err
	}
	commit := who.Commit
	if who.Dirty {
		commit += " with changes"
	}
	return []meeting.Term{
		{Name: "series", Value: pl.Series},
		{Name: "profile digest", Value: pl.ProfileDigest},
		{Name: "seed", Value: fmt.Sprint(pl.Seed)},
		{Name: "load", Value: fmt.Sprintf("%d users, %g tasks/s, a warm-up of %s, %d rounds of %s", pl.AllUsers, pl.Rate, pl.WarmUp, pl.Rounds, pl.RoundLength)},
		{Name: "target", Value: pl.Target.Shown},
		{Name: "repository", Value: who.Repository},
		{Name: "commit", Value: commit},
		{Name: "version of plimsoll", Value: who.Tool},
		{Name: "CI run and attempt", Value: who.CIRun},
	}, nil
}

// automatic stands for the name that meetingName makes from the CI run.
const automatic = "auto"

// meetingName is the name that a user gave, or one made from the CI run and the series: all jobs of the run make the same
// name, and no other run makes it.
func meetingName(a *console.Console, given string, who result.Identity, series string) (string, error) {
	if given == automatic {
		switch pipeline := a.Env.Get("CI_PIPELINE_ID"); {
		case who.CIRun != "":
			given = "github " + who.CIRun + " " + series
		case pipeline != "":
			given = "gitlab " + pipeline + " " + series
		default:
			return "", exit.BadInput("--meet auto makes a name of a run of GitHub Actions or a pipeline of GitLab, and this is neither: give a name that is new for each load, such as --meet load-4711")
		}
	}
	return given, exit.AsInput(meeting.CheckName(given))
}

// attendance is a command's part in a meeting. It is nil for a run without one.
type attendance struct {
	name string
	seat *meeting.Seat
	db   io.Closer
}

// leave delivers the result of a shard that has measured, or else stops the meeting. It returns the error of the run. If the
// end of the meeting ended the run, the error says why the meeting ended.
func (m *attendance) leave(ctx context.Context, r *result.Result, out string, err error) error {
	if m == nil {
		return err
	}
	switch why := m.seat.Why(); {
	case err != nil && why != nil && (errors.Is(err, runner.ErrInterrupted) || r == nil):
		err = why
	case err == nil:
		if err = m.seat.Deliver(ctx, r); err != nil {
			err = fmt.Errorf("%w; the result is kept in %s", err, out)
		}
	}
	m.seat.Leave(err)
	return errors.Join(err, m.db.Close())
}

// runOfMeeting is the run of a meeting, when all its shards have ended. A meeting without a whole run is an error that names each
// shard that it lacks.
func runOfMeeting(ctx context.Context, a *console.Console, location, name string) (r *result.Result, err error) {
	db, err := storage.Meetings(ctx, location)
	if err != nil {
		return nil, storage.Trouble(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	r, err = meeting.Book{DB: db}.Merged(ctx, name, func(shards string) {
		fmt.Fprintf(a.Stderr, "plimsoll: the meeting %s is not over: waiting for %s\n", name, shards)
	})
	var incomplete *meeting.IncompleteError
	var unlike result.ShardsError
	if err != nil && !errors.As(err, &incomplete) && !errors.As(err, &unlike) && !errors.Is(err, meeting.ErrUnknown) {
		err = storage.Trouble(err)
	}
	return r, err
}
