CREATE TABLE plimsoll_run (
    id             TEXT NOT NULL PRIMARY KEY,
    series         TEXT NOT NULL,
    repository     TEXT NOT NULL,
    branch         TEXT NOT NULL,
    commit_sha     TEXT NOT NULL,
    profile_digest TEXT NOT NULL,
    environment    TEXT NOT NULL,
    fit            TEXT NOT NULL, -- a digest over series, profile_digest and environment: runs of one fit are compared
    tool           TEXT NOT NULL,
    started        TIMESTAMP NOT NULL,
    stored         TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')),
    summary        TEXT NOT NULL CHECK (json_valid(summary)), -- JSON: histories are read from it; figures has a list for each metric, in the order of routes, "*" for all
    document       BLOB NOT NULL  -- the run: JSON, compressed with gzip
);
CREATE INDEX plimsoll_run_window ON plimsoll_run (fit, branch, repository, started DESC, id);
CREATE INDEX plimsoll_run_commit ON plimsoll_run (commit_sha, fit, repository, branch, series, started, id); -- answers without the row
CREATE INDEX plimsoll_run_branch ON plimsoll_run (series, branch, repository, started DESC, id);
CREATE INDEX plimsoll_run_newest ON plimsoll_run (started DESC, id);

-- Marks are only ever added. If a run has several, the one with the highest number counts.
-- Queries on plimsoll_accepted need some columns of the run. They are copies, since a run never changes.
CREATE TABLE plimsoll_accepted (
    mark       INTEGER PRIMARY KEY,
    run        TEXT NOT NULL REFERENCES plimsoll_run ON DELETE CASCADE,
    series     TEXT NOT NULL,
    repository TEXT NOT NULL,
    branch     TEXT NOT NULL,
    commit_sha TEXT NOT NULL,
    started    TIMESTAMP NOT NULL,
    who        TEXT NOT NULL,
    why        TEXT NOT NULL,
    at         TIMESTAMP NOT NULL
);
CREATE INDEX plimsoll_accepted_run ON plimsoll_accepted (run, mark);
CREATE INDEX plimsoll_accepted_newest ON plimsoll_accepted (series, branch, repository, started DESC);

CREATE TABLE plimsoll_excluded (
    mark INTEGER PRIMARY KEY,
    run  TEXT NOT NULL REFERENCES plimsoll_run ON DELETE CASCADE,
    who  TEXT NOT NULL,
    why  TEXT NOT NULL,
    at   TIMESTAMP NOT NULL
);
CREATE INDEX plimsoll_excluded_run ON plimsoll_excluded (run, mark);

-- For people's own SQL and for Grafana: one row for each run, route and metric. Counts are summed
-- over the rounds, the others are medians of the rounds. Excluded runs are left out. A value that is
-- not a number becomes NULL.
CREATE VIEW plimsoll_figure AS
SELECT r.id AS run, r.series, r.repository, r.branch, r.commit_sha, r.environment, r.tool, r.started,
       f.value AS route,
       replace(m.key, '_ns', '_ms') AS metric, -- p50_ms, p95_ms, p99_ms, requests, failures, throughput_per_sec
       CASE WHEN json_type(m.value, '$[' || f.key || ']') IN ('integer', 'real') THEN
           json_extract(m.value, '$[' || f.key || ']') / CASE WHEN m.key LIKE '%\_ns' ESCAPE '\' THEN 1e6 ELSE 1.0 END
       END AS value
FROM plimsoll_run r, json_each(r.summary, '$.routes') f, json_each(r.summary, '$.figures') m
WHERE m.type = 'array' AND NOT EXISTS (SELECT 1 FROM plimsoll_excluded x WHERE x.run = r.id);
