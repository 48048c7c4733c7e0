package postgres

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// lockKey is the advisory lock of Plimsoll's migrations: the bytes of "plimsoll" as a number.
const lockKey = 0x706c696d736f6c6c

// transactionLock lets one program migrate at a time. The lock lives in a transaction that is
// open meanwhile on a connection of its own: behind PgBouncer a lock of a session strands.
type transactionLock struct {
	pool *pgxpool.Pool
	tx   pgx.Tx
}

// SessionLock waits for the lock and takes it.
func (l *transactionLock) SessionLock(ctx context.Context, _ *sql.Conn) error {
	tx, err := l.pool.Begin(ctx)
	if err != nil {
		return err
	}
	l.tx = tx
	if err = limit(ctx, tx); err == nil {
		_, err = tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(lockKey))
	}
	if err != nil {
		_ = tx.Rollback(ctx) // the first error says more
	}
	return err
}

// SessionUnlock lets the lock go.
func (l *transactionLock) SessionUnlock(ctx context.Context, _ *sql.Conn) error {
	return l.tx.Rollback(ctx)
}
