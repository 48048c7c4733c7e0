package k6

import (
	"math"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// global returns a value that scripts have without an import.
func (l *library) global(name string) (script.Value, bool) {
	switch name {
	case "__ENV":
		return &script.Native{Name: "__ENV", Has: map[string]script.Value{}, Item: l.variable}, true
	case "require":
		return native("require", func(c *script.Invocation) script.Value { return c.M.Require(c.At, c.Text(0, "")) }), true
	case "__VU":
		return &script.Turn{Var: &script.Var{Name: "user.id"}}, true
	case "__ITER":
		return &script.Turn{Var: &script.Var{Name: "seq"}}, true
	case "open":
		return native("open", l.open), true
	case "console":
		return &script.Native{Name: "console", Has: map[string]script.Value{"log": nothing("log"), "error": nothing("error"), "warn": nothing("warn"), "info": nothing("info"), "debug": nothing("debug")}}, true
	case "JSON":
		return &script.Native{Name: "JSON", Has: map[string]script.Value{
			"stringify": native("JSON.stringify", func(c *script.Invocation) script.Value { return &script.JSON{Of: c.Arg(0, "")} }),
			"parse":     native("JSON.parse", parseJSON)}}, true
	case "Math":
		return mathematics(), true
	case "Date":
		return date(), true
	case "Object":
		return objects(), true
	case "Array":
		return arrays(), true
	case "Promise":
		return &script.Native{Name: "Promise", Has: map[string]script.Value{"all": native("Promise.all", same), "resolve": native("Promise.resolve", same), "allSettled": native("Promise.allSettled", same)}}, true
	case "setTimeout":
		return native("setTimeout", l.later(false)), true
	case "setInterval":
		return native("setInterval", l.later(true)), true
	case "clearInterval", "clearTimeout":
		return native(name, clearTimer), true
	case "Error", "TypeError", "RegExp", "Symbol", "BigInt", "TextEncoder", "TextDecoder":
		return native(name, same), true
	case "crypto":
		return &script.Native{Name: "crypto", Has: map[string]script.Value{"randomUUID": native("crypto.randomUUID", func(*script.Invocation) script.Value { return &script.Var{Name: "uuid"} })}}, true
	case "Map":
		return native("Map", func(*script.Invocation) script.Value { return script.NewDict() }), true
	case "Set":
		return native("Set", set), true
	case "URL":
		return native("URL", address), true
	case "URLSearchParams":
		return native("URLSearchParams", parameters), true
	case "globalThis", "global", "window":
		if l.globals == nil {
			l.globals = script.NewDict()
		}
		return l.globals, true
	}
	return nil, false
}

// variable is a variable of the environment; a scenario may have given it a value.
func (l *library) variable(name string) script.Value {
	if v, ok := l.env.Get(name); ok {
		return v
	}
	return &script.Var{Name: "env." + name}
}

// later calls a function later, or again and again: on a socket if one is open, otherwise after a wait.
func (l *library) later(every bool) func(c *script.Invocation) script.Value {
	return func(c *script.Invocation) script.Value {
		s := l.inside
		if n := len(l.sockets); s == nil && n > 0 && !l.sockets[n-1].ended {
			s = l.sockets[n-1]
		}
		if s != nil {
			return s.schedule(c, every)
		}
		text, ok := script.Span(c.Arg(1, ""), 0.001)
		switch {
		case !ok && c.Arg(1, "") != nil:
			c.M.Note(c.At, "how long this waits is not known, and the wait is left out")
		case ok && text != "0s":
			c.M.Emit(&script.Step{At: c.At, Wait: text})
		}
		if every && c.M.Asks(c.Arg(0, "")) {
			c.M.Note(c.At, "what this does again and again is done once")
		}
		return c.M.Call(c.At, c.Arg(0, ""))
	}
}

// set is a set of the items of a list: the list itself.
func set(c *script.Invocation) script.Value {
	if l, is := c.Arg(0, "").(*script.List); is {
		return l
	}
	return script.NewDict()
}

func parseJSON(c *script.Invocation) script.Value {
	switch v := c.Arg(0, "").(type) {
	case *script.Part:
		return (&script.Answer{Of: v.Of}).Part(script.OfJSON, "")
	default:
		text, ok := c.M.StringOf(v)
		if !ok {
			return &script.Unknown{At: c.At, Why: "what a JSON text holds"}
		}
		read, err := script.FromJSON(text)
		if err != nil {
			return &script.Unknown{At: c.At, Why: "a JSON text that is broken"}
		}
		return read
	}
}

func mathematics() *script.Native {
	whole := func(round func(float64) float64, up float64) func(c *script.Invocation) script.Value {
		return func(c *script.Invocation) script.Value {
			switch v := c.Arg(0, "").(type) {
			case *script.Drawn:
				d := v.Floor()
				if up > 0 && !v.Integer {
					return &script.Drawn{Min: d.Min + up, Max: d.Max + up, Integer: true}
				}
				return d
			case *script.Turn, *script.Part:
				return v
			}
			f, ok := script.NumberOf(c.Arg(0, ""))
			if !ok {
				return &script.Unknown{At: c.At, Why: "a number"}
			}
			return int64(round(f))
		}
	}
	return &script.Native{Name: "Math", Has: map[string]script.Value{
		"random": native("Math.random", func(*script.Invocation) script.Value { return &script.Drawn{Max: 1} }),
		"floor":  native("Math.floor", whole(math.Floor, 0)), "trunc": native("Math.trunc", whole(math.Trunc, 0)),
		"round": native("Math.round", whole(math.Round, 0)), "ceil": native("Math.ceil", whole(math.Ceil, 1)),
		"min": native("Math.min", func(c *script.Invocation) script.Value { return c.M.Builtin("min", c) }),
		"max": native("Math.max", func(c *script.Invocation) script.Value { return c.M.Builtin("max", c) }),
		"abs": native("Math.abs", same), "PI": math.Pi,
		"pow": native("Math.pow", func(c *script.Invocation) script.Value {
			a, _ := script.NumberOf(c.Arg(0, ""))
			b, _ := script.NumberOf(c.Arg(1, ""))
			return math.Pow(a, b)
		}),
	}}
}

func date() *script.Native {
	stamp := func(*script.Invocation) script.Value {
		return &script.Drawn{Min: 1_500_000_000_000, Max: 1_900_000_000_000, Integer: true}
	}
	text := native("toISOString", func(*script.Invocation) script.Value { return &script.Var{Name: "now"} })
	return &script.Native{Name: "Date", Has: map[string]script.Value{"now": native("Date.now", stamp)},
		Do: func(*script.Invocation) script.Value {
			d := &script.Native{Name: "a date", Has: map[string]script.Value{"getTime": native("getTime", stamp), "valueOf": native("valueOf", stamp)}}
			for _, name := range []string{"toISOString", "toJSON", "toString", "toUTCString", "toLocaleString", "toLocaleDateString", "toDateString"} {
				d.Has[name] = text
			}
			for name, most := range map[string]float64{"getMonth": 11, "getDate": 28, "getDay": 6, "getHours": 23, "getMinutes": 59, "getSeconds": 59, "getMilliseconds": 999} {
				d.Has[name] = native(name, func(*script.Invocation) script.Value { return &script.Drawn{Max: most, Integer: true} })
			}
			d.Has["getFullYear"] = native("getFullYear", func(*script.Invocation) script.Value { return int64(2026) })
			for _, name := range []string{"setDate", "setHours", "setMinutes", "setMonth", "setFullYear", "setTime"} {
				d.Has[name] = nothing(name)
			}
			return d
		}}
}

func objects() *script.Native {
	list := func(pick func(key string, v script.Value) script.Value) func(c *script.Invocation) script.Value {
		return func(c *script.Invocation) script.Value {
			d, is := c.Arg(0, "").(*script.Dict)
			if _, isPart := c.Arg(0, "").(*script.Part); isPart {
				return &script.Unknown{At: c.At, Why: "the keys of an object in an answer"}
			}
			if !is {
				return c.Arg(0, "")
			}
			l := &script.List{}
			for _, key := range d.Keys {
				l.Items = append(l.Items, pick(key, get(d, key)))
			}
			return l
		}
	}
	return &script.Native{Name: "Object", Has: map[string]script.Value{
		"keys":    native("Object.keys", list(func(key string, _ script.Value) script.Value { return key })),
		"values":  native("Object.values", list(func(_ string, v script.Value) script.Value { return v })),
		"entries": native("Object.entries", list(func(key string, v script.Value) script.Value { return &script.List{Items: []script.Value{key, v}} })),
		"assign": native("Object.assign", func(c *script.Invocation) script.Value {
			merged, is := c.Arg(0, "").(*script.Dict)
			if !is {
				return c.Arg(0, "")
			}
			for _, a := range c.Args[1:] {
				if d, is := a.(*script.Dict); is {
					for _, key := range d.Keys {
						merged.Set(key, get(d, key))
					}
				}
			}
			return merged
		}),
		"freeze": native("Object.freeze", same),
		"fromEntries": native("Object.fromEntries", func(c *script.Invocation) script.Value {
			d := script.NewDict()
			if l, is := c.Arg(0, "").(*script.List); is {
				for _, item := range l.Items {
					if pair, is := item.(*script.List); is && len(pair.Items) == 2 {
						if key, ok := c.M.StringOf(pair.Items[0]); ok {
							d.Set(key, pair.Items[1])
						}
					}
				}
			}
			return d
		}),
	}}
}

func arrays() *script.Native {
	sized := func(v script.Value) *script.List {
		l := &script.List{}
		n, ok := script.Integer(v)
		if d, is := v.(*script.Dict); is {
			n, ok = script.Integer(get(d, "length"))
		}
		if !ok {
			return l
		}
		l.Items = make([]script.Value, min(max(n, 0), 10_000)) // undefined
		return l
	}
	return &script.Native{Name: "Array", Do: func(c *script.Invocation) script.Value {
		if len(c.Args) == 1 {
			if _, ok := script.Integer(c.Args[0]); ok {
				return sized(c.Args[0])
			}
		}
		return &script.List{Items: c.Args}
	}, Has: map[string]script.Value{
		"isArray": native("Array.isArray", func(c *script.Invocation) script.Value {
			switch c.Arg(0, "").(type) {
			case *script.List, *script.Table, *script.Part:
				return true
			}
			return false
		}),
		"from": native("Array.from", func(c *script.Invocation) script.Value {
			l, is := c.Arg(0, "").(*script.List)
			if !is {
				if _, isDict := c.Arg(0, "").(*script.Dict); !isDict {
					return c.Arg(0, "")
				}
				l = sized(c.Arg(0, ""))
			}
			if len(c.Args) < 2 {
				return l
			}
			made := &script.List{}
			for i, item := range l.Items {
				made.Items = append(made.Items, c.M.Call(c.At, c.Arg(1, ""), item, int64(i)))
			}
			return made
		}),
	}}
}

// faker is an object of a library that makes up values.
func faker() *script.Native {
	var of func(name string) *script.Native
	of = func(name string) *script.Native {
		n := native(name, func(c *script.Invocation) script.Value {
			low := strings.ToLower(name)
			switch {
			case strings.Contains(low, "email"):
				return &script.Var{Name: "email"}
			case strings.Contains(low, "uuid"):
				return &script.Var{Name: "uuid"}
			case strings.Contains(low, "name"):
				return &script.Var{Name: "name"}
			case strings.Contains(low, "int") || strings.Contains(low, "number"):
				return &script.Drawn{Max: 9999, Integer: true}
			case strings.Contains(low, "sentence") || strings.Contains(low, "paragraph") || strings.Contains(low, "text"):
				return &script.Var{Name: "sentence(8)"}
			}
			return &script.Var{Name: "word"}
		})
		n.Item = func(key string) script.Value { return of(key) }
		return n
	}
	return of("faker")
}
