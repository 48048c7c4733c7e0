package k6_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/k6"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script/scripttest"
)

var kind = scripttest.Kind{Name: "script.js", Draft: k6.Draft}

// Each script becomes a profile that sends what its service takes, and all of it.
func TestPublicScripts(t *testing.T) { kind.Archives(t) }

// A script with a fault is refused in words, or what is left of it becomes a profile.
func TestFaults(t *testing.T) { kind.Mutate(t) }
