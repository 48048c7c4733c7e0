package meeting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/handover"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

var _ runner.Handover = (*Seat)(nil)

// giving is how long the values of setup may take to the database.
const giving = time.Minute

// Give hands over the values of setup. They stay in the database until all other shards have them, or the meeting is stopped.
func (s *Seat) Give(values []profile.Value) (id string, err error) {
	id, data, err := handover.Pack(s.id, s.of, values)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), giving)
	defer cancel()
	var no error
	err = s.DB.Write(ctx, func(tx pgx.Tx) (err error) {
		no, err = s.give(ctx, tx, id, data)
		return err
	})
	return id, errors.Join(err, no)
}

func (s *Seat) give(ctx context.Context, tx pgx.Tx, id string, data []byte) (no, err error) {
	mine, err := s.lock(ctx, tx)
	if err != nil {
		return nil, err
	}
	if !mine {
		return s.outOfPlace(ctx, tx)
	}
	const tell = "UPDATE plimsoll_meeting SET setup = $2 WHERE id = $1 AND state = 'gathering' AND setup IN ('', $2)"
	tag, err := tx.Exec(ctx, tell, s.id, id)
	if err != nil {
		return nil, err
	}
	if tag.RowsAffected() == 0 {
		return refuse("the meeting %s does not wait for the values of setup any more", s.id), nil
	}
	if _, err := tx.Exec(ctx, "INSERT INTO plimsoll_handover (meeting, id, content) VALUES ($1, $2, $3) ON CONFLICT (meeting) DO NOTHING", s.id, id, data); err != nil {
		return nil, err
	}
	return nil, s.forget(ctx, tx)
}

// forget removes the values once all other shards have them.
func (s *Seat) forget(ctx context.Context, tx pgx.Tx) error {
	const forget = `DELETE FROM plimsoll_handover h WHERE meeting = $1 AND $2 =
		(SELECT count(*) FROM plimsoll_shard s WHERE s.meeting = h.meeting AND s.number > 1 AND s.took)`
	_, err := tx.Exec(ctx, forget, s.id, s.of-1)
	return err
}

// Take waits for the values of setup.
func (s *Seat) Take(ctx context.Context) (values []profile.Value, id string, err error) {
	for {
		data, err := s.collect(ctx)
		if err != nil {
			return nil, "", err
		}
		if data != nil {
			return handover.Unpack(s.id, s.of, data)
		}
		select {
		case <-time.After(gatherEach):
		case <-s.ended:
			return nil, "", s.Why()
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
}

// collect reads the values if they are there.
func (s *Seat) collect(ctx context.Context) (data []byte, err error) {
	var no error
	err = s.DB.Write(ctx, func(tx pgx.Tx) error {
		found, refusal, err := s.takeFrom(ctx, tx)
		if found != nil { // of several tries, the first may have been the one that counted
			data = found
		}
		no = refusal
		return err
	})
	if err == nil && data != nil {
		return data, nil
	}
	if err = errors.Join(err, no); err != nil {
		return nil, fmt.Errorf("read the values of setup from the database: %w", err)
	}
	return nil, nil
}

func (s *Seat) takeFrom(ctx context.Context, tx pgx.Tx) (data []byte, no, err error) {
	var given bool
	err = tx.QueryRow(ctx, "SELECT setup <> '' FROM plimsoll_meeting WHERE id = $1", s.id).Scan(&given)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, s.forgotten(), nil
	}
	if err != nil || !given {
		return nil, nil, err
	}
	mine, err := s.lock(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	if !mine {
		no, err = s.outOfPlace(ctx, tx)
		return nil, no, err
	}
	err = tx.QueryRow(ctx, "SELECT content FROM plimsoll_handover WHERE meeting = $1", s.id).Scan(&data)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, refuse("they are gone, because all shards had them before %s took its place: begin again with another name", s.self()), nil
	}
	if err != nil {
		return nil, nil, err
	}
	if _, err := tx.Exec(ctx, "UPDATE plimsoll_shard SET took = true WHERE meeting = $1 AND number = $2 AND token = $3", s.id, s.number, s.token); err != nil {
		return nil, nil, err
	}
	return data, nil, s.forget(ctx, tx)
}
