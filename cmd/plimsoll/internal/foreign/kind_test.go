package foreign

import "testing"

func TestKindOf(t *testing.T) {
	for text, want := range map[string]string{
		"status 503": "status 503", "503 Service Unavailable": "503 Service Unavailable", "404": "404", "500 for order 17": "500 for order #",
		"order 17 not found": "order # not found", "status 500 of order 17": "status 500 of order #", "1234 rows": "# rows", "": "",
	} {
		if got := kindOf(text); got != want {
			t.Errorf("%q is counted as %q, want %q", text, got, want)
		}
	}
}
