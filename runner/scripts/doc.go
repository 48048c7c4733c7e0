// Package scripts proves that a profile says what load scripts of other tools say.
//
// testdata has ten profiles, each written anew from what a public script of another project does:
// five locustfiles and five k6 scripts. Its README says where they are, and what a profile says in
// another way. The tests load a small server for each, which answers as the script's own service would
// and refuses what that would not take: another kind of body, a token that expired, a cookie that is
// missing. A run must be without failures, and the server must have seen the requests, their order,
// their shares and their values. Then one word of the profile is broken at a time, and the server must
// refuse. The package itself is empty.
package scripts
