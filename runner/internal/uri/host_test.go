package uri_test

import (
	"errors"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/uri"
)

func TestASCII(t *testing.T) {
	for host, want := range map[string]string{
		"Shop.Test":             "Shop.Test",
		"exa_mple.test":         "exa_mple.test",
		"::1":                   "::1",
		"bücher.test":           "xn--bcher-kva.test",
		"BÜCHER.Test":           "xn--bcher-kva.test",
		"bu\u0308cher.test":     "xn--bcher-kva.test", // the same letter in two characters
		"bücher.test.":          "xn--bcher-kva.test.",
		"ü_1.test":              "xn--_1-wka.test",
		"straße.test":           "xn--strae-oqa.test",
		"例え。テスト":                "xn--r8jz45g.xn--zckzah",
		"１２７.0.0.1":             "127.0.0.1",
		"*.müller.test":         "*.xn--mller-kva.test",
		"a--b.ü":                "a--b.xn--tda",
		"xn--bcher-kva.müller.": "xn--bcher-kva.xn--mller-kva.",
	} {
		if got, err := uri.ASCII(host); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", host, got, err, want)
		}
	}
	for _, host := range []string{"\xff.test", "a\u200db.test", "אa.test", "\ufffd"} {
		if got, err := uri.ASCII(host); !errors.Is(err, uri.ErrAuthority) {
			t.Errorf("%q: %q, %v", host, got, err)
		}
	}
}
