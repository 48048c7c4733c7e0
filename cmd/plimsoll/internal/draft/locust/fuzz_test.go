package locust_test

import "testing"

// Whatever a locustfile says, its draft is a profile.
func FuzzDraft(f *testing.F) { kind.Fuzz(f) }
