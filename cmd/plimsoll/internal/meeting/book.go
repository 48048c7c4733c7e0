package meeting

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Book is the meetings in a database. Its errors wrap ErrUnknown if a meeting is not there.
type Book struct{ DB *postgres.Meetings }

// ofMeeting begins a query for what scanMeeting reads.
const ofMeeting = "SELECT id, shards, state, reason, made, start_at, coalesce(ended > clock_timestamp() - interval '3 seconds', false) FROM plimsoll_meeting "

func scanMeeting(row pgx.CollectableRow) (*Meeting, error) {
	m := &Meeting{}
	var start *time.Time
	if err := row.Scan(&m.ID, &m.Of, &m.State, &m.Reason, &m.Made, &start, &m.fresh); err != nil {
		return nil, err
	}
	m.Reason = plain(m.Reason)
	if start != nil {
		m.StartAt = start.UTC()
	}
	return m, nil
}

func scanShard(row pgx.CollectableRow) (s Shard, err error) {
	var ahead, wrong *int64
	err = row.Scan(&s.Number, &s.Host, &s.State, &s.Phase, &s.Requests, &s.Failures, &s.Seen, &s.Lost, &ahead, &wrong)
	s.Host, s.Phase = plain(s.Host), plain(s.Phase)
	if err == nil && ahead != nil && wrong != nil {
		s.Clock = &result.Clock{Ahead: time.Duration(*ahead), Error: time.Duration(*wrong)}
	}
	return s, err
}

// look reads a meeting in a transaction; nil if it is not there.
func look(ctx context.Context, tx pgx.Tx, id string) (*Meeting, error) {
	rows, err := tx.Query(ctx, ofMeeting+"WHERE id = $1", id)
	if err != nil {
		return nil, err
	}
	m, err := pgx.CollectExactlyOneRow(rows, scanMeeting)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	const ask = `SELECT number, host, state, phase, requests, failures, seen, state NOT IN ('delivered', 'left') AND lease <= clock_timestamp(), clock_ahead_ns, clock_error_ns
		FROM plimsoll_shard WHERE meeting = $1 ORDER BY number`
	if rows, err = tx.Query(ctx, ask, id); err != nil {
		return nil, err
	}
	m.Shards, err = pgx.CollectRows(rows, scanShard)
	return m, err
}

// DefaultLimit is how many meetings List gives without a limit.
const DefaultLimit = 50

// List reads the newest meetings with their shards, as many as limit says; 0 for DefaultLimit.
func (b Book) List(ctx context.Context, limit int) (all []*Meeting, err error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	err = b.DB.Read(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, ofMeeting+"ORDER BY made DESC, id LIMIT $1", limit)
		if err != nil {
			return err
		}
		if all, err = pgx.CollectRows(rows, scanMeeting); err != nil {
			return err
		}
		for i, m := range all {
			whole, err := look(ctx, tx, m.ID)
			if err != nil {
				return err
			}
			if whole != nil { // nobody has removed it meanwhile
				all[i] = whole
			}
		}
		return nil
	})
	return all, err
}

// Look reads a meeting.
func (b Book) Look(ctx context.Context, id string) (m *Meeting, err error) {
	err = b.DB.Read(ctx, func(tx pgx.Tx) (err error) {
		m, err = look(ctx, tx, id)
		return err
	})
	return m, known(id, m, err)
}

// known is err, or the error that a meeting is not there.
func known(id string, m *Meeting, err error) error {
	if err == nil && m == nil {
		return fmt.Errorf("meeting %s: %w", id, ErrUnknown)
	}
	return err
}

// Stop stops a meeting, so that all its shards end their load, and returns it. A meeting that is over stays as it is.
func (b Book) Stop(ctx context.Context, id, reason string) (m *Meeting, stopped bool, err error) {
	err = b.DB.Write(ctx, func(tx pgx.Tx) (err error) {
		if stopped, err = stop(ctx, tx, id, reason); err != nil {
			return err
		}
		m, err = look(ctx, tx, id)
		return err
	})
	return m, stopped, known(id, m, err)
}

