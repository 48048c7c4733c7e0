package shop

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // callers may compress
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/plimsoll-ci/plimsoll/testdata/shop/shopv1"
)

// methods are the operations of gRPC.
func methods() (names []string) {
	service := &shopv1.Shop_ServiceDesc
	for _, m := range service.Methods {
		names = append(names, service.ServiceName+"/"+m.MethodName)
	}
	for _, s := range service.Streams {
		names = append(names, service.ServiceName+"/"+s.StreamName)
	}
	return names
}

// NewServer returns a gRPC server with shop.v1.Shop, health and reflection.
func (s *Shop) NewServer(options ...grpc.ServerOption) *grpc.Server {
	server := grpc.NewServer(append(options, grpc.UnaryInterceptor(s.unary))...)
	shopv1.RegisterShopServer(server, &methodsOf{shop: s})
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	reflection.Register(server)
	return server
}

// unary does the trouble of a unary method.
func (s *Shop) unary(ctx context.Context, message any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	again, err := s.trouble.begin(info.FullMethod[1:])
	if err != nil {
		return nil, codeOf(err)
	}
	for range again {
		_, _ = handle(metadata.NewIncomingContext(ctx, metadata.Pairs("x-token", shadow)), message) // as below
	}
	answer, err := handle(ctx, message)
	return answer, codeOf(err)
}

// codeOf says an error as gRPC does.
func codeOf(err error) error {
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	code := codes.Internal
	switch r.status {
	case http.StatusBadRequest:
		code = codes.InvalidArgument
	case http.StatusUnauthorized:
		code = codes.Unauthenticated
	case http.StatusNotFound:
		detailed, err := status.New(codes.NotFound, r.sentence).WithDetails(&errdetails.ResourceInfo{ResourceType: "shop.v1.Product", Description: r.sentence})
		if err == nil {
			return detailed.Err()
		}
		code = codes.NotFound
	}
	return status.Error(code, r.sentence)
}

// tokenOf returns the caller's token; empty for anonymous callers, who share one cart.
func tokenOf(ctx context.Context) string {
	if tokens := metadata.ValueFromIncomingContext(ctx, "x-token"); len(tokens) > 0 {
		return tokens[0]
	}
	return ""
}

// methodsOf are the methods of shop.v1.Shop.
type methodsOf struct {
	shopv1.UnimplementedShopServer
	shop *Shop
}

// GetProduct finds one product.
func (m *methodsOf) GetProduct(_ context.Context, q *shopv1.GetProductRequest) (*shopv1.Product, error) {
	p, err := m.shop.withSKU(q.GetSku())
	if q.GetSku() == "" {
		p, err = m.shop.byID(strconv.Itoa(int(q.GetId())))
	}
	if err != nil {
		return nil, err
	}
	return messageOf(p), nil
}

func messageOf(p *product) *shopv1.Product {
	return &shopv1.Product{
		Id: int32(p.ID), Sku: p.SKU, Name: p.Name, Description: p.Description, Price: p.Price, Stock: int32(p.Stock),
		PriceCents: int64(p.cents()), Labels: map[string]string{"kind": p.kind()},
	}
}

// ListProducts lists a page.
func (m *methodsOf) ListProducts(_ context.Context, q *shopv1.ListProductsRequest) (*shopv1.ListProductsReply, error) {
	if q.GetPage() < 0 {
		return nil, invalid("page is not a number from 1: %d", q.GetPage())
	}
	page := max(1, q.GetPage())
	items, total := m.shop.find(q.GetQuery(), int(page))
	reply := &shopv1.ListProductsReply{Page: page, Total: int32(total)}
	for _, p := range items {
		reply.Items = append(reply.Items, messageOf(p))
	}
	return reply, nil
}

// Search ranks the catalogue.
func (m *methodsOf) Search(ctx context.Context, q *shopv1.SearchRequest) (*shopv1.SearchReply, error) {
	reply, err := m.search(q)
	if err != nil {
		return nil, err
	}
	return reply, grpc.SetTrailer(ctx, metadata.Pairs("x-total", strconv.Itoa(int(reply.GetTotal()))))
}

