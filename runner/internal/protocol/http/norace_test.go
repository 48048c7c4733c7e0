//go:build !race

package http_test

const racing = false
