package meeting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// The states of a shard in its meeting.
const (
	present   = "present"
	ready     = "ready"
	loading   = "loading"
	delivered = "delivered"
	left      = "left" // it has ended without a result, since the meeting was stopped
)

func isReady(s Shard) bool { return s.State == ready && !s.Lost }

// loss says which shard of a meeting that loads was lost; empty if none is.
func (m *Meeting) loss() string {
	for _, s := range m.Shards {
		if s.Lost {
			return s.lost(m.Of)
		}
	}
	return ""
}

// late says which shards a meeting waits for in vain; empty if for none.
func (m *Meeting) late(within time.Duration) string {
	if absent := m.missing(func(s Shard) bool { return !s.Lost }); absent != "" {
		return fmt.Sprintf("%s of %d did not come within %s", absent, m.Of, within)
	}
	slow := m.missing(isReady)
	if slow == "" {
		return ""
	}
	return fmt.Sprintf("%s of %d %s not ready within %s", slow, m.Of, verb(slow, "was", "were"), within)
}

// glance is what each report reads of a meeting: the same few values, however many shards there are.
type glance struct {
	state   State
	reason  string
	startAt time.Time
	ready   bool // all shards are ready
	lost    bool // one shard is lost
}

// glance reads the meeting; nil if it is not there.
func (s *Seat) glance(ctx context.Context, tx pgx.Tx) (*glance, error) {
	const ask = `SELECT state, reason, start_at,
			shards = (SELECT count(*) FROM plimsoll_shard s WHERE s.meeting = m.id AND s.state = 'ready' AND s.lease > clock_timestamp()),
			EXISTS (SELECT FROM plimsoll_shard s WHERE s.meeting = m.id AND s.state NOT IN ('delivered', 'left') AND s.lease <= clock_timestamp())
		FROM plimsoll_meeting m WHERE id = $1`
	g, start := &glance{}, (*time.Time)(nil)
	err := tx.QueryRow(ctx, ask, s.id).Scan(&g.state, &g.reason, &start, &g.ready, &g.lost)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if start != nil {
		g.startAt = start.UTC()
	}
	return g, err
}

// beat reports, which renews the lease, and reads the meeting. The error is a RefusedError if this shard has lost its place.
func (s *Seat) beat(ctx context.Context) (g *glance, err error) {
	s.mu.Lock()
	now := s.now
	s.mu.Unlock()
	now.beats++
	var no error
	err = s.DB.Write(ctx, func(tx pgx.Tx) (err error) {
		if no, err = s.renew(ctx, tx, now); err != nil || no != nil {
			return err
		}
		g, err = s.glance(ctx, tx)
		return err
	})
	if err = errors.Join(err, no); err != nil {
		return nil, err
	}
	if g == nil {
		return nil, s.forgotten()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.beats = now.beats
	switch {
	case s.startAt.IsZero() && !g.startAt.IsZero() && g.state == Loading:
		s.startAt = g.startAt
		close(s.started)
	case !s.startAt.IsZero() && !g.startAt.Equal(s.startAt):
		return nil, s.forgotten()
	}
	return g, nil
}

// forgotten says that the database lacks what it had.
func (s *Seat) forgotten() *RefusedError {
	return refuse("the database has forgotten what %s reported to the meeting %s: was it restored from a backup, or emptied?", s.self(), s.id)
}

// renew renews the lease, unless the place is lost: no then says why. The number of the report shows whether the database has
// forgotten reports. If the answer to a report was lost, its number comes a second time.
func (s *Seat) renew(ctx context.Context, tx pgx.Tx, now report) (no, err error) {
	const renew = `UPDATE plimsoll_shard SET beats = $4::bigint, phase = $6, requests = $7, failures = $8, clock_ahead_ns = $9, clock_error_ns = $10,
			state = CASE state WHEN 'delivered' THEN state ELSE $5 END,
			seen = clock_timestamp(), lease = clock_timestamp() + $11::bigint * interval '1 millisecond'
		WHERE meeting = $1 AND number = $2 AND token = $3 AND lease > clock_timestamp() AND beats BETWEEN $4::bigint - 1 AND $4::bigint`
	offset, wrong := now.comparison()
	tag, err := tx.Exec(ctx, renew, s.id, s.number, s.token, now.beats, now.state, now.phase, now.requests, now.failures, offset, wrong, s.lease.Milliseconds())
	if err != nil || tag.RowsAffected() > 0 {
		return nil, err
	}
	return s.outOfPlace(ctx, tx)
}

// outOfPlace says why what this shard writes does not count any more.
func (s *Seat) outOfPlace(ctx context.Context, tx pgx.Tx) (no, err error) {
	held, err := s.holder(ctx, tx)
	s.mu.Lock()
	reported := s.now.beats
	s.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case held.beats < reported && (!held.there || held.token == s.token):
		return s.forgotten(), nil
	case held.there && held.token != s.token:
		return refuse("%s has taken the place of %s in the meeting %s, after the lease had ended", held.Host, s.self(), s.id), nil
	case held.there && !held.live:
		return refuse("the lease of %s in the meeting %s has ended: no report had reached the database since %s", s.self(), s.id, held.Seen.UTC().Format(time.RFC3339)), nil
	}
	return s.forgotten(), nil
}

