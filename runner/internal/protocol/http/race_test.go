//go:build race

package http_test

// racing says that the race detector is on, whose memory is not the users'.
const racing = true
