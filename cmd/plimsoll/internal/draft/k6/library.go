package k6

import (
	"encoding/csv"
	"path"
	"regexp"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// library holds the modules that a script can import, and the values that it has without an import.
type library struct {
	in      draft.Input
	late    []script.Note
	cookies *script.Dict // that the script puts into its jar
	sockets []*socket    // that the function which is followed has opened
	grpc    draft.Map    // target.grpc
	loaded  [2]script.Value
	globals *script.Dict // globalThis
	inside  *socket      // whose function is followed
	env     *script.Dict // variables of the environment that the scenario sets
	asked   asked        // what requests say of themselves that a profile says once
}

func native(name string, do func(c *script.Invocation) script.Value) *script.Native {
	return &script.Native{Name: name, Do: do}
}

// asking is a function that makes a request.
func asking(name string, do func(c *script.Invocation) script.Value) *script.Native {
	return &script.Native{Name: name, Do: do, Asks: true}
}

func nothing(name string) *script.Native {
	return native(name, func(*script.Invocation) script.Value { return nil })
}

func same(c *script.Invocation) script.Value { return c.Arg(0, "") }

func module(name string, has map[string]script.Value) *script.Native {
	m := &script.Native{Name: name, Has: has}
	if _, own := has["default"]; !own {
		has["default"] = m
	}
	return m
}

// Library returns a module or a part of it, or what a script has without an import.
func (l *library) Library(m *script.Machine, from, name string) (script.Value, bool) {
	if from == "" {
		v, ok := l.global(name)
		return v, ok
	}
	whole := l.moduleOf(from)
	if whole == nil {
		return nil, false
	}
	if name == "" || name == "*" {
		return whole, true
	}
	if v, ok := whole.Has[name]; ok {
		return v, true
	}
	if name == "gql" || name == "graphql" {
		return native(name, joinTemplate), true
	}
	return &script.Native{Name: shortName(from) + "." + name, Has: map[string]script.Value{}}, true
}

// shortName is what a module is called in a sentence: k6-utils for https://jslib.k6.io/k6-utils/1.5.0/index.js.
func shortName(module string) string {
	_, below, isURL := strings.Cut(module, "://")
	if !isURL {
		return module
	}
	if name, is := strings.CutPrefix(below, "jslib.k6.io/"); is {
		name, _, _ = strings.Cut(name, "/")
		return name
	}
	return path.Base(below)
}

// moduleOf is a module; nil for one of the user's own.
func (l *library) moduleOf(from string) *script.Native {
	switch {
	case from == "k6":
		return l.core()
	case from == "k6/http":
		return l.http()
	case from == "k6/data":
		return module(from, map[string]script.Value{"SharedArray": native("SharedArray", func(c *script.Invocation) script.Value {
			return c.M.Call(c.At, c.Arg(1, ""))
		})})
	case from == "k6/encoding":
		return encoding()
	case from == "k6/secrets":
		return secrets()
	case from == "k6/timers":
		has := map[string]script.Value{}
		for _, name := range []string{"setTimeout", "setInterval", "clearTimeout", "clearInterval"} {
			has[name] = first(l.global(name))
		}
		return module(from, has)
	case from == "k6/execution":
		return execution()
	case from == "k6/metrics":
		metric := native("a metric", func(*script.Invocation) script.Value {
			return &script.Native{Name: "a metric", Has: map[string]script.Value{"add": nothing("add"), "name": ""}}
		})
		return module(from, map[string]script.Value{"Counter": metric, "Gauge": metric, "Rate": metric, "Trend": metric})
	case from == "k6/html":
		return module(from, map[string]script.Value{"parseHTML": native("parseHTML", func(c *script.Invocation) script.Value {
			if part, is := c.Arg(0, "").(*script.Part); is {
				return selection(&script.Answer{Of: part.Of}, "")
			}
			return &script.Unknown{At: c.At, Why: "a part of a page"}
		})})
	case from == "k6/ws", from == "k6/experimental/websockets", from == "k6/websockets":
		return l.websockets(from)
	case from == "k6/browser", from == "k6/experimental/browser":
		return browser(from)
	case from == "k6/net/grpc":
		return l.grpcModule()
	case from == "k6/experimental/fs", from == "k6/crypto", from == "k6/options", strings.HasPrefix(from, "k6/x/"), strings.HasPrefix(from, "k6/experimental"):
		return module(from, map[string]script.Value{})
	case strings.Contains(from, "papaparse"):
		return module(from, map[string]script.Value{"parse": native("papaparse.parse", parseCSV)})
	case strings.Contains(from, "k6-utils") || strings.Contains(from, "jslib.k6.io/k6-utils"):
		return l.utilities()
	case strings.Contains(from, "chai"):
		return chai(from)
	case strings.Contains(from, "jslib.k6.io/url"):
		return module(from, map[string]script.Value{"URL": first(l.global("URL")), "URLSearchParams": first(l.global("URLSearchParams"))})
	case strings.Contains(from, "formdata"):
		return module(from, map[string]script.Value{"FormData": native("FormData", formData)})
	case strings.Contains(from, "uuid"):
		id := native("uuid", func(*script.Invocation) script.Value { return &script.Var{Name: "uuid"} })
		return module(from, map[string]script.Value{"v4": id, "default": id, "uuidv4": id})
	case strings.Contains(from, "faker"):
		return module(from, map[string]script.Value{"faker": faker(), "default": faker()})
	case !strings.HasPrefix(from, ".") && !strings.HasPrefix(from, "/"): // an address, or a package
		return module(from, map[string]script.Value{})
	}
	return nil
}

// core is the module k6.
func (l *library) core() *script.Native {
	return module("k6", map[string]script.Value{
		"check": native("check", l.check),
		"group": native("group", func(c *script.Invocation) script.Value { return c.M.Call(c.At, c.Arg(1, "")) }),
		"sleep": native("sleep", func(c *script.Invocation) script.Value {
			if text, ok := script.Span(c.Arg(0, ""), 1); ok && text != "0s" {
				c.M.Emit(&script.Step{At: c.At, Wait: text})
			} else if !ok {
				c.M.Note(c.At, "how long this sleeps is not known, and it is left out")
			}
			return nil
		}),
		"fail":       nothing("fail"),
		"randomSeed": nothing("randomSeed"),
	})
}

// check adds what the checks ask for to what is expected of the answer.
func (l *library) check(c *script.Invocation) script.Value {
	checks, _ := c.Arg(1, "").(*script.Dict)
	if checks == nil {
		return true
	}
	for _, name := range checks.Keys {
		v := get(checks, name)
		at := c.At
		if f, is := v.(*script.Closure); is {
			at = f.Of.At
			v = c.M.Call(at, f, c.Arg(0, ""))
		}
		if tests := script.TestsOf(v); tests != nil {
			c.M.Expect(at, tests)
		} else if _, known := v.(bool); !known && v != nil {
			c.M.Note(at, "the check %q is not understood, and is left out", name)
		}
	}
	return true
}

func execution() *script.Native {
	user, turn := &script.Turn{Var: &script.Var{Name: "user.id"}}, &script.Turn{Var: &script.Var{Name: "seq"}}
	has := func(v script.Value, names ...string) *script.Native {
		n := &script.Native{Name: "k6/execution", Has: map[string]script.Value{}}
		for _, name := range names {
			n.Has[name] = v
		}
		return n
	}
	vu := has(user, "idInTest", "idInInstance")
	vu.Has["iterationInInstance"], vu.Has["iterationInScenario"] = turn, turn
	vu.Has["tags"], vu.Has["metrics"] = script.NewDict(), &script.Native{Name: "metrics", Has: map[string]script.Value{"tags": script.NewDict(), "metadata": script.NewDict()}}
	scenario := has(turn, "iterationInTest", "iterationInInstance")
	scenario.Has["name"] = "scenario"
	test := &script.Native{Name: "exec.test", Has: map[string]script.Value{"abort": nothing("abort"), "fail": nothing("fail"), "options": script.NewDict()}}
	whole := map[string]script.Value{"vu": vu, "scenario": scenario, "test": test, "instance": has(nil, "currentTestRunDuration", "vusActive")}
	return module("k6/execution", whole)
}

// secrets is the module k6/secrets: a secret is a variable of the environment.
func secrets() *script.Native {
	get := native("secrets.get", func(c *script.Invocation) script.Value {
		name, ok := c.M.StringOf(c.Arg(0, ""))
		if !ok || !secretForm.MatchString(name) {
			return &script.Unknown{At: c.At, Why: "a secret whose name is not known"}
		}
		return &script.Var{Name: "env." + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))}
	})
	source := native("secrets.source", func(*script.Invocation) script.Value {
		return &script.Native{Name: "a source of secrets", Has: map[string]script.Value{"get": get}}
	})
	return module("k6/secrets", map[string]script.Value{"get": get, "source": source})
}

var secretForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// utilities is the library k6-utils.
func (l *library) utilities() *script.Native {
	return module("k6-utils", map[string]script.Value{
		"check": native("check", l.check),
		"randomIntBetween": native("randomIntBetween", func(c *script.Invocation) script.Value {
			least, a := script.NumberOf(c.Arg(0, ""))
			most, b := script.NumberOf(c.Arg(1, ""))
			if !a || !b {
				return &script.Unknown{At: c.At, Why: "a random number"}
			}
			return &script.Drawn{Min: least, Max: most, Integer: true}
		}),
		"randomItem":   native("randomItem", func(c *script.Invocation) script.Value { return c.M.Draw(c.At, c.Arg(0, ""), "random", c.Hint(0)) }),
		"randomString": native("randomString", func(c *script.Invocation) script.Value { return c.M.Join(&script.Letters{}) }),
		"uuidv4":       native("uuidv4", func(*script.Invocation) script.Value { return &script.Var{Name: "uuid"} }),
		"findBetween": native("findBetween", func(c *script.Invocation) script.Value {
			part, is := c.Arg(0, "").(*script.Part)
			if !is {
				return &script.Unknown{At: c.At, Why: "a text between two others"}
			}
			return part.Between(c.Text(1, ""), c.Text(2, ""))
		}),
		"normalDistributionStages": nothing("normalDistributionStages"),
		"getCurrentStageIndex":     nothing("getCurrentStageIndex"), "tagWithCurrentStageIndex": nothing("tag"), "tagWithCurrentStageProfile": nothing("tag"),
	})
}

