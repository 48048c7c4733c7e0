//go:build !race

package main

// raced reports that the tests run under the race detector.
const raced = false
