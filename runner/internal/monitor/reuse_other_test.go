//go:build !linux

package monitor_test

// reuse is a role on Linux alone.
func reuse() {}
