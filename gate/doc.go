// Package gate judges a change: does it make the service worse, and how sure is that?
//
// JudgePairs compares rounds of base and head that were loaded in turn on one machine; Judge
// compares fresh runs with the history of a branch. Both take Results and a Policy and give
// a Verdict with a Comparison for each metric of each route. They do no I/O and look at no
// clock; what they draw at random is seeded by what they judge, so that equal inputs give
// equal verdicts.
//
// The unit is the round and the run, never the request: requests inside a round are not
// independent of one another. Figures are compared on the log scale. One shape of rule holds
// in both modes. A change fails when it is practically large (its estimate is past the limit)
// and real for the whole report (the p value, adjusted for everything that was looked at, is
// small). It passes when, of pairs, it surely lies inside a guard; of runs, whose own noise
// nothing averages away, when nothing looks worse. Else it is inconclusive, and the verdict
// says how large a change could have been seen. docs/verdict.md has the reasons and
// what was measured; package stats has the sources.
//
// Doubt is not success: no samples, no baseline, another profile or machine, a run cut short
// make a verdict Inconclusive with its reasons, never a Pass.
package gate
