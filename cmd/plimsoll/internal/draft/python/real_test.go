//go:build real

package python_test

import "testing"

// The parser reads every statement of the Python libraries on this machine.
func TestRealLibrary(t *testing.T) { readLibraries(t, 1) }
