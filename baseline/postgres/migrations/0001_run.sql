-- If roles.sql has been run, plimsoll_admin owns all that is made here, whichever of its members
-- migrates: the role is set for this transaction alone. Later migrations begin the same way. Since
-- PostgreSQL 16 not every member may set a role: its maker may only grant it.
DO $$
DECLARE
    takes text := CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'plimsoll_admin') THEN
        IF pg_catalog.pg_has_role(current_user, 'plimsoll_admin', takes) AND pg_catalog.has_schema_privilege('plimsoll_admin', pg_catalog.current_schema(), 'CREATE') THEN
            ALTER TABLE plimsoll_schema OWNER TO plimsoll_admin;
            PERFORM pg_catalog.set_config('role', 'plimsoll_admin', true);
        END IF;
    END IF;
END $$;

CREATE TABLE plimsoll_run (
    id             text COLLATE "C" PRIMARY KEY,
    series         text NOT NULL,
    repository     text NOT NULL,
    branch         text NOT NULL,
    commit_sha     text NOT NULL,
    profile_digest text NOT NULL,
    environment    text NOT NULL,
    fit            text COLLATE "C" NOT NULL, -- a digest over series, profile_digest and environment: runs of one fit are compared
    tool           text NOT NULL,
    started        timestamptz NOT NULL,
    stored         timestamptz NOT NULL DEFAULT now(),
    summary        json NOT NULL CHECK (jsonb_typeof(summary::jsonb) IS NOT NULL), -- histories are read from it; figures has a list for each metric, in the order of routes, "*" for all
    document       bytea NOT NULL  -- the run: JSON, compressed with gzip
);
ALTER TABLE plimsoll_run ALTER COLUMN document SET STORAGE EXTERNAL; -- it is compressed already
CREATE INDEX plimsoll_run_window ON plimsoll_run (fit, branch, repository, started DESC, id);
CREATE INDEX plimsoll_run_commit ON plimsoll_run (commit_sha, fit, repository, branch, series, started, id); -- answers without the row
CREATE INDEX plimsoll_run_branch ON plimsoll_run (series, branch, repository, started DESC, id);
CREATE INDEX plimsoll_run_newest ON plimsoll_run (started DESC, id);

-- Marks are only ever added. If a run has several, the one with the highest number counts.
-- Queries on plimsoll_accepted need some columns of the run. They are copies, since a run never changes.
CREATE TABLE plimsoll_accepted (
    mark       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run        text COLLATE "C" NOT NULL REFERENCES plimsoll_run ON DELETE CASCADE,
    series     text NOT NULL,
    repository text NOT NULL,
    branch     text NOT NULL,
    commit_sha text NOT NULL,
    started    timestamptz NOT NULL,
    who        text NOT NULL,
    why        text NOT NULL,
    at         timestamptz NOT NULL
);
CREATE INDEX plimsoll_accepted_run ON plimsoll_accepted (run, mark);
CREATE INDEX plimsoll_accepted_newest ON plimsoll_accepted (series, branch, repository, started DESC);

CREATE TABLE plimsoll_excluded (
    mark bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run  text COLLATE "C" NOT NULL REFERENCES plimsoll_run ON DELETE CASCADE,
    who  text NOT NULL,
    why  text NOT NULL,
    at   timestamptz NOT NULL
);
CREATE INDEX plimsoll_excluded_run ON plimsoll_excluded (run, mark);

-- For people's own SQL and for Grafana: one row for each run, route and metric. Counts are summed
-- over the rounds, the others are medians of the rounds. Excluded runs are left out. OFFSET keeps the
-- planner from reading the JSON again for each value. A value that is not a number becomes NULL, so a
-- damaged row breaks no query.
CREATE VIEW plimsoll_figure AS
SELECT r.id AS run, r.series, r.repository, r.branch, r.commit_sha, r.environment, r.tool, r.started,
       f.route,
       replace(m.key, '_ns', '_ms') AS metric, -- p50_ms, p95_ms, p99_ms, requests, failures, throughput_per_sec
       CASE WHEN jsonb_typeof(v.figure) = 'number' THEN
           CASE WHEN v.figure::numeric = 0 OR abs(v.figure::numeric) BETWEEN 1e-300 AND 1e300 THEN
               v.figure::double precision / CASE WHEN m.key LIKE '%\_ns' THEN 1e6 ELSE 1 END
           END
       END AS value
FROM plimsoll_run r
CROSS JOIN LATERAL (SELECT r.summary::jsonb AS summary OFFSET 0) AS s
CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(s.summary -> 'routes') WHEN 'array' THEN s.summary -> 'routes' END) WITH ORDINALITY AS f(route, number)
CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(s.summary -> 'figures') WHEN 'object' THEN s.summary -> 'figures' END) AS m
CROSS JOIN LATERAL (SELECT m.value -> (f.number::int - 1) AS figure) AS v
WHERE jsonb_typeof(m.value) = 'array' AND NOT EXISTS (SELECT FROM plimsoll_excluded x WHERE x.run = r.id);

-- The same rights that roles.sql grants on existing tables.
DO $$
BEGIN
    IF current_user = 'plimsoll_admin' THEN
        GRANT SELECT ON plimsoll_schema, plimsoll_run, plimsoll_accepted, plimsoll_excluded, plimsoll_figure TO plimsoll_reader, plimsoll_writer;
        GRANT INSERT ON plimsoll_run, plimsoll_accepted TO plimsoll_writer;
    END IF;
END $$;
