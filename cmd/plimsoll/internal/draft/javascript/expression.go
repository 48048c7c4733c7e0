package javascript

import (
	"math"

	"github.com/grafana/sobek/ast"
	"github.com/grafana/sobek/token"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

func (c *converter) expressions(list []ast.Expression) (all []script.Node) {
	for _, e := range list {
		if e == nil { // a hole: [, x]
			all = append(all, script.Literal{})
			continue
		}
		all = append(all, c.expression(e))
	}
	return all
}

// expression turns an expression; nil stays nil.
func (c *converter) expression(e ast.Expression) script.Node {
	if e == nil {
		return nil
	}
	at := c.at(e.Idx0())
	switch e := e.(type) {
	case *ast.Identifier:
		return script.Name{At: at, ID: e.Name.String()}
	case *ast.ThisExpression:
		return script.Name{At: at, ID: "this"}
	case *ast.SuperExpression:
		return script.Name{At: at, ID: "super"}
	case *ast.SpreadElement:
		return script.Spread{At: at, Of: c.expression(e.Expression)}
	case *ast.DotExpression:
		return script.Attribute{At: c.at(e.Identifier.Idx), Of: c.expression(e.Left), Name: e.Identifier.Name.String()}
	case *ast.PrivateDotExpression:
		return script.Attribute{At: at, Of: c.expression(e.Left), Name: "#" + e.Identifier.Name.String()}
	case *ast.BracketExpression:
		return script.Index{At: at, Of: c.expression(e.Left), By: c.expression(e.Member)}
	case *ast.OptionalChain:
		return c.expression(e.Expression)
	case *ast.Optional:
		return c.expression(e.Expression)
	case *ast.CallExpression:
		of := c.expression(e.Callee)
		return script.Call{At: of.Place(), Of: of, Args: c.expressions(e.ArgumentList)}
	case *ast.NewExpression:
		return script.Call{At: at, Of: c.expression(e.Callee), Args: c.expressions(e.ArgumentList), Made: true}
	case *ast.ConditionalExpression:
		return script.Choose{At: at, Test: c.expression(e.Test), Then: c.expression(e.Consequent), Else: c.expression(e.Alternate)}
	case *ast.AwaitExpression:
		return c.expression(e.Argument)
	case *ast.YieldExpression:
		return c.expression(e.Argument)
	case *ast.SequenceExpression:
		return script.Index{At: at, Of: script.Sequence{At: at, Items: c.expressions(e.Sequence)}, By: script.Literal{At: at, Value: int64(len(e.Sequence) - 1)}}
	}
	return c.literal(at, e)
}

// literal turns what is written out: values, functions and classes.
func (c *converter) literal(at script.At, e ast.Expression) script.Node {
	switch e := e.(type) {
	case *ast.StringLiteral:
		return script.Literal{At: at, Value: e.Value.String()}
	case *ast.NumberLiteral:
		return script.Literal{At: at, Value: numberOf(e.Value)}
	case *ast.BooleanLiteral:
		return script.Literal{At: at, Value: e.Value}
	case *ast.NullLiteral:
		return script.Literal{At: at}
	case *ast.TemplateLiteral:
		return c.template(at, e)
	case *ast.RegExpLiteral:
		return script.Literal{At: at, Value: &script.Pattern{Source: e.Pattern}}
	case *ast.ArrayLiteral:
		return script.Sequence{At: at, Items: c.expressions(e.Value)}
	case *ast.ObjectLiteral:
		return c.object(at, e.Value, nil)
	case *ast.FunctionLiteral:
		return c.function(e)
	case *ast.ArrowFunctionLiteral:
		return c.arrow(at, e)
	case *ast.ClassLiteral:
		return c.class(e)
	}
	return c.pattern(at, e)
}

// pattern converts a destructuring pattern: [a, b], {a, b}, or a name with a default.
func (c *converter) pattern(at script.At, e ast.Expression) script.Node {
	switch e := e.(type) {
	case *ast.ArrayPattern:
		found := script.Sequence{At: at, Items: c.expressions(e.Elements)}
		if e.Rest != nil {
			found.Items = append(found.Items, script.Spread{At: at, Of: c.expression(e.Rest)})
		}
		return found
	case *ast.ObjectPattern:
		return c.object(at, e.Properties, e.Rest)
	case *ast.Binding:
		return script.Assign{At: at, To: c.expression(e.Target), Value: c.expression(e.Initializer)}
	}
	return c.operation(at, e)
}

// operation turns operators and assignments.
func (c *converter) operation(at script.At, e ast.Expression) script.Node {
	switch e := e.(type) {
	case *ast.BinaryExpression:
		return script.Binary{At: at, Op: operator(e.Operator), X: c.expression(e.Left), Y: c.expression(e.Right)}
	case *ast.AssignExpression:
		found := script.Assign{At: at, To: c.expression(e.Left), Value: c.expression(e.Right)}
		if e.Operator != token.ASSIGN {
			found.Op = operator(e.Operator)
		}
		return found
	case *ast.UnaryExpression:
		of := c.expression(e.Operand)
		switch e.Operator {
		case token.INCREMENT, token.DECREMENT:
			op := "+"
			if e.Operator == token.DECREMENT {
				op = "-"
			}
			return script.Assign{At: at, To: of, Op: op, Value: script.Literal{At: at, Value: int64(1)}}
		case token.NOT:
			return script.Unary{At: at, Op: "not", Of: of}
		}
		return script.Unary{At: at, Op: e.Operator.String(), Of: of}
	}
	return c.unread(e, "this expression")
}

func numberOf(v any) any {
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v)
		}
		return v
	case int64:
		return v
	case int:
		return int64(v)
	}
	return v
}

