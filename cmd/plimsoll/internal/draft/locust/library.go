package locust

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/python"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// library holds the modules that a locustfile can import: Locust, and the parts of Python's library that such files use.
type library struct {
	in       draft.Input
	insecure bool
	late     []python.Problem
}

type (
	// waits is a wait in the words of a profile.
	waits string
	// taskMark is @task(3).
	taskMark struct{ weight, order int }
	// tagMark is @tag("a", "b").
	tagMark []string
)

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

// module makes a module of functions.
func module(name string, has map[string]script.Value) *script.Native {
	return &script.Native{Name: name, Has: has}
}

// Library returns a module, or what is in it.
func (l *library) Library(m *script.Machine, from, name string) (script.Value, bool) {
	if from == "" {
		switch name {
		case "open":
			return native(name, l.open), true
		case "exit", "quit":
			return telling(name, endsTest), true
		case "__file__":
			return path.Base(l.in.Name), true
		case "__name__":
			return "locustfile", true
		}
		return nil, false
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
	if isOurs(from, "locust", "locust_plugins") && strings.HasSuffix(name, "User") { // such as locust.contrib.mqtt.MqttUser
		return &script.Native{Name: "User"}, true
	}
	if inner := l.moduleOf(from + "." + name); inner != nil && inner.Name != whole.Name {
		return inner, true
	}
	return &script.Native{Name: from + "." + name, Has: map[string]script.Value{}}, true
}

// quietModules make no request; foreignModules may, over something that is not read.
var (
	quietModules = []string{"logging", "typing", "typing_extensions", "math", "functools", "dataclasses", "enum", "abc", "copy", "hashlib", "hmac", "traceback", "contextlib", "decimal", "io", "warnings", "numpy",
		"pandas", "bs4", "lxml", "dotenv", "yaml", "jwt", "statistics", "pprint", "__future__", "types", "operator", "resource", "html", "glob", "shutil", "tempfile", "argparse", "struct", "zlib", "gzip", "binascii",
		"calendar", "pytz", "dateutil", "signal", "inspect", "jsonschema", "pydantic", "psutil", "PIL", "attr", "attrs", "pyquery", "parsel", "wonderwords", "names", "lorem", "essential_generators", "mimesis", "loguru",
		"structlog", "rich", "tqdm", "click", "prometheus_client", "influxdb", "opentelemetry", "urllib3", "gc", "platform", "getpass", "textwrap", "locale", "cProfile", "atexit", "heapq", "bisect", "fractions", "ast", "xml"}
	foreignModules = []string{"gevent", "threading", "urllib", "collections", "socket", "ssl", "http", "concurrent", "asyncio", "subprocess", "greenlet", "websocket", "socketio", "grpc", "boto3", "redis", "kafka", "pymongo", "psycopg2",
		"mysql", "sqlalchemy", "flask", "django", "aiohttp", "httpx", "websockets", "google", "azure", "openai", "tiktoken", "transformers", "torch", "paho", "pika", "multiprocessing", "selenium", "playwright"}
)

// moduleOf is a module; nil for one of the user's own.
func (l *library) moduleOf(from string) *script.Native {
	switch {
	case isOurs(from, "locust", "locust_plugins"):
		return l.locust()
	case from == "random" || from == "secrets":
		return random()
	case from == "uuid":
		return identifiers()
	case from == "time":
		return clock()
	case from == "gevent":
		return &script.Native{Name: from, Has: map[string]script.Value{"sleep": clock().Has["sleep"]}}
	case strings.HasPrefix(from, "gevent.lock") || strings.HasPrefix(from, "gevent.event"):
		return quiet(from)
	case from == "threading":
		return threading()
	case from == "sys":
		system := quiet(from)
		system.Has = map[string]script.Value{"exit": telling("sys.exit", endsTest)}
		return system
	case isOurs(from, "datetime"):
		return calendar()
	case from == "json" || from == "ujson" || from == "orjson" || from == "simplejson":
		return jsonModule()
	case isOurs(from, "os"):
		return l.system()
	case from == "string":
		return letters()
	case from == "re":
		return expressions()
	case from == "base64":
		return base64Module()
	case from == "csv":
		return module("csv", map[string]script.Value{"DictReader": native("csv.DictReader", readRows), "reader": native("csv.reader", readCells)})
	case from == "itertools":
		return iterators()
	case from == "queue" || from == "collections" || from == "gevent.queue":
		return collections(from)
	case isOurs(from, "faker"):
		return module("faker", map[string]script.Value{"Faker": native("Faker", func(*script.Invocation) script.Value { return faker() })})
	case from == "requests":
		return l.requests()
	case from == "requests.auth":
		return authentication()
	case isOurs(from, "requests"):
		return quiet(from)
	case isOurs(from, "pathlib"):
		return l.pathlib()
	case from == "urllib.parse":
		return addresses()
	case isOurs(from, quietModules...):
		return quiet(from)
	case isOurs(from, foreignModules...):
		return &script.Native{Name: from, Has: map[string]script.Value{}}
	}
	return nil
}

func first(c *script.Invocation) script.Value { return c.Arg(0, "") }

// locust is the module of Locust.
func (l *library) locust() *script.Native {
	has := map[string]script.Value{
		"task": native("task", func(c *script.Invocation) script.Value {
			if weight, ok := script.Integer(c.Arg(0, "weight")); ok {
				return taskMark{weight: weight}
			}
			if f, is := c.Arg(0, "").(*script.Closure); is {
				return f
			}
			return taskMark{weight: 1}
		}),
		"seq_task": native("seq_task", func(c *script.Invocation) script.Value {
			order, _ := script.Integer(c.Arg(0, ""))
			return taskMark{weight: 1, order: order}
		}),
		"transition":  native("transition", transition),
		"transitions": native("transitions", transition),
		"tag": native("tag", func(c *script.Invocation) script.Value {
			var tags tagMark
			for _, a := range c.Args {
				if text, ok := c.M.StringOf(a); ok {
					tags = append(tags, text)
				}
			}
			return tags
		}),
		"HttpSession":     l.session("HttpSession", 0),
		"FastHttpSession": l.session("FastHttpSession", 1),
		"events":          events(),
		"run_single_user": nothing("run_single_user"),
	}
	for _, class := range append([]string{"TaskSet", "SequentialTaskSet", "TaskSequence", "MarkovTaskSet", "LoadTestShape", "User", "Locust"}, userClasses...) {
		has[class] = &script.Native{Name: class}
	}
	maps.Copy(has, waitFunctions())
	maps.Copy(has, exceptions())
	whole := module("locust", has)
	whole.Item = func(key string) script.Value {
		if slices.Contains([]string{"exception", "user", "users", "task", "wait_time", "contrib", "fasthttp", "clients"}, key) { // locust.exception.StopUser
			return whole
		}
		return module("locust."+key, map[string]script.Value{})
	}
	return whole
}

// waitFunctions are the functions that make a wait_time.
func waitFunctions() map[string]script.Value {
	return map[string]script.Value{
		"between": native("between", func(c *script.Invocation) script.Value {
			least, a := script.NumberOf(c.Arg(0, "min_wait"))
			most, b := script.NumberOf(c.Arg(1, "max_wait"))
			if !a || !b {
				return unknownWait(c)
			}
			return waits(script.Wait(least, most))
		}),
		"constant": native("constant", func(c *script.Invocation) script.Value {
			span, ok := script.NumberOf(c.Arg(0, "wait_time"))
			if !ok {
				return unknownWait(c)
			}
			return waits(script.Wait(span, span))
		}),
		"constant_pacing": native("constant_pacing", func(c *script.Invocation) script.Value {
			span, ok := script.NumberOf(c.Arg(0, "wait_time"))
			if !ok {
				return unknownWait(c)
			}
			if span <= 0 {
				return waits("")
			}
			return waits("pace " + script.Wait(span, span))
		}),
		"constant_throughput": native("constant_throughput", func(c *script.Invocation) script.Value {
			rate, ok := script.NumberOf(c.Arg(0, "task_runs_per_second"))
			if !ok {
				return unknownWait(c)
			}
			if rate <= 0 {
				return waits("")
			}
			return waits("throughput " + script.Rate(rate))
		}),
	}
}

// transition marks a task of a MarkovTaskSet. In a profile no task depends on the one before.
func transition(c *script.Invocation) script.Value {
	c.M.Note(c.At, "which task follows this one is left out; the tasks of this MarkovTaskSet are drawn, all with the same weight")
	return taskMark{weight: 1}
}

// unknownWait tells that a wait is not known.
func unknownWait(c *script.Invocation) script.Value {
	c.M.Note(c.At, "how long this waits is not known; the profile waits for nothing")
	return waits("")
}

// quiet is a module whose functions make no request and change none, or a part of it. Their results are not known.
func quiet(name string) *script.Native {
	return &script.Native{Name: name, Item: func(key string) script.Value { return quiet(name + "." + key) },
		Do: func(c *script.Invocation) script.Value {
			return &script.Unknown{At: c.At, Why: "the result of " + name}
		}}
}

// session makes clients for an address of their own. at is the position of the argument that holds the address.
func (l *library) session(name string, at int) *script.Native {
	return native(name, func(c *script.Invocation) script.Value {
		client := l.newClient()
		if base := c.Arg(at, "base_url"); base != nil {
			client.Has["base_url"] = base
		}
		return client
	})
}

func identifiers() *script.Native {
	id := native("uuid.uuid4", func(*script.Invocation) script.Value { return &script.Var{Name: "uuid"} })
	return module("uuid", map[string]script.Value{"uuid4": id, "uuid1": id, "uuid7": id, "UUID": native("uuid.UUID", first)})
}

func clock() *script.Native {
	return module("time", map[string]script.Value{
		"sleep": native("time.sleep", func(c *script.Invocation) script.Value {
			if text, ok := script.Span(c.Arg(0, ""), 1); ok && text != "0s" {
				c.M.Emit(&script.Step{At: c.At, Wait: text})
			} else if !ok {
				c.M.Note(c.At, "how long this sleeps is not known, and it is left out")
			}
			return nil
		}),
		"time":         native("time.time", func(*script.Invocation) script.Value { return &script.Drawn{Min: 1_500_000_000, Max: 1_900_000_000} }),
		"time_ns":      native("time.time_ns", func(*script.Invocation) script.Value { return &script.Drawn{Min: 1e15, Max: 9e15, Integer: true} }),
		"monotonic":    native("time.monotonic", func(*script.Invocation) script.Value { return &script.Drawn{Min: 1, Max: 100_000} }),
		"perf_counter": native("time.perf_counter", func(*script.Invocation) script.Value { return &script.Drawn{Min: 1, Max: 100_000} }),
		"strftime":     native("time.strftime", func(*script.Invocation) script.Value { return &script.Var{Name: "now"} }),
	})
}

func calendar() *script.Native {
	var moment *script.Native
	now := func(*script.Invocation) script.Value { return moment }
	text := native("isoformat", func(*script.Invocation) script.Value { return &script.Var{Name: "now"} })
	moment = &script.Native{Name: "a time", Has: map[string]script.Value{
		"isoformat": text, "strftime": text,
		"timestamp": native("timestamp", func(*script.Invocation) script.Value { return &script.Drawn{Min: 1_500_000_000, Max: 1_900_000_000} }),
		"year":      &script.Drawn{Min: 2020, Max: 2026, Integer: true}, "month": &script.Drawn{Min: 1, Max: 12, Integer: true}, "day": &script.Drawn{Min: 1, Max: 28, Integer: true},
		"hour": &script.Drawn{Min: 0, Max: 23, Integer: true}, "minute": &script.Drawn{Min: 0, Max: 59, Integer: true},
	}}
	for _, name := range []string{"date", "time", "replace", "astimezone"} {
		moment.Has[name] = native(name, now)
	}
	kind := &script.Native{Name: "datetime", Do: now, Has: map[string]script.Value{
		"now": native("datetime.now", now), "utcnow": native("datetime.utcnow", now), "today": native("date.today", now),
		"fromtimestamp": native("datetime.fromtimestamp", now), "strptime": native("datetime.strptime", now), "strftime": text, "isoformat": text,
	}}
	return module("datetime", map[string]script.Value{"datetime": kind, "date": kind, "timedelta": native("timedelta", now),
		"timezone": &script.Native{Name: "timezone", Has: map[string]script.Value{"utc": nil}}, "UTC": nil})
}
