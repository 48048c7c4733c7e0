package locust

import (
	"maps"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// random is the module random, and secrets.
func random() *script.Native {
	integer := func(least, most float64) *script.Drawn { return &script.Drawn{Min: least, Max: most, Integer: true} }
	has := map[string]script.Value{}
	for _, name := range []string{"expovariate", "normalvariate", "lognormvariate", "betavariate", "gammavariate", "paretovariate", "weibullvariate", "vonmisesvariate"} {
		has[name] = quiet("random." + name)
	}
	maps.Copy(has, map[string]script.Value{
		"random": native("random.random", func(*script.Invocation) script.Value { return &script.Drawn{Max: 1} }),
		"uniform": native("random.uniform", func(c *script.Invocation) script.Value {
			least, _ := script.NumberOf(c.Arg(0, "a"))
			most, _ := script.NumberOf(c.Arg(1, "b"))
			return &script.Drawn{Min: least, Max: most}
		}),
		"randint": native("random.randint", randint),
		"randrange": native("random.randrange", func(c *script.Invocation) script.Value {
			least, a := script.NumberOf(c.Arg(0, ""))
			most, b := script.NumberOf(c.Arg(1, ""))
			switch {
			case a && b:
				return integer(least, most-1)
			case a:
				return integer(0, least-1)
			}
			return &script.Unknown{At: c.At, Why: "a random number"}
		}),
		"randbelow": native("secrets.randbelow", func(c *script.Invocation) script.Value {
			most, _ := script.NumberOf(c.Arg(0, ""))
			return integer(0, most-1)
		}),
		"getrandbits": native("random.getrandbits", func(*script.Invocation) script.Value { return integer(0, 1<<31) }),
		"choice": native("random.choice", func(c *script.Invocation) script.Value {
			if text, is := c.Arg(0, "seq").(string); is && len(text) > 5 {
				return &script.Letters{Digits: strings.Trim(text, "0123456789") == ""}
			}
			return c.M.Draw(c.At, c.Arg(0, "seq"), "random", c.Hint(0))
		}),
		"choices":       native("random.choices", pick),
		"sample":        native("random.sample", pick),
		"token_hex":     native("secrets.token_hex", func(*script.Invocation) script.Value { return &script.Var{Name: "uuid"} }),
		"token_urlsafe": native("secrets.token_urlsafe", func(*script.Invocation) script.Value { return &script.Var{Name: "uuid"} }),
		"triangular":    native("random.triangular", triangular),
		"shuffle":       nothing("random.shuffle"),
		"seed":          nothing("random.seed"),
		"gauss":         native("random.gauss", func(c *script.Invocation) script.Value { return c.Arg(0, "") }),
		"Random":        native("random.Random", func(*script.Invocation) script.Value { return random() }),
		"SystemRandom":  native("random.SystemRandom", func(*script.Invocation) script.Value { return random() }),
	})
	return module("random", has)
}

func randint(c *script.Invocation) script.Value {
	least, a := script.NumberOf(c.Arg(0, "a"))
	most, b := script.NumberOf(c.Arg(1, "b"))
	if d, is := c.Arg(0, "a").(*script.Drawn); is {
		least, a = d.Min, true
	}
	if d, is := c.Arg(1, "b").(*script.Drawn); is {
		most, b = d.Min, true
	}
	if !a || !b || most < least {
		return &script.Unknown{At: c.At, Why: "a random number"}
	}
	return &script.Drawn{Min: least, Max: most, Integer: true}
}

func triangular(c *script.Invocation) script.Value {
	least, a := script.NumberOf(c.Arg(0, "low"))
	most, b := script.NumberOf(c.Arg(1, "high"))
	if !a || !b {
		return &script.Drawn{Max: 1}
	}
	return &script.Drawn{Min: least, Max: most}
}

// pick draws several items of a list.
func pick(c *script.Invocation) script.Value {
	n, ok := script.Integer(c.Arg(1, "k"))
	if d, is := c.Arg(1, "k").(*script.Drawn); is {
		n, ok = int(max(1, d.Min)), true
		c.M.Note(c.At, "how many this draws varies; the profile draws %d", n)
	}
	if !ok {
		n = 1
	}
	if text, is := c.Arg(0, "population").(string); is {
		return &script.Letters{Digits: strings.Trim(text, "0123456789") == "", Number: n}
	}
	made := &script.List{}
	for range min(max(n, 0), 100) {
		made.Items = append(made.Items, c.M.Draw(c.At, c.Arg(0, "population"), "random", c.Hint(0)))
	}
	return made
}
