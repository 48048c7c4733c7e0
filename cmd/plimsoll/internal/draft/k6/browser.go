package k6

import "github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"

// browser is the module k6/browser. A page that a script opens has one note, and not one for each of its lines.
func browser(from string) *script.Native {
	open := native("browser.newPage", func(c *script.Invocation) script.Value {
		c.M.Note(c.At, "this opens a page in a browser, which Plimsoll does not; what is done on the page is left out")
		return &script.Unknown{At: c.At, Why: "what a page in a browser shows"}
	})
	has := map[string]script.Value{}
	for _, name := range []string{"close", "closeContext", "context", "isConnected", "version"} {
		has[name] = nothing("browser." + name)
	}
	for _, name := range []string{"newPage", "newContext"} {
		has[name] = open
	}
	whole := &script.Native{Name: "browser", Has: has}
	launch := native("chromium.launch", func(*script.Invocation) script.Value { return whole })
	chromium := &script.Native{Name: "chromium", Has: map[string]script.Value{"launch": launch, "connect": launch}}
	return module(from, map[string]script.Value{"browser": whole, "chromium": chromium, "devices": script.NewDict(), "networkProfiles": script.NewDict()})
}
