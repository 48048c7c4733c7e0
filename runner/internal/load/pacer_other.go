//go:build !linux

package load

// finePacer is nil: there is none finer than time's.
func finePacer() pacer { return nil }
