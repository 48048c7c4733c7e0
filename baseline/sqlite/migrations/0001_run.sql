-- +goose Up
CREATE TABLE plimsoll_run (
    id             TEXT PRIMARY KEY,
    series         TEXT NOT NULL,
    repository     TEXT NOT NULL,
    branch         TEXT NOT NULL,
    commit_sha     TEXT NOT NULL,
    profile_digest TEXT NOT NULL,
    environment    TEXT NOT NULL,
    tool           TEXT NOT NULL,
    started        TIMESTAMP NOT NULL,
    stored         TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')),
    document       BLOB NOT NULL
);
CREATE INDEX plimsoll_run_window ON plimsoll_run (series, branch, started DESC);
CREATE INDEX plimsoll_run_newest ON plimsoll_run (started DESC);