func (c *converter) template(at script.At, e *ast.TemplateLiteral) script.Node {
	found := script.Join{At: at}
	for i, part := range e.Elements {
		found.Parts = append(found.Parts, script.Literal{At: at, Value: part.Parsed.String()})
		if i < len(e.Expressions) {
			found.Parts = append(found.Parts, c.expression(e.Expressions[i]))
		}
	}
	if e.Tag != nil { // tag`…`: a call whose arguments are the texts and the values between them
		of := c.expression(e.Tag)
		texts, args := script.Sequence{At: at}, []script.Node{nil}
		for i, part := range found.Parts {
			if i%2 == 0 {
				texts.Items = append(texts.Items, part)
			} else {
				args = append(args, part)
			}
		}
		args[0] = texts
		return script.Call{At: of.Place(), Of: of, Args: args}
	}
	return found
}

func (c *converter) object(at script.At, properties []ast.Property, rest ast.Expression) script.Node {
	found := script.Mapping{At: at}
	add := func(key, value script.Node) {
		found.Keys, found.Values = append(found.Keys, key), append(found.Values, value)
	}
	for _, p := range properties {
		switch p := p.(type) {
		case *ast.PropertyShort:
			name := p.Name.Name.String()
			place := c.at(p.Name.Idx)
			var value script.Node = script.Name{At: place, ID: name}
			if p.Initializer != nil {
				value = script.Assign{At: place, To: value, Value: c.expression(p.Initializer)}
			}
			add(script.Literal{At: place, Value: name}, value)
		case *ast.PropertyKeyed:
			key := c.expression(p.Key)
			if name, is := key.(script.Name); is && !p.Computed {
				key = script.Literal{At: name.At, Value: name.ID}
			}
			value := c.expression(p.Value)
			if a, is := p.Value.(*ast.AssignExpression); is { // a default in a pattern
				value = script.Assign{At: at, To: c.expression(a.Left), Value: c.expression(a.Right)}
			}
			add(key, value)
		case *ast.SpreadElement:
			add(nil, script.Spread{At: at, Of: c.expression(p.Expression)})
		}
	}
	if rest != nil {
		add(nil, script.Spread{At: at, Of: c.expression(rest)})
	}
	return found
}

func (c *converter) parameters(list *ast.ParameterList) (params []script.Param) {
	if list == nil {
		return nil
	}
	for _, b := range list.List {
		params = append(params, script.Param{To: c.expression(b.Target), Default: c.expression(b.Initializer)})
	}
	if list.Rest != nil {
		params = append(params, script.Param{To: c.expression(list.Rest), Rest: true})
	}
	return params
}

func (c *converter) function(f *ast.FunctionLiteral) script.Node {
	found := script.Function{At: c.at(f.Idx0()), Params: c.parameters(f.ParameterList)}
	if f.Name != nil {
		found.Name = f.Name.Name.String()
	}
	if f.Body != nil {
		found.Body = c.statements(f.Body.List)
	}
	return found
}

func (c *converter) arrow(at script.At, f *ast.ArrowFunctionLiteral) script.Node {
	found := script.Function{At: at, Params: c.parameters(f.ParameterList)}
	switch body := f.Body.(type) {
	case *ast.BlockStatement:
		found.Body = c.statements(body.List)
	case *ast.ExpressionBody:
		found.Body = []script.Node{script.Return{At: c.at(body.Expression.Idx0()), Value: c.expression(body.Expression)}}
	}
	return found
}

func (c *converter) class(e *ast.ClassLiteral) script.Node {
	found := script.Class{At: c.at(e.Idx0())}
	if e.Name != nil {
		found.Name = e.Name.Name.String()
	}
	if e.SuperClass != nil {
		found.Bases = []script.Node{c.expression(e.SuperClass)}
	}
	for _, member := range e.Body {
		switch member := member.(type) {
		case *ast.MethodDefinition:
			f, _ := c.function(member.Body).(script.Function)
			f.Name = keyOf(member.Key)
			if member.Static {
				f.Decorators = []script.Node{script.Name{At: f.At, ID: "staticmethod"}}
			}
			if member.Kind == ast.PropertyKindGet {
				f.Decorators = append(f.Decorators, script.Name{At: f.At, ID: "property"})
			}
			found.Body = append(found.Body, f)
		case *ast.FieldDefinition:
			at := c.at(member.Idx0())
			value := c.expression(member.Initializer)
			if value == nil {
				value = script.Literal{At: at}
			}
			found.Body = append(found.Body, script.Assign{At: at, To: script.Name{At: at, ID: keyOf(member.Key)}, Value: value, Local: true})
		}
	}
	return found
}

func keyOf(e ast.Expression) string {
	switch e := e.(type) {
	case *ast.Identifier:
		return e.Name.String()
	case *ast.StringLiteral:
		return e.Value.String()
	case *ast.PrivateIdentifier:
		return "#" + e.Name.String()
	}
	return ""
}
