//go:build race

package main

// raced tells that the tests run under the race detector. The programs of the scripts are then built for it
// too, and a program in which it finds a race ends with status 66.
const raced = true
