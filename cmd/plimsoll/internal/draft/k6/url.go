package k6

import (
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// address is new URL(address, base).
func address(c *script.Invocation) script.Value {
	params := script.NewDict()
	whole := c.Arg(0, "")
	if base := c.Arg(1, ""); base != nil {
		whole = c.M.Join(base, whole)
	}
	return &script.Native{Name: "URL", Has: map[string]script.Value{"href": whole, "params": params, "searchParams": search(params),
		"toString": native("toString", func(c *script.Invocation) script.Value { return c.M.Query(whole, params) })}}
}

// parameters is new URLSearchParams(mapping).
func parameters(c *script.Invocation) script.Value {
	params, is := c.Arg(0, "").(*script.Dict)
	if !is {
		params = script.NewDict()
	}
	return search(params)
}

// search is an object of URLSearchParams.
func search(params *script.Dict) *script.Native {
	add := native("append", func(c *script.Invocation) script.Value {
		params.Set(c.Text(0, ""), c.Arg(1, ""))
		return nil
	})
	return &script.Native{Name: "URLSearchParams", Has: map[string]script.Value{"fields": params, "append": add, "set": add,
		"toString": native("toString", func(c *script.Invocation) script.Value {
			switch text := c.M.Query("", params).(type) {
			case string:
				return strings.TrimPrefix(text, "?")
			case *script.Text:
				if s, is := text.Parts[0].(string); is {
					return c.M.Join(append([]script.Value{strings.TrimPrefix(s, "?")}, text.Parts[1:]...)...)
				}
				return text
			default:
				return text
			}
		})}}
}
