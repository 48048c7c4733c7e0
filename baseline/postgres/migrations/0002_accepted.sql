-- +goose Up
-- Who accepted the run as the first of a new level, when and why, as JSON; empty for none.
ALTER TABLE plimsoll_run ADD COLUMN accepted text NOT NULL DEFAULT '';
