// Package scripts proves that profiles can do what load scripts of other tools do.
//
// testdata has ten profiles. Each does what a public script of another project does: five locustfiles and five k6
// scripts. Its README names the scripts, and what a profile does differently. Each test loads a small server that
// answers like the script's own service. It refuses what that service would refuse: the wrong kind of body, an
// expired token, a missing cookie. A run must have no failures, and the server must have seen the right requests,
// order, shares and values. Then one word of the profile is broken at a time, and the server must refuse. The
// package itself is empty.
package scripts
