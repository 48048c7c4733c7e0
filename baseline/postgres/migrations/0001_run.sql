-- +goose Up
CREATE TABLE plimsoll_run (
    id             text COLLATE "C" PRIMARY KEY,
    series         text NOT NULL,
    repository     text NOT NULL,
    branch         text NOT NULL,
    commit_sha     text NOT NULL,
    profile_digest text NOT NULL,
    environment    text NOT NULL,
    tool           text NOT NULL,
    started        timestamptz NOT NULL,
    stored         timestamptz NOT NULL DEFAULT now(),
    document       bytea NOT NULL
);
CREATE INDEX plimsoll_run_window ON plimsoll_run (series, branch, started DESC);
CREATE INDEX plimsoll_run_newest ON plimsoll_run (started DESC);
