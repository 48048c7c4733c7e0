//go:build !race

package graphql_test

const racing = false