// stop stops a meeting unless it is over, and removes the values of setup, which nobody needs any more.
func stop(ctx context.Context, tx pgx.Tx, id, reason string) (stopped bool, err error) {
	const end = "UPDATE plimsoll_meeting SET state = 'stopped', reason = $2, ended = clock_timestamp() WHERE id = $1 AND state IN ('gathering', 'loading')"
	tag, err := tx.Exec(ctx, end, id, plain(reason))
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	_, err = tx.Exec(ctx, "DELETE FROM plimsoll_handover WHERE meeting = $1", id)
	return true, err
}

// Merged makes one run of the results of a meeting. The error is an IncompleteError or a result.ShardsError if they make none.
// It waits as long as a shard is at work. When it begins to, it calls waits, unless that is nil, with the shards that it waits
// for, as "shards 2, 3 of 4". Just after a meeting was stopped it waits for up to three seconds, until all shards that live have
// said that they ended.
func (b Book) Merged(ctx context.Context, id string, waits func(shards string)) (*result.Result, error) {
	for {
		r, m, err := b.merged(ctx, id)
		pause := gatherEach
		switch {
		case m == nil:
			return r, err
		case m.atWork():
			pause = beatEach
			if waits != nil {
				waits(fmt.Sprintf("%s of %d", m.missing(func(s Shard) bool { return s.State == delivered }), m.Of))
				waits = nil
			}
		case m.State != Stopped || !m.fresh || len(m.silent()) == 0:
			return r, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return r, err
		}
	}
}

func (b Book) merged(ctx context.Context, id string) (_ *result.Result, m *Meeting, err error) {
	var deliveries []delivery
	err = b.DB.Read(ctx, func(tx pgx.Tx) (err error) {
		if m, err = look(ctx, tx, id); err != nil || m == nil || m.State != Done {
			return err
		}
		rows, err := tx.Query(ctx, "SELECT number, digest, document FROM plimsoll_shard_part WHERE meeting = $1 ORDER BY number", id)
		if err != nil {
			return err
		}
		deliveries, err = pgx.CollectRows(rows, pgx.RowToStructByPos[delivery])
		return err
	})
	if err = known(id, m, err); err != nil {
		return nil, m, err
	}
	if err := m.incomplete(); err != nil {
		return nil, m, err
	}
	parts := map[string]*result.Result{}
	for _, d := range deliveries {
		r, err := d.unpack()
		if err != nil {
			return nil, m, &IncompleteError{id, []string{fmt.Sprintf("what shard %d of %d delivered cannot be read: %v", d.Number, m.Of, err)}}
		}
		parts[fmt.Sprintf("delivery %d", d.Number)] = r
	}
	if missing := m.missing(func(s Shard) bool { return parts[fmt.Sprintf("delivery %d", s.Number)] != nil }); missing != "" {
		return nil, m, &IncompleteError{id, []string{"the database has forgotten what was delivered by " + missing}}
	}
	r, err := result.Merge(parts)
	return r, m, err
}

// delivery is a shard's result in the database.
type delivery struct {
	Number   int
	Digest   string // of the JSON
	Document []byte // the JSON, compressed
}

// pack packs a result. The JSON is, to the byte, the file that --out names.
func pack(number int, r *result.Result) (d delivery, err error) {
	var text, zipped bytes.Buffer
	if err := result.Encode(&text, r); err != nil {
		return d, err
	}
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(text.Bytes()); err != nil {
		return d, err
	}
	if err := z.Close(); err != nil {
		return d, err
	}
	return delivery{number, digest(text.Bytes()), zipped.Bytes()}, nil
}

// unpack reads a result, as one of an untrusted source.
func (d delivery) unpack() (*result.Result, error) {
	z, err := gzip.NewReader(bytes.NewReader(d.Document))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(z, int64(result.Limit().Bytes)+1))
	if err != nil {
		return nil, err
	}
	if digest(data) != d.Digest {
		return nil, errors.New("its digest is not the one that it was delivered with")
	}
	return result.Decode(bytes.NewReader(data))
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
