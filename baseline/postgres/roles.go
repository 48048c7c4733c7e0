package postgres

import _ "embed"

// Roles is SQL for people to run once in the database of the runs, with any client: it makes
// the group roles plimsoll_reader, plimsoll_writer, plimsoll_generator and plimsoll_admin and says
// what they may do. Running it again does no harm. It begins with a comment that explains all that.
//
//go:embed roles.sql
var Roles string