// halt stops the meeting, if this shard still has its place.
func (s *Seat) halt(ctx context.Context, reason string) error {
	return s.DB.Write(ctx, func(tx pgx.Tx) error { return s.stop(ctx, tx, reason) })
}

// quit stops the meeting too, and says that this shard has ended.
func (s *Seat) quit(ctx context.Context, reason string) error {
	return s.DB.Write(ctx, func(tx pgx.Tx) error {
		if err := s.stop(ctx, tx, reason); err != nil {
			return err
		}
		return s.depart(ctx, tx)
	})
}

func (s *Seat) stop(ctx context.Context, tx pgx.Tx, reason string) error {
	if mine, err := s.lock(ctx, tx); err != nil || !mine {
		return err
	}
	_, err := stop(ctx, tx, s.id, reason)
	return err
}

// depart says that this shard has ended without a result. Of a meeting that was stopped, only those that were killed do
// not say so.
func (s *Seat) depart(ctx context.Context, tx pgx.Tx) error {
	const end = `UPDATE plimsoll_shard s SET state = 'left', phase = '' FROM plimsoll_meeting m
		WHERE m.id = s.meeting AND m.state = 'stopped' AND s.meeting = $1 AND number = $2 AND token = $3 AND s.state <> 'delivered'`
	_, err := tx.Exec(ctx, end, s.id, s.number, s.token)
	return err
}

// lock locks the meeting for a change of its state. mine is false if this shard has lost its place.
func (s *Seat) lock(ctx context.Context, tx pgx.Tx) (mine bool, err error) {
	if _, err := tx.Exec(ctx, "SELECT FROM plimsoll_meeting WHERE id = $1 FOR UPDATE", s.id); err != nil {
		return false, err
	}
	const ask = "SELECT EXISTS (SELECT FROM plimsoll_shard WHERE meeting = $1 AND number = $2 AND token = $3)" // as it is after the wait
	err = tx.QueryRow(ctx, ask, s.id, s.number, s.token).Scan(&mine)
	return mine, err
}

// stopFor stops the meeting if it still has a reason to. The next report finds the meeting stopped.
func (s *Seat) stopFor(ctx context.Context, why func(*Meeting) string) error {
	m, err := s.Look(ctx, s.id)
	if err != nil {
		return err
	}
	if reason := why(m); reason != "" {
		return s.halt(ctx, reason)
	}
	return nil
}

// begin sets when the load begins, if all shards are ready at one moment. Only one of them sets it.
func (s *Seat) begin(ctx context.Context) error {
	return s.DB.Write(ctx, func(tx pgx.Tx) error {
		if mine, err := s.lock(ctx, tx); err != nil || !mine {
			return err
		}
		m, err := look(ctx, tx, s.id)
		if err != nil || m == nil || m.State != Gathering || m.missing(isReady) != "" {
			return err
		}
		const begin = "UPDATE plimsoll_meeting SET state = 'loading', start_at = clock_timestamp() + $2::bigint * interval '1 millisecond' WHERE id = $1"
		_, err = tx.Exec(ctx, begin, s.id, ahead.Milliseconds())
		return err
	})
}

// probes is how often the database is asked for its clock. The answer with the shortest round trip is the most exact.
const probes = 16

