package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
)

// SQLSTATEs that several places need: see PostgreSQL's appendix of error codes.
const (
	insufficientPrivilege = "42501"
	readOnly              = "25006"
	tooManyConnections    = "53300"
	canceled              = "57014"
	startingUp            = "57P03"
)

// retryable reports whether another try may succeed: after a temporary error, after a cut connection if the
// operation is idempotent, and while a server that answered before does not listen.
func (s *server) retryable(op table.Operation, err error) bool {
	return temporary(err) || cut(err) && idempotent(op) || notListening(err) && s.answeredBefore()
}

// temporary reports whether the server refuses only for now: a cut connection (class 08), a server that shuts down
// or starts up, a session that was ended for being idle, a conflict of two transactions, or too many connections.
// A run that was removed while it was marked (23503) belongs here too: the next try does not find it.
func temporary(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return strings.HasPrefix(refused.Code, "08") && !permanent(refused) ||
			slices.Contains([]string{"57P01", "57P02", startingUp, "57P05", "25P03", "25P04", "23503", "40001", "40P01", tooManyConnections}, refused.Code)
	}
	return pgconn.SafeToRetry(err)
}

// cut reports whether the connection ended before the answer came: the operation may be done or not. The document
// of a damaged run may end too early as well, but another try reads the same.
func cut(err error) bool {
	var network *net.OpError
	return !errors.Is(err, baseline.ErrDamaged) && !errors.As(err, new(*pgconn.ConnectError)) && !errors.As(err, new(*pgconn.PgError)) &&
		(errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.As(err, &network))
}

// notListening reports whether nobody listened at the server's address.
func notListening(err error) bool {
	var network *net.OpError
	return errors.As(err, new(*pgconn.ConnectError)) && errors.As(err, &network) && network.Op == "dial" && !network.Timeout()
}

// idempotent reports whether an operation can be repeated without harm. Marking again adds a second mark, and
// removing again finds nothing. What is written in a meeting carries a token or a digest, which shows that it is a repetition.
func idempotent(op table.Operation) bool {
	return slices.Contains([]table.Operation{table.Opening, table.Reading, table.Adding, table.Looking, table.Meeting}, op)
}

// permanent reports whether a pooler's refusal is final. PgBouncer has a single code for all errors, 08P01.
func permanent(refused *pgconn.PgError) bool {
	return slices.ContainsFunc([]string{"authentication failed", "no such user", "no such database", "unsupported startup parameter", "SSL required", "not allowed in statement pooling mode"}, func(part string) bool {
		return strings.Contains(refused.Message, part)
	})
}

// endedEarly reports whether a statement was canceled before our own limit: a role's limit holds until the
// transaction has set its own.
func endedEarly(err error, after time.Duration) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == canceled && after < statementTimeout/2
}

// explain adds the database, the cause and the remedy to an error.
func (s *server) explain(ctx context.Context, op table.Operation, err error) error {
	var refused *pgconn.PgError
	var connect *pgconn.ConnectError
	connecting := errors.As(err, &connect)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, baseline.ErrNewerSchema), errors.Is(err, baseline.ErrOlderSchema), errors.Is(err, baseline.ErrDenied):
	case connecting:
		err = s.noWayIn(connect)
	case cut(err):
		err = fmt.Errorf("%w: the connection was cut in an attempt to %s. It may have succeeded: look with `%s` when the server is up again: %w", baseline.ErrUnreachable, op, look(op), err)
	case !errors.As(err, &refused):
	case refused.Code == insufficientPrivilege:
		err = s.denied(ctx, op, refused)
	case s.isReplica(ctx, refused):
		err = fmt.Errorf("cannot %s: the server is a read-only replica: write the primary's host into the URL, or all hosts with target_session_attrs=read-write (SQLSTATE %s)", op, refused.Code)
	case strings.HasPrefix(refused.Code, "08"), strings.HasPrefix(refused.Code, "57P"), refused.Code == tooManyConnections:
		err = fmt.Errorf("%w: %s", baseline.ErrUnreachable, s.inWords(refused))
	default:
		err = fmt.Errorf("cannot %s: %s", op, s.inWords(refused))
	}
	return fmt.Errorf("%s: %w", s.where, err)
}

// look is the command that shows whether an operation has succeeded.
func look(op table.Operation) string {
	if op == table.Meeting {
		return "plimsoll meeting list"
	}
	return "plimsoll baseline list"
}

// isReplica reports whether a write was refused because the server is a read-only replica. At the beginning of a
// transaction the error has only a general code, so the server is asked.
func (s *server) isReplica(ctx context.Context, refused *pgconn.PgError) (is bool) {
	if refused.Code != "0A000" {
		return refused.Code == readOnly
	}
	_ = s.read(ctx, func(tx pgx.Tx) error { // the caller reports the error that led here
		return tx.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&is)
	})
	return is
}

