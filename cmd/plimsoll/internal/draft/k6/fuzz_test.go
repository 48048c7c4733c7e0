package k6_test

import "testing"

// Whatever a script says, its draft is a profile.
func FuzzDraft(f *testing.F) { kind.Fuzz(f) }
