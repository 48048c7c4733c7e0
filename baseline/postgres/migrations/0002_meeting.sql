-- The role is set as in 0001_run.sql, if the tables belong to it.
DO $$
DECLARE
    takes text := CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    IF EXISTS (SELECT FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
               WHERE c.oid = 'plimsoll_schema'::pg_catalog.regclass AND r.rolname = 'plimsoll_admin') THEN
        IF pg_catalog.pg_has_role(current_user, 'plimsoll_admin', takes) AND pg_catalog.has_schema_privilege('plimsoll_admin', pg_catalog.current_schema(), 'CREATE') THEN
            PERFORM pg_catalog.set_config('role', 'plimsoll_admin', true);
        END IF;
    END IF;
END $$;

-- A meeting of the shards of one load. It is gathering until all shards are ready, and loading until all have delivered.
-- Once it is done or stopped, nothing in it changes.
CREATE TABLE plimsoll_meeting (
    id       text COLLATE "C" PRIMARY KEY,
    shards   integer NOT NULL CHECK (shards BETWEEN 1 AND 1000),
    terms    text NOT NULL, -- JSON: what all shards must have in common
    state    text NOT NULL DEFAULT 'gathering' CHECK (state IN ('gathering', 'loading', 'done', 'stopped')),
    reason   text NOT NULL DEFAULT '', -- why it was stopped
    setup    text NOT NULL DEFAULT '', -- the ID of the setup whose values were handed over
    made     timestamptz NOT NULL DEFAULT clock_timestamp(),
    start_at timestamptz, -- when the load of all shards begins
    ended    timestamptz
);
CREATE INDEX plimsoll_meeting_newest ON plimsoll_meeting (made DESC, id);

-- Who sends which part. All that a shard writes carries the token with which it claimed its number. A lease that has ended is
-- never renewed.
CREATE TABLE plimsoll_shard (
    meeting        text COLLATE "C" NOT NULL REFERENCES plimsoll_meeting ON DELETE CASCADE,
    number         integer NOT NULL CHECK (number >= 1),
    token          text NOT NULL,
    host           text NOT NULL,
    state          text NOT NULL DEFAULT 'present' CHECK (state IN ('present', 'ready', 'loading', 'delivered', 'left')),
    phase          text NOT NULL DEFAULT '', -- for people
    requests       bigint NOT NULL DEFAULT 0, -- so far, for people
    failures       bigint NOT NULL DEFAULT 0,
    beats          bigint NOT NULL DEFAULT 0, -- how often it has reported: a lower number than its own shows that the database has forgotten
    seen           timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease          timestamptz NOT NULL,
    took           boolean NOT NULL DEFAULT false, -- the values of setup
    clock_ahead_ns bigint, -- of its machine, before this database's
    clock_error_ns bigint,
    PRIMARY KEY (meeting, number)
);

-- The results that shards have delivered, as JSON compressed with gzip.
CREATE TABLE plimsoll_shard_part (
    meeting  text COLLATE "C" NOT NULL,
    number   integer NOT NULL,
    digest   text NOT NULL, -- SHA-256 of the JSON
    document bytea NOT NULL,
    PRIMARY KEY (meeting, number),
    FOREIGN KEY (meeting, number) REFERENCES plimsoll_shard ON DELETE CASCADE
);
ALTER TABLE plimsoll_shard_part ALTER COLUMN document SET STORAGE EXTERNAL; -- it is compressed already

-- The values that setup has saved, until all shards have them. They may be secrets.
CREATE TABLE plimsoll_handover (
    meeting text COLLATE "C" PRIMARY KEY REFERENCES plimsoll_meeting ON DELETE CASCADE,
    id      text NOT NULL,
    content bytea NOT NULL
);

-- The same rights that roles.sql grants on existing tables.
DO $$
BEGIN
    IF current_user = 'plimsoll_admin' THEN
        GRANT SELECT ON plimsoll_meeting, plimsoll_shard, plimsoll_shard_part TO plimsoll_reader, plimsoll_writer;
        REVOKE ALL ON plimsoll_handover FROM plimsoll_reader, plimsoll_writer; -- which could read it by default
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'plimsoll_generator') THEN
            GRANT SELECT ON plimsoll_schema, plimsoll_meeting, plimsoll_shard, plimsoll_shard_part, plimsoll_handover TO plimsoll_generator;
            GRANT INSERT, UPDATE, DELETE ON plimsoll_meeting TO plimsoll_generator;
            GRANT INSERT, UPDATE ON plimsoll_shard TO plimsoll_generator;
            GRANT INSERT ON plimsoll_shard_part TO plimsoll_generator;
            GRANT INSERT, DELETE ON plimsoll_handover TO plimsoll_generator;
        END IF;
    END IF;
END $$;
