package main

// baselineCmd is plimsoll baseline.
type baselineCmd struct {
	Update  baselineUpdateCmd  `cmd:"" help:"Run, or take a result, and record it as a baseline run of this branch."`
	List    baselineListCmd    `cmd:"" help:"List the baseline runs, newest first."`
	Show    baselineShowCmd    `cmd:"" help:"Show one baseline run."`
	Accept  baselineAcceptCmd  `cmd:"" help:"Accept a known change: the run is the first of a new level, and older ones stop counting."`
	Exclude baselineExcludeCmd `cmd:"" help:"Mark a run that does not count, such as one of a broken machine."`
	Rm      baselineRmCmd      `cmd:"" help:"Remove baseline runs."`
	Prune   baselinePruneCmd   `cmd:"" help:"Remove old runs, by age and by number; never the newest of a kind."`
	Export  baselineExportCmd  `cmd:"" help:"Write runs into a file, for another store."`
	Import  baselineImportCmd  `cmd:"" help:"Put the runs of such a file into the store."`
	Roles   baselineRolesCmd   `cmd:"" help:"Print SQL that makes roles for PostgreSQL: reader, writer and admin."`
}
