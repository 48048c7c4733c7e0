//go:build !linux

package load

// finePacer is nil: this system has no finer timer than package time's.
func finePacer() pacer { return nil }
