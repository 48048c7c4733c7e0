package locust

import (
	"encoding/csv"
	"path"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

func jsonModule() *script.Native {
	read := func(c *script.Invocation) script.Value {
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
	return module("json", map[string]script.Value{
		"dumps":           native("json.dumps", func(c *script.Invocation) script.Value { return &script.JSON{Of: c.Arg(0, "obj")} }),
		"loads":           native("json.loads", read),
		"load":            native("json.load", read),
		"JSONDecodeError": &script.Native{Name: "json.JSONDecodeError"},
	})
}

// variable is a variable of the environment.
func variable(name string) script.Value { return &script.Var{Name: "env." + name} }

// system is the module os.
func (l *library) system() *script.Native {
	get := native("os.getenv", func(c *script.Invocation) script.Value {
		name := c.Text(0, "key")
		if name == "" {
			return &script.Unknown{At: c.At, Why: "a variable of the environment"}
		}
		otherwise := c.Arg(1, "default")
		if _, is := otherwise.(*script.Unknown); is {
			otherwise = nil
		}
		return &script.Var{Name: "env." + name, Value: otherwise}
	})
	join := native("os.path.join", func(c *script.Invocation) script.Value {
		var parts []string
		for _, a := range c.Args {
			if text, ok := c.M.StringOf(a); ok {
				parts = append(parts, text)
			}
		}
		return path.Join(parts...)
	})
	here := native("os.path.dirname", func(*script.Invocation) script.Value { return "" })
	paths := module("os.path", map[string]script.Value{"join": join, "dirname": here, "abspath": native("os.path.abspath", first), "realpath": native("os.path.realpath", first),
		"basename": native("os.path.basename", func(c *script.Invocation) script.Value { return path.Base(c.Text(0, "")) }),
		"exists":   native("os.path.exists", func(c *script.Invocation) script.Value { return l.exists(c, c.Text(0, "")) }),
		"isfile":   native("os.path.isfile", func(c *script.Invocation) script.Value { return l.exists(c, c.Text(0, "")) })})
	whole := module("os", map[string]script.Value{"getenv": get, "environ": &script.Native{Name: "os.environ", Has: map[string]script.Value{"get": get}, Item: variable}, "path": paths, "urandom": nothing("os.urandom"), "_exit": telling("os._exit", endsTest)})
	for name, v := range paths.Has {
		whole.Has[name] = v
	}
	return whole
}

func letters() *script.Native {
	low := "abcdefghijklmnopqrstuvwxyz"
	return module("string", map[string]script.Value{"ascii_lowercase": low, "ascii_uppercase": strings.ToUpper(low), "ascii_letters": low + strings.ToUpper(low),
		"digits": "0123456789", "hexdigits": "0123456789abcdefABCDEF", "punctuation": "!#%&()*+,-./:;<=>?@[]^_{|}~"})
}

func expressions() *script.Native {
	find := native("re.search", func(c *script.Invocation) script.Value {
		pattern := c.Text(0, "pattern")
		return c.M.Call(c.At, c.M.Attribute(c.At, c.Arg(1, "string"), "match"), &script.Pattern{Source: pattern})
	})
	return module("re", map[string]script.Value{"search": find, "match": find, "findall": find,
		"compile": native("re.compile", func(c *script.Invocation) script.Value {
			pattern := c.Arg(0, "")
			bound := native("search", func(inner *script.Invocation) script.Value {
				return c.M.Call(inner.At, find, pattern, inner.Arg(0, ""))
			})
			return &script.Native{Name: "a regular expression", Has: map[string]script.Value{"search": bound, "match": bound, "findall": bound}}
		}),
		"sub": native("re.sub", func(c *script.Invocation) script.Value { return c.Arg(2, "string") })})
}

func base64Module() *script.Native {
	encode := native("base64.b64encode", func(c *script.Invocation) script.Value { return &script.Base64{Of: c.Arg(0, "s")} })
	return module("base64", map[string]script.Value{"b64encode": encode, "standard_b64encode": encode, "urlsafe_b64encode": encode})
}

// requests is the module requests: its calls go to addresses in full.
func (l *library) requests() *script.Native {
	has := map[string]script.Value{"packages": &script.Native{Name: "requests.packages"}}
	for _, method := range methods {
		has[method] = asking("requests."+method, func(c *script.Invocation) script.Value {
			return l.request(c, nil, strings.ToUpper(method), c.Arg(0, "url"), 1)
		})
	}
	has["request"] = asking("requests.request", func(c *script.Invocation) script.Value {
		return l.request(c, nil, strings.ToUpper(c.Text(0, "method")), c.Arg(1, "url"), 2)
	})
	has["Session"] = native("requests.Session", func(*script.Invocation) script.Value { return l.newClient() })
	return module("requests", has)
}

// authentication is the module requests.auth.
func authentication() *script.Native {
	return module("requests.auth", map[string]script.Value{"HTTPBasicAuth": native("HTTPBasicAuth", func(c *script.Invocation) script.Value {
		return &script.List{Items: []script.Value{c.Arg(0, "username"), c.Arg(1, "password")}}
	})})
}

// threading has locks, which change no request, and threads, which are not known.
func threading() *script.Native {
	has := map[string]script.Value{}
	for _, name := range []string{"Lock", "RLock", "Semaphore", "BoundedSemaphore", "Event", "Condition", "Barrier", "local"} {
		has[name] = quiet("threading." + name)
	}
	return module("threading", has)
}

// iterators is the module itertools.
func iterators() *script.Native {
	return module("itertools", map[string]script.Value{
		"cycle": native("itertools.cycle", first),
		"count": native("itertools.count", func(*script.Invocation) script.Value { return &script.Turn{Var: &script.Var{Name: "seq"}} }),
	})
}

// collections are lists and mappings under other names, in one of the modules that have such.
func collections(from string) *script.Native {
	empty := native("dict", func(*script.Invocation) script.Value { return script.NewDict() })
	list := native(from, func(c *script.Invocation) script.Value {
		if l, is := c.Arg(0, "").(*script.List); is {
			return l
		}
		return &script.List{}
	})
	return module(from, map[string]script.Value{"Queue": list, "LifoQueue": list, "SimpleQueue": list, "deque": list,
		"OrderedDict": empty, "defaultdict": empty, "Counter": empty, "namedtuple": quiet(from + ".namedtuple")})
}

// addresses is the module urllib.parse.
func addresses() *script.Native {
	return module("urllib.parse", map[string]script.Value{"quote": native("quote", first), "quote_plus": native("quote_plus", first), "urlencode": native("urlencode", encodeQuery),
		"urljoin": native("urljoin", func(c *script.Invocation) script.Value { return c.M.Join(c.Arg(0, ""), c.Arg(1, "")) })})
}

func encodeQuery(c *script.Invocation) script.Value {
	text, _ := c.M.Query("", c.Arg(0, "")).(string)
	if text == "" {
		return c.M.Query("", c.Arg(0, ""))
	}
	return strings.TrimPrefix(text, "?")
}

func csvRows(c *script.Invocation) [][]string {
	text, ok := c.M.StringOf(c.Arg(0, "f"))
	if !ok {
		return nil
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	if by := c.Text(-1, "delimiter"); len(by) == 1 {
		r.Comma = rune(by[0])
	}
	rows, err := r.ReadAll()
	if err != nil {
		return nil
	}
	return rows
}

func readCells(c *script.Invocation) script.Value {
	rows := csvRows(c)
	if rows == nil {
		return &script.Unknown{At: c.At, Why: "the rows of a file"}
	}
	l := &script.List{}
	for _, row := range rows {
		cells := &script.List{}
		for _, cell := range row {
			cells.Items = append(cells.Items, cell)
		}
		l.Items = append(l.Items, cells)
	}
	return l
}

func readRows(c *script.Invocation) script.Value {
	rows := csvRows(c)
	if len(rows) == 0 {
		return &script.Unknown{At: c.At, Why: "the rows of a file"}
	}
	l := &script.List{}
	for _, row := range rows[1:] {
		d := script.NewDict()
		for i, cell := range row {
			if i < len(rows[0]) {
				d.Set(rows[0][i], cell)
			}
		}
		l.Items = append(l.Items, d)
	}
	return l
}