// parseCSV is papaparse.parse.
func parseCSV(c *script.Invocation) script.Value {
	text, ok := c.M.StringOf(c.Arg(0, ""))
	settings, _ := c.Arg(1, "").(*script.Dict)
	if !ok {
		return &script.Unknown{At: c.At, Why: "the rows of a file"}
	}
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	reader.FieldsPerRecord, reader.LazyQuotes = -1, true
	if by, ok := c.M.StringOf(get(settings, "delimiter")); ok && len(by) == 1 {
		reader.Comma = rune(by[0])
	}
	rows, err := reader.ReadAll()
	if err != nil {
		return &script.Unknown{At: c.At, Why: "the rows of a file that is no CSV"}
	}
	list := &script.List{}
	for i, row := range rows {
		if get(settings, "header") != true {
			cells := &script.List{}
			for _, cell := range row {
				cells.Items = append(cells.Items, cell)
			}
			list.Items = append(list.Items, cells)
			continue
		}
		if i == 0 {
			continue
		}
		d := script.NewDict()
		for j, cell := range row {
			if j < len(rows[0]) {
				d.Set(rows[0][j], cell)
			}
		}
		list.Items = append(list.Items, d)
	}
	return script.NewDict("data", list, "errors", &script.List{}, "meta", script.NewDict())
}

func formData(*script.Invocation) script.Value {
	fields := script.NewDict()
	return &script.Native{Name: "FormData", Has: map[string]script.Value{"fields": fields, "boundary": "boundary",
		"append": native("append", func(c *script.Invocation) script.Value {
			name, v := c.Text(0, ""), c.Arg(1, "")
			if d, is := v.(*script.Dict); is { // {data, filename, content_type}
				f := &script.File{Name: get(d, "filename"), Type: get(d, "content_type")}
				f.Content, _ = c.M.StringOf(get(d, "data"))
				v = f
			}
			fields.Set(name, v)
			return nil
		}),
		"body": native("body", func(*script.Invocation) script.Value {
			return &script.Native{Name: "FormData", Has: map[string]script.Value{"fields": fields}}
		}),
	}}
}

// open opens a file beside the script.
func (l *library) open(c *script.Invocation) script.Value {
	name, ok := c.M.StringOf(c.Arg(0, ""))
	if !ok {
		return &script.Unknown{At: c.At, Why: "the content of a file"}
	}
	missing := &script.Unknown{At: c.At, Why: "the content of " + name + ", which is not beside the script"}
	if l.in.Open == nil {
		return missing
	}
	place := path.Join(path.Dir(c.At.File), name)
	data, err := l.in.Open(l.beside(place))
	if err != nil {
		data, err = l.in.Open(path.Clean(name))
		place = path.Join(path.Dir(l.in.Name), name)
	}
	if err != nil {
		return missing
	}
	return &script.File{Path: l.beside(place), Content: string(data), Opened: true}
}
