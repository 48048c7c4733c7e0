// Package gate judges a change: does it make the service worse, and how sure is that?
//
// JudgePairs compares rounds of base and head that were loaded in turn on one machine. Judge
// compares fresh runs with the history of a branch, which it knows by the runs' Summaries. Both take
// a Policy and return a Verdict with a Comparison for each metric of each route. They do no I/O and
// look at no clock. What they draw at random is seeded by the IDs of the runs, so equal inputs give
// equal verdicts.
//
// A Verdict is data. A Reason is a kind with its figures, and so is the Why of a Comparison; package report
// has every sentence. Validate checks a verdict from a file that somebody else wrote: can a gate have made it?
//
// The unit is the round and the run, never the request: requests inside a round are not
// independent of one another. Figures are compared on the log scale. One shape of rule holds
// in both modes. A change fails when it is practically large (its estimate is past the limit)
// and real for the whole report (the p value, adjusted for everything that was looked at, is
// small). In pairs it passes when it surely lies inside a guard. More rounds do not reduce the noise
// between runs, so a stored gate cannot prove that nothing changed: it passes when nothing looks worse.
// Everything else is inconclusive, and the verdict says how large a change could have been seen.
// docs/verdict.md has the reasons and the measurements; package stats has the sources.
//
// Doubt is not success: no samples, no baseline, another profile or machine, or a run cut short
// make a verdict Inconclusive with its reasons, never a Pass.
package gate
