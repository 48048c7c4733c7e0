package main

// baselineCmd is plimsoll baseline.
type baselineCmd struct {
	Update  baselineUpdateCmd  `cmd:"" help:"Measure, or read a result, and record it as a baseline run of this branch."`
	List    baselineListCmd    `cmd:"" help:"List the baseline runs, newest first."`
	Show    baselineShowCmd    `cmd:"" help:"Show one baseline run."`
	Accept  baselineAcceptCmd  `cmd:"" help:"Accept a known change: the run begins a new level, and older runs no longer count."`
	Exclude baselineExcludeCmd `cmd:"" help:"Mark a run that must not count, such as one from a broken machine."`
	Rm      baselineRmCmd      `cmd:"" help:"Remove baseline runs."`
	Prune   baselinePruneCmd   `cmd:"" help:"Remove old runs, by age or number. The newest of each kind stays."`
	Export  baselineExportCmd  `cmd:"" help:"Write runs to a file, for another store."`
	Import  baselineImportCmd  `cmd:"" help:"Store the runs of an exported file."`
	Roles   baselineRolesCmd   `cmd:"" help:"Print SQL that makes roles for PostgreSQL: reader, writer, generator and admin."`
}