// start says when the load begins by this machine's clock. A clock that is read over a network is wrong by half of the round
// trip at most (Cristian, Probabilistic clock synchronization, 1989).
func (s *Seat) start(ctx context.Context) (runner.Start, error) {
	var here, there time.Time
	best := time.Duration(-1)
	err := s.DB.Read(ctx, func(tx pgx.Tx) error {
		for range probes {
			began := time.Now()
			var theirs time.Time
			if err := tx.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&theirs); err != nil {
				return err
			}
			if trip := time.Since(began); best < 0 || trip < best {
				best, here, there = trip, began.Add(trip/2), theirs
			}
		}
		return nil
	})
	if err != nil {
		return runner.Start{}, err
	}
	s.mu.Lock()
	at := here.Add(s.startAt.Sub(there))
	s.mu.Unlock()
	const resolution = time.Microsecond // of clock_timestamp()
	return runner.Start{At: at, Clock: &result.Clock{Ahead: here.Sub(there), Error: best/2 + resolution}}, nil
}

// Deliver uploads the shard's result. The same result again changes nothing. The error is a RefusedError if the meeting does
// not take it.
func (s *Seat) Deliver(ctx context.Context, r *result.Result) error {
	d, err := pack(s.number, r)
	if err != nil {
		return err
	}
	var no error
	err = s.DB.Write(ctx, func(tx pgx.Tx) (err error) {
		no, err = s.upload(ctx, tx, d)
		return err
	})
	if err == nil && no == nil { // apart, so that no shard waits for the upload of another
		err = s.DB.Write(ctx, func(tx pgx.Tx) (err error) {
			no, err = s.finish(ctx, tx)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("deliver the result of %s to the meeting %s: %w", s.self(), s.id, err)
	}
	return no
}

// upload stores the result, unless one is stored already.
func (s *Seat) upload(ctx context.Context, tx pgx.Tx, d delivery) (no, err error) {
	const put = `INSERT INTO plimsoll_shard_part (meeting, number, digest, document)
		SELECT meeting, number, $4, $5 FROM plimsoll_shard WHERE meeting = $1 AND number = $2 AND token = $3 AND lease > clock_timestamp()
		ON CONFLICT (meeting, number) DO NOTHING`
	if _, err := tx.Exec(ctx, put, s.id, s.number, s.token, d.Digest, d.Document); err != nil {
		return nil, err
	}
	var there string
	err = tx.QueryRow(ctx, "SELECT digest FROM plimsoll_shard_part WHERE meeting = $1 AND number = $2", s.id, s.number).Scan(&there)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return s.outOfPlace(ctx, tx)
	case err == nil && there != d.Digest:
		return refuse("the meeting %s has another result of %s already", s.id, s.self()), nil
	}
	return nil, err
}

// finish counts the result. With the last one the meeting is done.
func (s *Seat) finish(ctx context.Context, tx pgx.Tx) (no, err error) {
	if mine, err := s.lock(ctx, tx); err != nil || !mine {
		if err == nil {
			no, err = s.outOfPlace(ctx, tx)
		}
		return no, err
	}
	m, err := look(ctx, tx, s.id)
	switch {
	case err != nil:
		return nil, err
	case m == nil:
		return s.forgotten(), nil
	case m.State == Stopped:
		return refuse("the meeting %s was stopped: %s", s.id, m.Reason), nil
	case m.State == Done: // the answer to an earlier try was lost
		return nil, nil
	}
	const count = `UPDATE plimsoll_shard SET state = 'delivered', phase = '', requests = $4, failures = $5, clock_ahead_ns = $6, clock_error_ns = $7
		WHERE meeting = $1 AND number = $2 AND token = $3 AND (state = 'delivered' OR lease > clock_timestamp())`
	s.mu.Lock()
	last := s.now
	s.mu.Unlock()
	offset, wrong := last.comparison()
	tag, err := tx.Exec(ctx, count, s.id, s.number, s.token, last.requests, last.failures, offset, wrong)
	if err != nil {
		return nil, err
	}
	if tag.RowsAffected() == 0 {
		return s.outOfPlace(ctx, tx)
	}
	const done = `UPDATE plimsoll_meeting m SET state = 'done', ended = clock_timestamp() WHERE id = $1 AND shards =
		(SELECT count(*) FROM plimsoll_shard s WHERE s.meeting = m.id AND s.state = 'delivered')`
	_, err = tx.Exec(ctx, done, s.id)
	return nil, err
}
