//go:build race

package main

// raced reports that the tests run under the race detector. The scripts' programs are then built with it too,
// and exit with status 66 after a race.
const raced = true