// inWords explains an error by its code, since the server's text may be in any language.
func (s *server) inWords(refused *pgconn.PgError) string {
	user, database := s.pool.Config().ConnConfig.User, s.pool.Config().ConnConfig.Database
	said := fmt.Sprintf("%s (SQLSTATE %s)", refused.Message, refused.Code)
	switch refused.Code {
	case "28P01", "28000":
		if advice := s.aboutAccess(refused.Message); advice != "" {
			return said + "; " + advice
		}
		if s.hasCertificate() { // the server does not tell which of the three it refuses
			return fmt.Sprintf("the user %s, the password or the client's certificate is refused: the certificate's common name must be the user: %s", user, said)
		}
		return fmt.Sprintf("the user %s or the password is refused: correct the URL, or ask whoever runs the server: %s", user, said)
	case "3D000":
		return fmt.Sprintf("the server has no database %s: correct the URL, or make it with CREATE DATABASE %s ENCODING 'UTF8': %s", database, quoted(database), said)
	case insufficientPrivilege:
		return fmt.Sprintf("the user %s may not connect to this database: its owner allows it with GRANT CONNECT ON DATABASE %s TO %s: %s",
			user, quoted(database), quoted(user), said)
	case tooManyConnections:
		return fmt.Sprintf("the server has no connection left for the user %s and the database %s: try again when other jobs have ended, have the limit raised, or put PgBouncer in front: %s", user, database, said)
	case "53100":
		return "the server's disk is full, and nothing was written: make room there: " + said
	case "22P05", "22021":
		return "the database's encoding lacks a character of this run: use a database with ENCODING 'UTF8': " + said
	case "42P01", "42703", "42P10", "42804", "42809", "42883", "23502", "0A000":
		return "the tables are not those that Plimsoll made: undo the change, restore a backup, or drop all tables whose names begin with plimsoll_ to begin anew: " + said
	case "42P07":
		return "a table exists already, but plimsoll_schema has no row for it: the tables are not those that Plimsoll made, or the row of plimsoll_schema was removed, or a policy of row security hides it from this user: have the row restored, or use another schema: " + said
	case "P0001":
		return "a rule of this database, such as a trigger, refuses it: ask whoever made the rule: " + said
	case "42704", "22023":
		return "the URL has a parameter that the server does not take: " + said
	case "55P03":
		return "another session keeps the tables locked: try again, or look into pg_locks: " + said
	case canceled:
		return "it took too long, or somebody canceled it: try again when the server has less to do: " + said
	case "08P01":
		if advice := s.aboutAccess(refused.Message); advice != "" {
			return said + "; " + advice
		}
		return s.poolerInWords(refused, said)
	}
	if class := refused.Code[:min(2, len(refused.Code))]; slices.Contains([]string{"53", "54", "55", "57", "58", "F0", "XX"}, class) {
		return "the server itself has a problem: whoever runs it finds more in its log: " + said
	}
	return said
}

// poolerInWords is inWords for a pooler that refuses.
func (s *server) poolerInWords(refused *pgconn.PgError, said string) string {
	c := s.config.ConnConfig
	switch {
	case strings.Contains(refused.Message, "authentication failed"), strings.Contains(refused.Message, "no such user"):
		return fmt.Sprintf("the user %s or the password is refused by the pooler in front of the server: %s", c.User, said)
	case strings.Contains(refused.Message, "no such database"):
		return fmt.Sprintf("the pooler in front of the server has no database %s: correct the URL, or add it to the pooler's configuration: %s", quoted(c.Database), said)
	case strings.Contains(refused.Message, "statement pooling"):
		return "the pooler in front of the server pools by statement, but Plimsoll needs transactions: use one with pool_mode = transaction or session: " + said
	}
	return "the server, or a pooler in front of it, refuses: its log may say why: " + said
}

// denied says who lacks which right, and who has it.
func (s *server) denied(ctx context.Context, op table.Operation, refused *pgconn.PgError) error {
	if strings.Contains(refused.Message, "row-level security") { // the user has the right, and a policy forbids it
		return deniedError{fmt.Sprintf("%s: cannot %s: a policy of row security on the table forbids it to the user %s: whoever made the policy can allow it (%s, SQLSTATE %s)",
			baseline.ErrDenied, op, s.pool.Config().ConnConfig.User, refused.Message, refused.Code)}
	}
	may := table.Roles(op)
	user, has, some := s.whoAmI(ctx)
	of := " (" + strings.Join(has, ", ") + ")"
	if len(has) == 0 {
		of = ""
	}
	text := fmt.Sprintf("%s: the user %s%s may not %s; %s may", baseline.ErrDenied, user, of, op, either(may))
	if some {
		text += fmt.Sprintf(": ask somebody who has that role, or have it given with GRANT %s TO %s", may[0], quoted(user))
	} else {
		text += ", and the tables' owner: `plimsoll baseline roles` prints SQL that makes these roles"
	}
	return deniedError{fmt.Sprintf("%s (%s, SQLSTATE %s)", text, refused.Message, refused.Code)}
}

// deniedError wraps baseline.ErrDenied with a text of its own.
type deniedError struct{ text string }

func (e deniedError) Error() string { return e.text }
func (deniedError) Unwrap() error   { return baseline.ErrDenied }

// whoAmI asks the server for the user's name, which of Plimsoll's roles the user has, and whether any of the roles
// exists. Without an answer, the name is the one in the URL.
func (s *server) whoAmI(ctx context.Context) (user string, has []string, some bool) {
	user = s.pool.Config().ConnConfig.User
	const ask = `SELECT current_user::text, coalesce(array_agg(r.rolname::text ORDER BY r.rolname) FILTER (WHERE pg_has_role(r.oid, 'USAGE')), '{}'), count(*) > 0
		FROM pg_roles r WHERE r.rolname IN ('plimsoll_reader', 'plimsoll_writer', 'plimsoll_generator', 'plimsoll_admin')`
	_ = s.read(ctx, func(tx pgx.Tx) error { // the caller reports the error that led here
		return tx.QueryRow(ctx, ask).Scan(&user, &has, &some)
	})
	return user, has, some
}

// either joins names: "a, b or c".
func either(of []string) string {
	last := len(of) - 1
	if last == 0 {
		return of[0]
	}
	return strings.Join(of[:last], ", ") + " or " + of[last]
}

// quoted is a name in SQL, in quotes if it needs them.
func quoted(name string) string {
	if plain := strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_0123456789"); plain == "" && name != "" && (name[0] < '0' || name[0] > '9') {
		return name
	}
	return pgx.Identifier{name}.Sanitize()
}
