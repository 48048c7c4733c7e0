package script

import "slices"

// walk calls yield for a statement or expression of a body and those below, but not into functions.
func walk(body []Node, yield func(Node) bool) bool {
	return !slices.ContainsFunc(body, func(n Node) bool {
		if n == nil || !yield(n) {
			return n != nil
		}
		return !walk(children(n), yield)
	})
}

// children are the nodes right below that are done with a node.
func children(n Node) (below []Node) {
	add := func(nodes ...Node) {
		for _, one := range nodes {
			if one != nil {
				below = append(below, one)
			}
		}
	}
	switch n := n.(type) {
	case Block:
		add(n.Body...)
	case If:
		add(n.Test)
		add(n.Then...)
		add(n.Else...)
	case For:
		add(n.Of)
		add(n.Body...)
	case While:
		add(n.Test)
		add(n.Body...)
		add(n.After...)
	case With:
		add(n.Of)
		add(n.Body...)
	case Try:
		add(n.Body...)
		add(n.Last...)
	case Return:
		add(n.Value)
	case captured:
		add(n.of)
	default:
		add(within(n)...)
	}
	return below
}

// within are the expressions in an expression.
func within(n Node) []Node {
	switch n := n.(type) {
	case Call:
		found := append([]Node{n.Of}, n.Args...)
		for _, named := range n.Named {
			found = append(found, named.Value)
		}
		return found
	case Assign:
		return []Node{n.Value}
	case Attribute:
		return []Node{n.Of}
	case Index:
		return []Node{n.Of, n.By}
	case Slice:
		return []Node{n.Of}
	case Binary:
		return []Node{n.X, n.Y}
	case Unary:
		return []Node{n.Of}
	case Choose:
		return []Node{n.Test, n.Then, n.Else}
	case Join:
		return n.Parts
	case Sequence:
		return n.Items
	case Mapping:
		return n.Values
	case Spread:
		return []Node{n.Of}
	case Each:
		return []Node{n.Of, n.What}
	}
	return nil
}

// invokes reports whether an expression calls anything.
func invokes(n Node) bool {
	return !walk([]Node{n}, func(n Node) bool {
		_, is := n.(Call)
		return !is
	})
}

// calls reports whether a body calls one of these, as a function or as a method.
func calls(body []Node, names ...string) bool {
	return !walk(body, func(n Node) bool {
		call, is := n.(Call)
		if !is {
			return true
		}
		switch of := call.Of.(type) {
		case Name:
			return !slices.Contains(names, of.ID)
		case Attribute:
			return !slices.Contains(names, of.Name)
		}
		return true
	})
}
