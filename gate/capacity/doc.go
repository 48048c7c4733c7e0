// Package capacity searches for the highest load that a system holds within an SLO.
//
// A Search says which Trial comes next, takes its Outcome, and says when to stop. Its Claim is a bracket, never one
// number: a load that the system was seen to hold, and a higher one that it was seen not to hold, or the reason why
// nothing higher was tried. The load is doubled in short trials until one breaks the SLO, the gap is halved in
// logarithms until it is 5 % wide, and the load that is left is confirmed: it must hold in two of three longer trials. If
// it does not, the next one is 5 % lower. That is the idea of MLRsearch: short trials first, the final length only at the end
// (Konstantynowicz and Polák, Multiple Loss Ratio Search, draft-ietf-bmwg-mlrsearch).
//
// A trial that broke may have been bad luck, such as a collection of garbage in four seconds. So the search looks again
// where a short trial alone set a limit: at the lowest load, and at the highest one if everything below it held. A load that
// broke once below one that was confirmed is told in Claim.Unsteady.
//
// A trial that the load generator hindered says nothing of the system. It is repeated, and counts then as the end of what
// can be tried here: the claim is "at least". All is pure: no clock, no chance, and no I/O but for Encode and Decode, which
// write and read a Report, as a hostile one. Who runs the trials says how long each took.
package capacity
