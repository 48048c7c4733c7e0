package graphql

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// checkVariables compares the variables that an operation declares with those that it uses. Every server
// refuses a document in which they differ (section 5.8 of the specification).
func (d *document) checkVariables(op *ast.OperationDefinition, fragments []*definition) {
	declared := map[string]*ast.VariableDefinition{}
	var names []string
	for _, v := range op.VariableDefinitions {
		if declared[v.Variable] != nil {
			d.fail(v.Position, "$"+v.Variable+" is declared twice")
		}
		declared[v.Variable], names = v, append(names, v.Variable)
		if v.DefaultValue != nil {
			if wrong := outside(v.DefaultValue, v.Type.NamedType); wrong != "" {
				d.fail(v.DefaultValue.Position, wrong)
			}
		}
	}
	used := map[string]bool{}
	use := func(v *ast.Value) {
		if used[v.Raw] {
			return
		}
		if used[v.Raw] = true; declared[v.Raw] == nil {
			d.fail(v.Position, "the operation uses $"+v.Raw+" and does not declare it"+suggestOr(v.Raw, names, "; write for example: query Top($"+v.Raw+": Int!)"))
		}
	}
	eachDirective(op.Directives, use)
	eachVariable(op.SelectionSet, use)
	for _, f := range fragments {
		eachDirective(f.fragment.Directives, use)
		eachVariable(f.selection, use)
	}
	for _, v := range op.VariableDefinitions {
		if !used[v.Variable] {
			d.fail(v.Position, "the operation declares $"+v.Variable+" and does not use it, which servers refuse")
		}
	}
}

// eachVariable calls use for each variable in a selection.
func eachVariable(set ast.SelectionSet, use func(*ast.Value)) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			for _, a := range s.Arguments {
				inValue(a.Value, use)
			}
			eachDirective(s.Directives, use)
			eachVariable(s.SelectionSet, use)
		case *ast.InlineFragment:
			eachDirective(s.Directives, use)
			eachVariable(s.SelectionSet, use)
		case *ast.FragmentSpread:
			eachDirective(s.Directives, use)
		}
	}
}

func eachDirective(directives ast.DirectiveList, use func(*ast.Value)) {
	for _, directive := range directives {
		for _, a := range directive.Arguments {
			inValue(a.Value, use)
		}
	}
}

func inValue(v *ast.Value, use func(*ast.Value)) {
	if v.Kind == ast.Variable {
		use(v)
	}
	for _, child := range v.Children {
		inValue(child.Value, use)
	}
}
