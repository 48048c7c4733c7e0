package profile

import (
	"fmt"
	"math"
	"math/big"
	"path"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/graphql"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// variableChecker checks the variables of an operation against their types, and takes files out of them.
type variableChecker struct {
	*reader
	files []GraphQLFile
}

// all checks the variables of an operation. document is where a missing one is noted.
func (c *variableChecker) all(document *yaml.Node, o *graphql.Operation, variables *Tree) {
	at := c.Place(document)
	at.Key += ".variables"
	if variables.Kind != NoTree {
		at = variables.Place
	}
	c.fields(variables, at, "variables", o.Variables, func(name string, names []string) string {
		return fmt.Sprintf("the operation declares no $%s%s", name, strict.Suggest(name, names))
	}, func(v graphql.Variable) string {
		return fmt.Sprintf("the operation needs $%s: %s; add %s", v.Name, v.Type, v.Name)
	})
}

// fields checks the values of a mapping. unknown and missing say what is wrong with a name.
func (c *variableChecker) fields(t *Tree, at strict.Place, under string, declared []graphql.Variable, unknown func(string, []string) string, missing func(graphql.Variable) string) {
	byName := map[string]graphql.Variable{}
	var names []string
	for _, v := range declared {
		byName[v.Name], names = v, append(names, v.Name)
	}
	given, dynamic := map[string]bool{}, false
	for i := range t.Items {
		if strings.Contains(string(t.Keys[i]), "${") {
			dynamic = true
			if under == "variables" {
				c.ProblemAt(t.Items[i].Place, "the name of a variable of GraphQL cannot hold ${…}")
			}
			continue
		}
		name := string(t.Keys[i])
		given[name] = true
		v, known := byName[name]
		if !known {
			c.ProblemAt(t.Items[i].Place, "%s", unknown(name, names))
			continue
		}
		c.value(&t.Items[i], v.Type, under+"."+name)
	}
	for _, v := range declared {
		if v.Required && !given[v.Name] && !dynamic {
			c.ProblemAt(at, "%s", missing(v))
		}
	}
}

// value checks a value against its type.
func (c *variableChecker) value(t *Tree, is graphql.Type, under string) {
	shape := is.Shape()
	switch {
	case t.Kind == NullTree && is.NonNull():
		c.ProblemAt(t.Place, "null is no %s", is)
	case t.Kind == NullTree || shape == graphql.Custom && !is.HasFile() || holdsAny(t) && (shape == graphql.List || shape == graphql.Input):
	case is.HasFile():
		c.file(t, under)
	case shape == graphql.List && t.Kind == ListTree:
		for i := range t.Items {
			c.value(&t.Items[i], is.Elem(), under+"."+strconv.Itoa(i))
		}
	case shape == graphql.List: // a single value stands for a list of it (section 3.11)
		*t = Tree{Kind: ListTree, Items: []Tree{*t}, Place: t.Place}
		c.value(&t.Items[0], is.Elem(), under+".0")
	case shape == graphql.Input:
		c.input(t, is, under)
	case shape == graphql.Enum && t.Kind == TextTree && !isVariable(t):
		c.enum(t, is)
	case !fits(t, shape):
		c.ProblemAt(t.Place, "%s is no %s%s", shown(t), is.Name(), remedy(t, shape))
	}
}

// input checks the fields of an input object.
func (c *variableChecker) input(t *Tree, is graphql.Type, under string) {
	if t.Kind != MappingTree {
		c.ProblemAt(t.Place, "%s is no %s, which has fields", shown(t), is.Name())
		return
	}
	if is.OneOf() && len(t.Items) != 1 {
		c.ProblemAt(t.Place, "%s takes exactly one of its fields, found %d", is.Name(), len(t.Items))
		return
	}
	if is.OneOf() && t.Items[0].Kind == NullTree {
		c.ProblemAt(t.Items[0].Place, "the one field of %s that is given must not be null", is.Name())
		return
	}
	c.fields(t, t.Place, under, is.Fields(), func(name string, names []string) string {
		return fmt.Sprintf("%s has no field %s%s", is.Name(), strict.Quote(name), strict.Suggest(name, names))
	}, func(v graphql.Variable) string {
		return fmt.Sprintf("%s needs %s: %s", is.Name(), v.Name, v.Type)
	})
}

func (c *variableChecker) enum(t *Tree, is graphql.Type) {
	value, values := t.Text.literals(), is.Values()
	for _, known := range values {
		if known == value {
			return
		}
	}
	c.ProblemAt(t.Place, "%s is no %s%s", strict.Quote(value), is.Name(), strict.Suggest(value, values))
}

// file takes a file out of the variables. Other ways to write a value of its type are sent as they stand.
func (c *variableChecker) file(t *Tree, under string) {
	if t.Kind != MappingTree {
		return
	}
	f := &File{}
	for i, key := range t.Keys {
		value := &t.Items[i]
		text := value.Text.literals()
		switch {
		case key == "name" && value.Kind == TextTree:
			f.Name = value.Text
		case value.Kind != TextTree || isVariable(value):
			c.ProblemAt(value.Place, "expected a text without variables")
		case key == "file":
			f.Content = c.content(value.Place, text)
			if f.Name == "" {
				f.Name = templateOf([]Part{{Literal: path.Base(strings.ReplaceAll(text, `\`, "/"))}})
			}
		case key == "type":
			if f.Type = text; mediaType.Check(text) != "" {
				c.ProblemAt(value.Place, "%s", mediaType.Check(text))
			}
		default:
			c.ProblemAt(value.Place, "unknown key%s", strict.Suggest(string(key), []string{"file", "name", "type"}))
		}
	}
	if f.Content == nil {
		c.ProblemAt(t.Place, "name the file that is sent, for example: {file: cat.png}")
		return
	}
	c.files = append(c.files, GraphQLFile{under, f})
	t.Kind, t.Text, t.Keys, t.Items = NullTree, "null", nil, nil
}

// content reads a file; not nil.
func (c *variableChecker) content(at strict.Place, name string) []byte {
	content, err := c.from.Read(name)
	switch {
	case err != nil:
		c.ProblemAt(at, "%v (paths are relative to the profile)", err)
	case len(content) > maxUpload:
		c.ProblemAt(at, "%s is larger than %d MiB, which is the most that a request may send", name, maxUpload>>20)
	}
	return append([]byte{}, content...)
}

// isVariable reports whether a text holds a variable.
func isVariable(t *Tree) bool {
	if t.Kind != TextTree {
		return false
	}
	for _, part := range t.Text.Parts() {
		if part.Variable != "" {
			return true
		}
	}
	return false
}

// holdsAny reports whether a text is one variable that may hold a list or an object: one that is saved, a cell of
// data, or numbers.
func holdsAny(t *Tree) bool {
	parts := t.Text.Parts()
	if t.Kind != TextTree || len(parts) != 1 || parts[0].Variable == "" {
		return false
	}
	g, isGenerator, _ := ParseGenerator(parts[0].Variable)
	_, isEnv := EnvName(parts[0].Variable)
	return !isEnv && parts[0].Variable != PortVariable && (!isGenerator || g.Kind == Floats)
}

// fits reports whether a scalar can be a value of a type. Apart from generators, the value of a variable is
// known only when it is sent.
func fits(t *Tree, shape graphql.Shape) bool {
	switch {
	case t.Kind == MappingTree || t.Kind == ListTree:
		return false
	case shape == graphql.String || shape == graphql.Enum:
		return t.Kind == TextTree
	case shape == graphql.ID:
		return t.Kind == TextTree || t.Kind == NumberTree && isInt(string(t.Text))
	case isVariable(t):
		return variableFits(t, shape)
	case shape == graphql.Boolean:
		text := t.Text.literals()
		return t.Kind != NumberTree && (text == "true" || text == "false")
	case shape == graphql.Int:
		return t.Kind != BoolTree && isInt32(t.Text.literals())
	case shape == graphql.Float:
		return t.Kind != BoolTree && isFloat64(t.Text.literals())
	}
	return true
}

// variableFits reports whether a text with variables can be a number or a truth value.
func variableFits(t *Tree, shape graphql.Shape) bool {
	parts := t.Text.Parts()
	if len(parts) > 1 {
		return false // it is sent in quotes
	}
	g, isGenerator, _ := ParseGenerator(parts[0].Variable)
	if !isGenerator {
		return true
	}
	switch shape {
	case graphql.Int:
		return g.Kind.Numeric() && g.Kind != Floats && g.Kind != Float && g.fitsInt32()
	case graphql.Float:
		return g.Kind.Numeric() && g.Kind != Floats
	}
	return false
}

// fitsInt32 reports whether all that a generator of whole numbers makes are Ints of GraphQL.
func (g *Generator) fitsInt32() bool {
	return g.Integers[0] >= math.MinInt32 && g.Integers[1] <= math.MaxInt32
}

func isInt(number string) bool {
	_, ok := new(big.Int).SetString(number, 10)
	return ok
}

// isInt32 reports whether a text is an Int of GraphQL, which has 32 bits (section 3.5.1).
func isInt32(number string) bool {
	_, err := strconv.ParseInt(number, 10, 32)
	return err == nil && IsNumber(number)
}

// isFloat64 reports whether a text is a Float of GraphQL, which has 64 bits (section 3.5.2).
func isFloat64(number string) bool {
	_, err := strconv.ParseFloat(number, 64)
	return err == nil && IsNumber(number)
}

// shown is a value for people.
func shown(t *Tree) string {
	switch t.Kind {
	case MappingTree:
		return "a mapping"
	case ListTree:
		return "a list"
	case TextTree:
		return strict.Quote(string(t.Text))
	}
	return string(t.Text)
}

// remedy ends a sentence about a value that does not fit.
func remedy(t *Tree, shape graphql.Shape) string {
	switch number := t.Text.literals(); {
	case (shape == graphql.String || shape == graphql.Enum || shape == graphql.ID) && t.Kind == NumberTree, shape == graphql.String && t.Kind == BoolTree:
		return "; put it in quotes"
	case isVariable(t) && len(t.Text.Parts()) > 1:
		return ": only a variable alone is sent without quotes"
	case isVariable(t) && shape == graphql.Int:
		if g, isGenerator, _ := ParseGenerator(t.Text.Parts()[0].Variable); isGenerator && !g.fitsInt32() {
			return ", which has 32 bits"
		}
	case shape == graphql.Int && t.Kind != MappingTree && isInt(number):
		return ", which has 32 bits"
	case shape == graphql.Float && t.Kind != MappingTree && IsNumber(number):
		return ", which has 64 bits"
	}
	return ""
}

// typed lists the texts with variables whose quoting follows from the schema, for the digest.
func (g *GraphQL) typed() (list []string) {
	var walk func(t *Tree, is graphql.Type, under string, inSchema bool)
	walk = func(t *Tree, is graphql.Type, under string, inSchema bool) {
		switch shape := is.Shape(); {
		case isVariable(t) && (inSchema || shape == graphql.Enum):
			list = append(list, under+" "+is.Name())
		case t.Kind == ListTree && shape == graphql.List:
			for i := range t.Items {
				walk(&t.Items[i], is.Elem(), under+"."+strconv.Itoa(i), inSchema)
			}
		case t.Kind == MappingTree && shape == graphql.Input:
			for _, f := range is.Fields() {
				for i, key := range t.Keys {
					if string(key) == f.Name {
						walk(&t.Items[i], f.Type, under+"."+f.Name, true)
					}
				}
			}
		}
	}
	for _, v := range g.Operation.Variables {
		for i, key := range g.Variables.Keys {
			if string(key) == v.Name {
				walk(&g.Variables.Items[i], v.Type, v.Name, false)
			}
		}
	}
	return list
}
