package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
)

// Meetings is the same database for a caller that keeps meetings of shards in the tables plimsoll_meeting, plimsoll_shard,
// plimsoll_shard_part and plimsoll_handover, with statements of its own. It has the time limits, the settings, the retries
// and the errors of the Store. Safe for concurrent use.
type Meetings struct{ db retrying }

// OpenMeetings connects as Open does, with the same errors. The user needs no right on the tables of runs.
func OpenMeetings(ctx context.Context, databaseURL string) (*Meetings, error) {
	db, err := open(ctx, databaseURL)
	if err != nil {
		return nil, err
	}
	return &Meetings{db}, nil
}

// Read does f in a read-only transaction. Each statement in it sees what was committed before it.
func (m *Meetings) Read(ctx context.Context, f func(pgx.Tx) error) error {
	return m.db.retry(ctx, table.Looking, func() error { return m.db.read(ctx, f) })
}

// Write does all of f or nothing. If the connection was cut before the answer came, it does f again, although f may have
// succeeded: f must find out.
func (m *Meetings) Write(ctx context.Context, f func(pgx.Tx) error) error {
	return m.db.retry(ctx, table.Meeting, func() error { return m.db.transact(ctx, f) })
}

// Close closes the connections.
func (m *Meetings) Close() error { return m.db.Close() }
