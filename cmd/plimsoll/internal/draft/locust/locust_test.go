package locust_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/locust"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script/scripttest"
)

var kind = scripttest.Kind{Name: "locustfile.py", Draft: locust.Draft}

// Each locustfile becomes a profile that sends what its service takes, and all of it.
func TestPublicLocustfiles(t *testing.T) { kind.Archives(t) }

// A locustfile with a fault is refused in words, or what is left of it becomes a profile.
func TestFaults(t *testing.T) { kind.Mutate(t) }
