package k6

import (
	"slices"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// chai is the library k6chaijs: describe is a group, and expect a check.
func chai(from string) *script.Native {
	expect := native("expect", func(c *script.Invocation) script.Value { return expectation{c.M, c.Arg(0, ""), false}.words() })
	has := map[string]script.Value{"expect": expect, "config": script.NewDict(),
		"describe": native("describe", func(c *script.Invocation) script.Value {
			c.M.Call(c.At, c.Arg(1, ""))
			return true
		}),
	}
	has["chai"] = module(from, map[string]script.Value{"expect": expect, "config": script.NewDict()})
	has["default"] = has["chai"]
	return module(from, has)
}

// expectation is expect(value), with the words behind it: to.be.above(3).
type expectation struct {
	m    *script.Machine
	of   script.Value
	nots bool
}

// quiet are the words of chai that only make a sentence, or that hold for any answer.
var quiet = []string{"to", "be", "been", "is", "that", "which", "and", "has", "have", "with", "at", "of", "same", "but", "does", "still", "also", "deep", "a", "an", "validJsonBody"}

// comparisons are the words of chai that compare, with the operators of the machine.
var comparisons = map[string]string{
	"equal": "==", "equals": "==", "eq": "==", "eql": "==", "eqls": "==", "above": ">", "gt": ">", "greaterThan": ">", "least": ">=", "gte": ">=", "greaterThanOrEqual": ">=",
	"below": "<", "lt": "<", "lessThan": "<", "most": "<=", "lte": "<=", "lessThanOrEqual": "<=", "oneOf": "in", "match": "~", "matches": "~",
	"include": "contains", "includes": "contains", "contain": "contains", "contains": "contains", "string": "contains",
}

// words are the words that may follow. Those that only make a sentence may be called as well: to.be.an('array').
func (e expectation) words() *script.Native {
	n := native("expect", func(*script.Invocation) script.Value { return e.words() })
	n.Item = func(word string) script.Value {
		op, compares := comparisons[word]
		switch {
		case word == "not":
			return expectation{e.m, e.of, !e.nots}.words()
		case compares:
			return native(word, func(c *script.Invocation) script.Value {
				e.expect(c, op)
				return e.words()
			})
		case slices.Contains(quiet, word):
			return e.words()
		}
		return native(word, func(c *script.Invocation) script.Value {
			c.M.Note(c.At, "the expectation %s has no words in a profile, and is left out", word)
			return e.words()
		})
	}
	return n
}

// expect adds a comparison to what is expected of the answer.
func (e expectation) expect(c *script.Invocation, op string) {
	part, is := e.of.(*script.Part)
	if !is {
		c.M.Note(c.At, "this expectation asks for no part of an answer that is known, and is left out")
		return
	}
	with := c.Arg(0, "")
	if p, is := with.(*script.Pattern); is {
		with = p.Source
	}
	tests := &script.Tests{All: []*script.Test{{Of: part, Op: op, With: with}}}
	if e.nots {
		tests = tests.Not()
	}
	c.M.Expect(c.At, tests)
}
