package script

// At is a place in a source file; Line and Col count from 1, Col in bytes.
type At struct {
	File      string
	Line, Col int
}

// Place is the place itself: whatever has a place is a node of the tree.
func (a At) Place() At { return a }

// Node is an expression or a statement.
type Node interface{ Place() At }

// Expressions.
type (
	// Literal is a text, a number (int64 or float64), a truth value, or nil.
	Literal struct {
		At
		Value any
	}
	// Name is a variable.
	Name struct {
		At
		ID string
	}
	// Join is texts and values written into one text: f"…", `…`.
	Join struct {
		At
		Parts []Node
	}
	// Sequence is a list, a tuple or a set; as the target of an assignment it takes a list apart.
	Sequence struct {
		At
		Items []Node // a Spread among them puts in the items of a list
	}
	// Mapping is a dictionary or an object.
	Mapping struct {
		At
		Keys   []Node // nil for a Spread
		Values []Node
	}
	// Spread is *x, **x or ...x.
	Spread struct {
		At
		Of Node
	}
	// Attribute is x.name.
	Attribute struct {
		At
		Of   Node
		Name string
	}
	// Index is x[i].
	Index struct {
		At
		Of Node
		By Node
	}
	// Slice is x[from:to]; either may be nil.
	Slice struct {
		At
		Of       Node
		From, To Node
	}
	// Call is f(x, name=y).
	Call struct {
		At
		Of    Node
		Args  []Node
		Named []Named
		Made  bool // new f(x)
	}
	// Binary is x op y. The operators are those of Python and of JavaScript; and, or and ?? among them.
	Binary struct {
		At
		Op   string
		X, Y Node
	}
	// Unary is not x, -x and the like.
	Unary struct {
		At
		Op string
		Of Node
	}
	// Choose is x if test else y, or test ? x : y.
	Choose struct {
		At
		Test, Then, Else Node
	}
	// Function is a function or a lambda. As a statement it also names itself.
	Function struct {
		At
		Name       string
		Params     []Param
		Body       []Node
		Decorators []Node
	}
	// Each is a comprehension: [What for To in Of if Test].
	Each struct {
		At
		What, Key Node // Key is set when it makes a mapping
		To, Of    Node
		Test      Node
	}
	// Unread is source that the parser skipped, with the reason.
	Unread struct {
		At
		Why string
	}
)

// Named is a named argument; without a name it is **x.
type Named struct {
	Name  string
	Value Node
}

// Param is a parameter of a function.
type Param struct {
	To      Node // a Name, or what takes the argument apart
	Default Node
	Rest    bool // *args or ...args
	Named   bool // **kwargs
}

// Statements.
type (
	// Assign is target = value, or target op= value. As an expression it is the value.
	Assign struct {
		At
		To    Node
		Op    string // empty, or + for +=
		Value Node
		Local bool // it makes the variable in its own scope when it is not there
	}
	// Outer says that names are variables of a scope outside.
	Outer struct {
		At
		Names []string
	}
	// If has an Else that may be empty.
	If struct {
		At
		Test       Node
		Then, Else []Node
	}
	// For goes through what Of holds.
	For struct {
		At
		To   Node
		Of   Node
		Keys bool // it goes through the keys: for (x in y) of JavaScript
		Body []Node
	}
	// While is a loop with a condition. After is done after each time, also after continue.
	While struct {
		At
		Test  Node
		Body  []Node
		After []Node
	}
	// Return ends a function.
	Return struct {
		At
		Value Node
	}
	// Jump is break or continue.
	Jump struct {
		At
		Word string
	}
	// Raise is raise or throw.
	Raise struct {
		At
		Value Node
	}
	// With is with x as y, several of them nested.
	With struct {
		At
		Of, To Node
		Body   []Node
	}
	// Try is read as if nothing failed.
	Try struct {
		At
		Body, Caught, Last []Node
	}
	// Class is a class with its body: assignments and functions.
	Class struct {
		At
		Name       string
		Bases      []Node
		Body       []Node
		Decorators []Node
	}
	// Import gives names to a module, or to what is in one.
	Import struct {
		At
		From  string
		Names []Imported
	}
	// Export marks what a module shows: the names of statements within, or of an expression as default.
	Export struct {
		At
		Default bool
		Of      Node
		Names   []Imported // export {a as b}; from another module when From is set
		From    string
	}
	// Block is statements together, in a scope of their own if Scope.
	Block struct {
		At
		Body  []Node
		Scope bool
	}
)

// Imported is one name of an import: Name of the module is called As. An empty Name is the module itself, and *
// is all names of it.
type Imported struct{ Name, As string }
