-- Roles for a database with Plimsoll's runs. Run this once in that database, with psql or any other
-- client, as a superuser or as the database's owner with CREATEROLE:
--
--     psql "$DATABASE_URL" -f roles.sql
--
-- You can run it before or after Plimsoll makes its tables, and again. It makes four roles without
-- login. Grant them to the users who log in:
--
--     CREATE ROLE ci_pull_requests LOGIN PASSWORD '...';
--     GRANT plimsoll_reader TO ci_pull_requests;
--
--   plimsoll_reader  judges: reads runs and marks. For pull requests.
--   plimsoll_writer  records: reads, adds runs, accepts changes. It can neither change nor remove
--                    what is there, nor exclude a run. For the main branch.
--   plimsoll_generator  takes part in meetings of shards (plimsoll run --meet). It sees no run. For the
--                    machines that send a load together. Reader and writer cannot see the values of
--                    setup that these machines share.
--   plimsoll_admin   owns the tables: makes them and brings them up to date, excludes, removes,
--                    prunes. For people, and for the job that prunes.
--
-- Roles belong to the whole server, rights to one database: run this in each database. If several
-- databases of one server hold runs, say who may connect to which (REVOKE CONNECT ON DATABASE ... FROM
-- PUBLIC, GRANT CONNECT ...). Since PostgreSQL 16 an owner with CREATEROLE may grant only roles that
-- they have made, or were granted WITH ADMIN OPTION. If a server has several such owners, the first
-- makes these four, and a superuser grants them to the others. The rights are for the first schema
-- on the search path that has the tables, or else for its first schema, usually "public".

DO $$
DECLARE
    role  pg_catalog.text;
    path  pg_catalog.text := pg_catalog.current_setting('search_path');
    along pg_catalog.text[] := pg_catalog.current_schemas(false);
    here  pg_catalog.text;
    named pg_catalog.text;
    kind  pg_catalog."char";
    may   pg_catalog.text;
BEGIN
    -- From here on, nobody's functions can replace PostgreSQL's own.
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    SELECT s.name INTO here FROM unnest(along) WITH ORDINALITY AS s(name, place)
    JOIN pg_namespace n ON n.nspname = s.name JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'plimsoll_schema'
    ORDER BY s.place LIMIT 1;
    here := coalesce(here, along[1], 'public');

    FOREACH role IN ARRAY ARRAY['plimsoll_reader', 'plimsoll_writer', 'plimsoll_generator', 'plimsoll_admin'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- somebody else has just made it, perhaps for another database
            END;
        END IF;
    END LOOP;

    -- Only a member of a role can give it tables and set its default privileges. Since PostgreSQL 16 the
    -- maker of a role may only grant it, so here the maker grants it to themselves. A superuser needs
    -- neither.
    IF current_setting('server_version_num')::int >= 160000 THEN
        IF NOT (pg_has_role(current_user, 'plimsoll_admin', 'SET') AND pg_has_role(current_user, 'plimsoll_admin', 'USAGE')) THEN
            EXECUTE format('GRANT plimsoll_admin TO %I WITH INHERIT TRUE, SET TRUE', current_user);
        END IF;
    ELSIF NOT pg_has_role(current_user, 'plimsoll_admin', 'MEMBER') THEN
        EXECUTE format('GRANT plimsoll_admin TO %I', current_user);
    END IF;

    -- Before PostgreSQL 15 everybody may make tables in the schema public.
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', here);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO plimsoll_reader, plimsoll_writer, plimsoll_generator, plimsoll_admin', here);
    EXECUTE format('GRANT CREATE ON SCHEMA %I TO plimsoll_admin', here);

    -- Reader and writer can read what later migrations make.
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE plimsoll_admin IN SCHEMA %I GRANT SELECT ON TABLES TO plimsoll_reader, plimsoll_writer', here);

    -- The tables that exist already.
    FOR named, kind IN
        SELECT relname, relkind FROM pg_class
        WHERE relnamespace = here::regnamespace AND relkind IN ('r', 'v')
          AND relname IN ('plimsoll_schema', 'plimsoll_run', 'plimsoll_accepted', 'plimsoll_excluded', 'plimsoll_figure',
                          'plimsoll_meeting', 'plimsoll_shard', 'plimsoll_shard_part', 'plimsoll_handover')
    LOOP
        EXECUTE format('ALTER %s %I.%I OWNER TO plimsoll_admin', CASE kind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, here, named);
        EXECUTE format('REVOKE ALL ON %I.%I FROM PUBLIC, plimsoll_reader, plimsoll_writer, plimsoll_generator', here, named);
        IF named <> 'plimsoll_handover' THEN
            EXECUTE format('GRANT SELECT ON %I.%I TO plimsoll_reader, plimsoll_writer', here, named);
        END IF;
        IF named IN ('plimsoll_run', 'plimsoll_accepted') THEN
            EXECUTE format('GRANT INSERT ON %I.%I TO plimsoll_writer', here, named);
        END IF;
        may := CASE named
            WHEN 'plimsoll_schema' THEN 'SELECT'
            WHEN 'plimsoll_meeting' THEN 'SELECT, INSERT, UPDATE, DELETE' -- a meeting that is a day old is removed
            WHEN 'plimsoll_shard' THEN 'SELECT, INSERT, UPDATE'
            WHEN 'plimsoll_shard_part' THEN 'SELECT, INSERT'
            WHEN 'plimsoll_handover' THEN 'SELECT, INSERT, DELETE'
        END;
        IF may IS NOT NULL THEN
            EXECUTE format('GRANT %s ON %I.%I TO plimsoll_generator', may, here, named);
        END IF;
    END LOOP;
    PERFORM set_config('search_path', path, true);
END $$;