func (m *methodsOf) search(q *shopv1.SearchRequest) (*shopv1.SearchReply, error) {
	hits, err := m.shop.rank(q.GetText())
	if err != nil {
		return nil, err
	}
	n, order := perPage, ""
	if q.TopK != nil {
		n = int(q.GetTopK())
	}
	if q.GetOrder() == shopv1.Order_ORDER_PRICE {
		order = "PRICE"
	}
	reply := &shopv1.SearchReply{Total: int32(len(hits)), Text: q.GetText()}
	for _, h := range best(hits, n, order) {
		reply.Items = append(reply.Items, &shopv1.Hit{Product: messageOf(h.product), Score: int32(h.Score)})
	}
	return reply, nil
}

// Login opens a cart.
func (m *methodsOf) Login(_ context.Context, q *shopv1.LoginRequest) (*shopv1.Session, error) {
	token, err := m.shop.open(q.GetUser(), q.GetPassword())
	if err != nil {
		return nil, err
	}
	return &shopv1.Session{Token: token, Secret: []byte(token)}, nil
}

// GetCart returns the caller's cart.
func (m *methodsOf) GetCart(ctx context.Context, _ *shopv1.GetCartRequest) (*shopv1.Cart, error) {
	return cartMessage(m.shop.carts.items(tokenOf(ctx))), nil
}

func cartMessage(lines []line) *shopv1.Cart {
	c := &shopv1.Cart{}
	for _, l := range lines {
		c.Items = append(c.Items, &shopv1.Line{Sku: l.SKU, Quantity: int32(l.Quantity)})
	}
	return c
}

// AddToCart puts a line into the caller's cart.
func (m *methodsOf) AddToCart(ctx context.Context, q *shopv1.Line) (*shopv1.Cart, error) {
	lines, err := m.shop.put(tokenOf(ctx), lineOf(q))
	return cartMessage(lines), err
}

func lineOf(q *shopv1.Line) line {
	l := line{q.GetSku(), int(q.GetQuantity())}
	if l.Quantity == 0 {
		l.Quantity = 1
	}
	return l
}

// FillCart puts lines into the caller's cart.
func (m *methodsOf) FillCart(stream grpc.ClientStreamingServer[shopv1.Line, shopv1.FillCartReply]) error {
	reply := &shopv1.FillCartReply{}
	token := tokenOf(stream.Context())
	for {
		q, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			reply.Cart = cartMessage(m.shop.carts.items(token))
			return stream.SendAndClose(reply)
		}
		if err != nil {
			return err
		}
		err = m.message("FillCart", token, func(token string) error { _, err := m.shop.put(token, lineOf(q)); return err })
		if err != nil {
			return codeOf(err)
		}
		reply.Count++
	}
}

// message does the work for a message of a stream, and what is wrong with it.
func (m *methodsOf) message(method, token string, work func(token string) error) error {
	again, err := m.shop.trouble.begin("shop.v1.Shop/" + method)
	if err != nil {
		return err
	}
	for range again {
		_ = work(shadow) // as below
	}
	return work(token)
}

// WatchStock tells the stock of a product.
func (m *methodsOf) WatchStock(q *shopv1.WatchStockRequest, stream grpc.ServerStreamingServer[shopv1.Stock]) error {
	w := watch{sku: q.GetSku(), count: int(q.GetCount()), every: defaultEvery}
	if q.GetEvery() != nil {
		w.every = q.GetEvery().AsDuration()
	}
	if w.count < 0 || w.every < 0 {
		return codeOf(invalid("count and every are from 0"))
	}
	return codeOf(m.shop.ticks(w, stream.Context().Done(), func(t tick) error {
		var stock *shopv1.Stock
		err := m.message("WatchStock", "", func(string) error {
			stock = &shopv1.Stock{Sequence: t.Sequence, Sku: t.SKU, Stock: int32(t.Stock), At: timestamppb.New(t.At)}
			return nil
		})
		if err != nil {
			return err
		}
		return stream.Send(stock)
	}))
}

// Ask answers each search in turn.
func (m *methodsOf) Ask(stream grpc.BidiStreamingServer[shopv1.SearchRequest, shopv1.SearchReply]) error {
	for {
		q, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var reply *shopv1.SearchReply
		err = m.message("Ask", "", func(string) (err error) { reply, err = m.search(q); return err })
		if err != nil {
			return codeOf(err)
		}
		if err := stream.Send(reply); err != nil {
			return err
		}
	}
}
