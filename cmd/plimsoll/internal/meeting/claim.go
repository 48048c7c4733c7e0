package meeting

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// RefusedError says why a shard may not take part in a meeting, or may not go on with it.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return e.Reason }

func refuse(format string, args ...any) *RefusedError {
	return &RefusedError{fmt.Sprintf(format, args...)}
}

// claimant is a shard that wants its number in a meeting.
type claimant struct {
	Book
	id          string
	number, of  int // number from 1
	token, host string
	terms       string
	lease       time.Duration
}

// self is the shard in a sentence.
func (c claimant) self() string { return Shard{Number: c.number, Host: c.host}.name(c.of) }

// errHeld says that the holder of a number still reports. The number may become free.
var errHeld = errors.New("another process holds the number")

// claim claims the number, and makes the meeting if it is the first. The error is a RefusedError, or wraps errHeld.
//
// While the meeting is gathering, a number can be taken over once the lease of its holder has ended. That holder has sent
// nothing, and never will, because its token is worthless from then on. So a pod can be moved before the load begins. Once
// the meeting is loading, the holder may have sent something, whether it still lives or not, and nobody gets its number.
func (c claimant) claim(ctx context.Context) (err error) {
	var no error // a refusal, which rolls nothing back
	err = c.DB.Write(ctx, func(tx pgx.Tx) error {
		no = nil
		if err := prune(ctx, tx); err != nil {
			return err
		}
		const begin = "INSERT INTO plimsoll_meeting (id, shards, terms) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING"
		if _, err := tx.Exec(ctx, begin, c.id, c.of, c.terms); err != nil {
			return err
		}
		// Everything that changes the members or the state of a meeting locks this row first: claims, the start, the end.
		var m Meeting
		var terms, setup string
		const lock = "SELECT shards, terms, setup, state, reason FROM plimsoll_meeting WHERE id = $1 FOR UPDATE"
		if err := tx.QueryRow(ctx, lock, c.id).Scan(&m.Of, &terms, &setup, &m.State, &m.Reason); err != nil {
			return err
		}
		m.Reason = plain(m.Reason)
		held, err := c.holder(ctx, tx)
		if err != nil {
			return err
		}
		if no = c.refusal(m, terms, setup, held); no != nil {
			return nil
		}
		return c.take(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("claim %s in the meeting %s: %w", c.self(), c.id, err)
	}
	return no
}

// holding is who holds a number.
type holding struct {
	there, live bool
	token       string
	beats       int64
	Shard
}

// holder reads who holds the number.
func (c claimant) holder(ctx context.Context, tx pgx.Tx) (h holding, err error) {
	const ask = "SELECT token, beats, host, state, seen, lease > clock_timestamp() FROM plimsoll_shard WHERE meeting = $1 AND number = $2 FOR UPDATE"
	err = tx.QueryRow(ctx, ask, c.id, c.number).Scan(&h.token, &h.beats, &h.Host, &h.State, &h.Seen, &h.live)
	if errors.Is(err, pgx.ErrNoRows) {
		return h, nil
	}
	h.there, h.Number, h.Host = true, c.number, plain(h.Host)
	return h, err
}

// refusal says why the number cannot be claimed now; nil if it can.
func (c claimant) refusal(m Meeting, terms, setup string, held holding) error {
	if m.Of != c.of {
		return refuse("the meeting %s is of %d shards, and this is %s: give all shards the same N in --shard I/N, or give this load another name with --meet", c.id, m.Of, c.self())
	}
	if differ := differences(c.terms, terms); differ != "" {
		return refuse("%s does not belong to the meeting %s: %s; give this load another name with --meet", c.self(), c.id, differ)
	}
	switch {
	case m.State == Stopped:
		return refuse("the meeting %s was stopped: %s; begin again with another name", c.id, m.Reason)
	case m.State == Done:
		return refuse("the meeting %s was held already: give this load another name with --meet, for example with the number of the attempt in it", c.id)
	case held.there && held.token == c.token: // the answer to an earlier try was lost
		return nil
	case m.State == Loading && held.there:
		return refuse("the load of the meeting %s has begun, and %s sent a part of it: nobody may send it again", c.id, held.name(c.of))
	case m.State == Loading:
		return refuse("the load of the meeting %s has begun without %s: the database has forgotten it", c.id, c.self())
	case held.there && held.live:
		return fmt.Errorf("%w: %s reported last at %s", errHeld, held.name(c.of), held.Seen.UTC().Format(time.RFC3339))
	case held.there && c.number == 1 && setup != "":
		return refuse("%s has done setup for the meeting %s and was lost: begin again with another name", held.name(c.of), c.id)
	}
	return nil
}

// take takes the number.
func (c claimant) take(ctx context.Context, tx pgx.Tx) error {
	const claim = `INSERT INTO plimsoll_shard (meeting, number, token, host, lease) VALUES ($1, $2, $3, $4, clock_timestamp() + $5::bigint * interval '1 millisecond')
		ON CONFLICT (meeting, number) DO UPDATE SET token = excluded.token, host = excluded.host, lease = excluded.lease,
			seen = clock_timestamp(), state = 'present', phase = '', requests = 0, failures = 0, beats = 0, took = false, clock_ahead_ns = NULL, clock_error_ns = NULL
		WHERE plimsoll_shard.token <> excluded.token`
	_, err := tx.Exec(ctx, claim, c.id, c.number, c.token, c.host, c.lease.Milliseconds())
	return err
}

// prune removes meetings that are too old to be judged, and the values of setup of meetings whose shards are gone.
func prune(ctx context.Context, tx pgx.Tx) error {
	const live = "EXISTS (SELECT FROM plimsoll_shard s WHERE s.meeting = %s AND s.state NOT IN ('delivered', 'left') AND s.lease > clock_timestamp())"
	if _, err := tx.Exec(ctx, "DELETE FROM plimsoll_meeting m WHERE made < clock_timestamp() - interval '"+keepFor+"' AND NOT "+fmt.Sprintf(live, "m.id")); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM plimsoll_handover h WHERE NOT "+fmt.Sprintf(live, "h.meeting"))
	return err
}

// plain makes a text that a database can hold and a terminal can show. Another program may have written what it is given.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	if runes := []rune(text); len(runes) > maxReason {
		return string(runes[:maxReason]) + "…"
	}
	return text
}

// maxReason is the longest reason that is kept, in characters.
const maxReason = 2_000
