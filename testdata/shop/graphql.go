package shop

import (
	"context"
	_ "embed"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/graph-gophers/graphql-go"
)

//go:embed schema.graphql
var schemaText string

// newSchema returns the schema with its resolvers, and the names of its operations.
func (s *Shop) newSchema() (schema *graphql.Schema, operations []string) {
	schema = graphql.MustParseSchema(schemaText, &root{s}, graphql.UseFieldResolvers())
	types := schema.Inspect()
	for _, field := range *types.QueryType().Fields(nil) {
		operations = append(operations, "query "+field.Name())
	}
	for _, field := range *types.MutationType().Fields(nil) {
		operations = append(operations, "mutation "+field.Name())
	}
	for _, field := range *types.SubscriptionType().Fields(nil) {
		operations = append(operations, "subscription "+field.Name())
	}
	return schema, operations
}

// operation is a request of GraphQL.
type operation struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// graphQL answers a query or a mutation. The status is 200 whatever the errors, as in most servers.
func (s *Shop) graphQL(w http.ResponseWriter, r *http.Request) {
	var o operation
	if !read(w, r, &o) {
		return
	}
	c := &caller{token: token(r)}
	response := s.execute(r.Context(), c, o)
	if opened := c.opened.Load(); opened != nil {
		setToken(w, *opened)
	}
	reply(w, http.StatusOK, response)
}

// execute does an operation. If its root fields are slower, it does the whole operation again for the caller shadow.
func (s *Shop) execute(ctx context.Context, c *caller, o operation) *graphql.Response {
	exec := func(c *caller) *graphql.Response {
		return s.schema.Exec(context.WithValue(ctx, callerKey{}, c), o.Query, o.OperationName, o.Variables)
	}
	response := exec(c)
	for range c.again.Load() {
		exec(&caller{token: shadow, isShadow: true})
	}
	return response
}

// caller is who sent an operation.
type caller struct {
	token    string
	isShadow bool
	opened   atomic.Pointer[string] // the cart that a login opened
	again    atomic.Int64           // how often the operation is to be repeated
}

type callerKey struct{}

// root resolves the root fields. Those of a query run at the same time.
type root struct{ shop *Shop }

// begin does the trouble of a root field.
func (r *root) begin(ctx context.Context, operation string) (*caller, error) {
	c := ctx.Value(callerKey{}).(*caller)
	if c.isShadow {
		return c, nil
	}
	again, err := r.shop.trouble.begin(operation)
	c.again.Add(int64(again))
	return c, err
}

type (
	productNode struct {
		ID, SKU           graphql.ID
		Name, Description string
		Price             float64
		Stock             int32
	}
	pageNode struct {
		Items []productNode
		Page  int32
		Total int32
	}
	hitNode struct {
		Product productNode
		Score   int32
	}
	resultNode struct {
		Items []hitNode
		Total int32
	}
	sessionNode struct{ Token string }
	lineNode    struct {
		SKU      graphql.ID
		Quantity int32
	}
	cartNode struct{ Items []lineNode }
	tickNode struct {
		Sequence int32
		SKU      graphql.ID
		Stock    int32
		At       string
	}
)

func nodeOf(p *product) productNode {
	return productNode{graphql.ID(p.number()), graphql.ID(p.SKU), p.Name, p.Description, p.Price, int32(p.Stock)}
}

func cartOf(lines []line) cartNode {
	c := cartNode{Items: []lineNode{}}
	for _, l := range lines {
		c.Items = append(c.Items, lineNode{graphql.ID(l.SKU), int32(l.Quantity)})
	}
	return c
}

// Products resolves the field products.
func (r *root) Products(ctx context.Context, args struct {
	Q    string
	Page int32
}) (page pageNode, err error) {
	if _, err := r.begin(ctx, "query products"); err != nil {
		return page, err
	}
	if args.Page < 1 {
		return page, invalid("page is not a number from 1: %d", args.Page)
	}
	items, total := r.shop.find(args.Q, int(args.Page))
	page = pageNode{Items: []productNode{}, Page: args.Page, Total: int32(total)}
	for _, p := range items {
		page.Items = append(page.Items, nodeOf(p))
	}
	return page, nil
}

// Product resolves the field product. It is null if there is none.
func (r *root) Product(ctx context.Context, args struct{ ID graphql.ID }) (*productNode, error) {
	if _, err := r.begin(ctx, "query product"); err != nil {
		return nil, err
	}
	p, err := r.shop.byID(string(args.ID))
	if err != nil {
		return nil, nil //nolint:nilerr // GraphQL says null for what is not there
	}
	node := nodeOf(p)
	return &node, nil
}

// Search resolves the field search.
func (r *root) Search(ctx context.Context, args struct {
	Q     string
	First int32
	Order string
}) (result resultNode, err error) {
	if _, err := r.begin(ctx, "query search"); err != nil {
		return result, err
	}
	hits, err := r.shop.rank(args.Q)
	if err != nil {
		return result, err
	}
	result = resultNode{Items: []hitNode{}, Total: int32(len(hits))}
	for _, h := range best(hits, int(args.First), args.Order) {
		result.Items = append(result.Items, hitNode{nodeOf(h.product), int32(h.Score)})
	}
	return result, nil
}

// Cart resolves the field cart.
func (r *root) Cart(ctx context.Context) (cartNode, error) {
	c, err := r.begin(ctx, "query cart")
	return cartOf(r.shop.carts.items(c.token)), err
}

// Login resolves the field login.
func (r *root) Login(ctx context.Context, args struct{ User, Password string }) (sessionNode, error) {
	c, err := r.begin(ctx, "mutation login")
	if err != nil {
		return sessionNode{}, err
	}
	token, err := r.shop.open(args.User, args.Password)
	if err == nil {
		c.opened.Store(&token)
	}
	return sessionNode{token}, err
}

// AddToCart resolves the field addToCart.
func (r *root) AddToCart(ctx context.Context, args struct{ Line lineNode }) (cartNode, error) {
	c, err := r.begin(ctx, "mutation addToCart")
	if err != nil {
		return cartNode{}, err
	}
	lines, err := r.shop.put(c.token, line{string(args.Line.SKU), int(args.Line.Quantity)})
	return cartOf(lines), err
}

// Stock resolves the subscription stock.
func (r *root) Stock(ctx context.Context, args struct {
	SKU            graphql.ID
	Count, EveryMs int32
}) (<-chan tickNode, error) {
	if _, err := r.shop.withSKU(string(args.SKU)); err != nil {
		return nil, err
	}
	ticks := make(chan tickNode)
	go func() { // ends with ctx
		defer close(ticks)
		w := watch{sku: string(args.SKU), count: int(args.Count), every: time.Duration(args.EveryMs) * time.Millisecond}
		_ = r.shop.ticks(w, ctx.Done(), func(t tick) error { // the SKU is known; else it ends as the caller does
			again, err := r.shop.trouble.begin("subscription stock")
			if err != nil {
				return err
			}
			var node tickNode
			for range again + 1 {
				node = tickNode{int32(t.Sequence), graphql.ID(t.SKU), int32(t.Stock), t.At.Format(time.RFC3339Nano)}
			}
			select {
			case ticks <- node:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	}()
	return ticks, nil
}
