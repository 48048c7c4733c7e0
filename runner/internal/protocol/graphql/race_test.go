//go:build race

package graphql_test

// racing says that the race detector is on, which allocates.
const racing = true
