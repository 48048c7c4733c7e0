package shop_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/plimsoll-ci/plimsoll/testdata/shop"
	"github.com/plimsoll-ci/plimsoll/testdata/shop/shopv1"
)

// ask sends an operation of GraphQL and returns the answer.
func ask(s http.Handler, operation string, header ...string) string {
	return do(s, "POST", "/graphql", operation, header...).Body.String()
}

func TestGraphQL(t *testing.T) {
	s := newShop(t, shop.Options{})
	for _, test := range []struct{ operation, contains string }{
		{`{"query":"{ product(id: 7) { sku } }"}`, `{"data":{"product":{"sku":"SKU-7"}}}`},
		{`{"query":"{ product(id: \"none\") { sku } }"}`, `{"data":{"product":null}}`},
		{`{"query":"query Find($q: String!) { search(q: $q, first: 3) { total items { score product { name } } } }","variables":{"q":"warm boots"}}`, `"score":`},
		{`{"query":"{ products(q: \"boots\", page: 2) { page total items { id } } }"}`, `"page":2`},
		{`{"query":"{ search(q: \"\") { total } }"}`, `"code":"BAD_USER_INPUT"`},
		{`{"query":"mutation { login(user: \"a\", password: \"\") { token } }"}`, `"code":"UNAUTHENTICATED"`},
		{`{"query":"mutation { addToCart(line: {sku: \"none\"}) { items { sku } } }"}`, `"code":"NOT_FOUND"`},
		{`{"query":"mutation { addToCart(line: {sku: \"SKU-3\", quantity: 2}) { items { sku quantity } } }"}`, `"quantity":2`},
		{`{"query":"{ cart { items { sku } } }"}`, `"SKU-3"`},
		{`{"query":"{ nothing }"}`, `Cannot query field`},
		{`{"query":"{ __schema { queryType { name } } }"}`, `"Query"`},
	} {
		if got := ask(s, test.operation); !strings.Contains(got, test.contains) {
			t.Errorf("%s: got %.300s, want %s", test.operation, got, test.contains)
		}
	}
	login := do(s, "POST", "/graphql", `{"query":"mutation { login(user: \"a\", password: \"b\") { token } }"}`)
	if !strings.Contains(login.Header().Get("Set-Cookie"), "token=") {
		t.Errorf("login sets no cookie: %v", login.Header())
	}
}

// The trouble of a root field reaches the whole operation, and no cart but the shadow's.
func TestGraphQLTrouble(t *testing.T) {
	s := newShop(t, shop.Options{
		Slow: []shop.Slow{{Route: "mutation addToCart", Share: 3}},
		Fail: []shop.Fail{{Route: "query product", Share: 1}},
	})
	const add = `{"query":"mutation { addToCart(line: {sku: \"SKU-1\"}) { items { sku } } }"}`
	const cart = `{"query":"{ cart { items { sku } } }"}`
	ask(s, add, "X-Token", "me")
	if mine, shadows := strings.Count(ask(s, cart, "X-Token", "me"), "SKU-1"), strings.Count(ask(s, cart, "X-Token", "shadow"), "SKU-1"); mine != 1 || shadows != 3 {
		t.Errorf("one line put in, with three times as much more work: %d in the cart, %d in the shadow's", mine, shadows)
	}
	if got := ask(s, `{"query":"{ product(id: 7) { sku } }"}`); !strings.Contains(got, "chosen to fail") {
		t.Errorf("a failing query: %s", got)
	}
}

// open opens a WebSocket and returns how to talk over it.
func open(t *testing.T, s *shop.Shop, path string, subprotocols ...string) (send func(string), receive func(contains string) string) {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, server.URL+path, &websocket.DialOptions{Subprotocols: subprotocols})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	send = func(text string) {
		t.Helper()
		if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	receive = func(contains string) string {
		t.Helper()
		_, text, err := conn.Read(ctx)
		if err != nil {
			text = []byte(err.Error())
		}
		if !strings.Contains(string(text), contains) {
			t.Fatalf("got %.300s, want %s", text, contains)
		}
		return string(text)
	}
	return send, receive
}

func TestSubscriptions(t *testing.T) {
	send, receive := open(t, newShop(t, shop.Options{}), "/graphql", "graphql-transport-ws")
	send(`{"type":"connection_init"}`)
	receive(`"connection_ack"`)
	send(`{"type":"ping","payload":{"n":1}}`)
	receive(`{"type":"pong","payload":{"n":1}}`)
	send(`{"id":"1","type":"subscribe","payload":{"query":"subscription { stock(sku: \"SKU-7\", count: 3, everyMs: 1) { sequence sku } }"}}`)
	for _, want := range []string{`"sequence":1`, `"sequence":2`, `"sequence":3`, `"complete"`} {
		receive(want)
	}
	send(`{"id":"2","type":"subscribe","payload":{"query":"{ product(id: 7) { sku } }"}}`)
	receive(`"next","payload":{"data":{"product":{"sku":"SKU-7"}}}`)
	receive(`{"id":"2","type":"complete"}`)
	send(`{"id":"3","type":"subscribe","payload":{"query":"{ nothing }"}}`)
	receive(`"error","payload":[{"message":"Cannot query`)
	send(`{"id":"4","type":"subscribe","payload":{"query":"subscription { stock(sku: \"none\") { sku } }"}}`)
	receive(`{"id":"4","type":"error","payload":[{"message":"there is no product with SKU none"}]}`)
	send(`{"id":"5","type":"subscribe","payload":{"query":"subscription { stock(sku: \"SKU-7\", everyMs: 1) { sequence } }"}}`)
	receive(`"sequence":1`)
	send(`{"id":"5","type":"complete"}`)
	send(`{"type":"ping"}`)
	for text := receive("{"); !strings.Contains(text, "pong"); { // events that were on their way
		text = receive("{")
	}
	send(`{"type":"connection_init"}`)
	receive("4429")
}

// A message that the protocol forbids closes the connection with the code for it.
func TestSubscriptionsRefuse(t *testing.T) {
	for code, messages := range map[string][]string{
		"4400": {`{"type":"greeting"}`},
		"4401": {`{"id":"1","type":"subscribe","payload":{"query":"{ cart { items { sku } } }"}}`},
		"4409": {
			`{"type":"connection_init"}`,
			`{"id":"1","type":"subscribe","payload":{"query":"subscription { stock(sku: \"SKU-7\", everyMs: 60000) { sequence } }"}}`,
			`{"id":"1","type":"subscribe","payload":{"query":"{ cart { items { sku } } }"}}`,
		},
	} {
		send, receive := open(t, newShop(t, shop.Options{}), "/graphql", "graphql-transport-ws")
		for _, message := range messages {
			send(message)
		}
		for last := receive(""); ; last = receive("") {
			if !strings.HasPrefix(last, "{") && !strings.Contains(last, code) {
				t.Fatalf("%v end with %s, want %s", messages, last, code)
			}
			if strings.Contains(last, `"complete"`) {
				t.Errorf("%v is answered", messages)
			}
			if strings.Contains(last, code) {
				break
			}
		}
	}
	_, receive := open(t, newShop(t, shop.Options{}), "/graphql")
	receive("4406")
}

func TestLive(t *testing.T) {
	s := newShop(t, shop.Options{Fail: []shop.Fail{{Route: "WS /live product", Share: 0.5}}, Slow: []shop.Slow{{Route: "WS /live add", Share: 2}}})
	send, receive := open(t, s, "/live")
	for _, test := range [][2]string{
		{`{"type":"join","user":"u1"}`, `"session_id":"`},
		{`{"type":"search","q":"warm boots","id":9}`, `{"id":9,"items":[{`},
		{`{"type":"search"}`, `"error":"q is empty`},
		{`{"type":"product","product":7}`, `"sku":"SKU-7"`},
		{`{"type":"product","product":7}`, `chosen to fail`},
		{`{"type":"add","sku":"SKU-3"}`, `"items":[{"sku":"SKU-3","quantity":1}]`},
		{`{"type":"dance"}`, `no message of type \"dance\"`},
		{`{`, `not the JSON`},
	} {
		send(test[0])
		receive(test[1])
	}
	if got := strings.Count(do(s, "GET", "/cart", "", "X-Token", "shadow").Body.String(), "SKU-3"); got != 2 {
		t.Errorf("the work was done again %d times, want 2", got)
	}
	send(`{"type":"watch","sku":"SKU-7","count":2,"every":"1ms"}`)
	for _, want := range []string{`"sequence":1`, `"sequence":2`, `"watched"`} {
		receive(want)
	}
	send("bye")
	receive("StatusNormalClosure")
}

func TestEvents(t *testing.T) {
	s := newShop(t, shop.Options{})
	got := do(s, "GET", "/events?sku=SKU-7&count=2&every=1ms", "", "Last-Event-ID", "40")
	if got.Header().Get("Content-Type") != "text/event-stream" || !strings.HasPrefix(got.Body.String(), "id: 41\nevent: stock\ndata: {\"sequence\":41,\"sku\":\"SKU-7\"") ||
		strings.Count(got.Body.String(), "\n\n") != 2 {
		t.Errorf("got %v %s", got.Header(), got.Body)
	}
	for url, want := range map[string]string{"?sku=none": "no product", "?count=x": "count is not", "?every=x": "every is not"} {
		if got := do(s, "GET", "/events"+url, ""); got.Code < 400 || !strings.Contains(got.Body.String(), want) {
			t.Errorf("%s: %d %s", url, got.Code, got.Body)
		}
	}
	s = newShop(t, shop.Options{Fail: []shop.Fail{{Route: "SSE /events", Share: 0.5}}})
	if got := do(s, "GET", "/events?count=9&every=0s", ""); strings.Count(got.Body.String(), "\n\n") != 1 {
		t.Errorf("the second event fails, and ends the stream: %s", got.Body)
	}
}

// dial serves the shop over gRPC.
func dial(t *testing.T, s *shop.Shop) *grpc.ClientConn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := s.NewServer()
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestGRPC(t *testing.T) {
	conn := dial(t, newShop(t, shop.Options{Slow: []shop.Slow{{Route: "shop.v1.Shop/AddToCart", Share: 2}, {Route: "shop.v1.Shop/FillCart", Share: 1}}}))
	client := shopv1.NewShopClient(conn)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-token", "me")

	p, err := client.GetProduct(ctx, &shopv1.GetProductRequest{By: &shopv1.GetProductRequest_Sku{Sku: "SKU-7"}})
	if err != nil || p.GetId() != 7 || p.GetPriceCents() == 0 || p.GetLabels()["kind"] == "" {
		t.Errorf("product 7: %v, %v", p, err)
	}
	_, err = client.GetProduct(ctx, &shopv1.GetProductRequest{By: &shopv1.GetProductRequest_Id{Id: 9999}})
	if s := status.Convert(err); s.Code() != codes.NotFound || len(s.Details()) != 1 || s.Details()[0].(*errdetails.ResourceInfo).GetResourceType() == "" {
		t.Errorf("a product that is not there: %v %v", err, status.Convert(err).Details())
	}
	var trailer metadata.MD
	found, err := client.Search(ctx, &shopv1.SearchRequest{Text: "warm boots", TopK: new(int32(3)), Order: shopv1.Order_ORDER_PRICE}, grpc.Trailer(&trailer))
	if err != nil || len(found.GetItems()) != 3 || len(trailer["x-total"]) != 1 || !slices.IsSortedFunc(found.GetItems(), func(a, b *shopv1.Hit) int {
		return int(a.GetProduct().GetPriceCents() - b.GetProduct().GetPriceCents())
	}) {
		t.Errorf("a search: %v, %v, trailer %v", found, err, trailer)
	}
	if _, err := client.Search(ctx, &shopv1.SearchRequest{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("a search for nothing: %v", err)
	}
	if _, err := client.Login(ctx, &shopv1.LoginRequest{User: "a"}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("a login without a password: %v", err)
	}
	if page, err := client.ListProducts(ctx, &shopv1.ListProductsRequest{Query: "boots", Page: 2}); err != nil || page.GetPage() != 2 {
		t.Errorf("a page: %v, %v", page, err)
	}
	cart, err := client.AddToCart(ctx, &shopv1.Line{Sku: "SKU-3", Quantity: 2})
	if err != nil || len(cart.GetItems()) != 1 {
		t.Errorf("the first line in a cart: %v, %v", cart, err)
	}
	fill, err := client.FillCart(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := fill.Send(&shopv1.Line{Sku: "SKU-3"}); err != nil {
			t.Fatal(err)
		}
	}
	if filled, err := fill.CloseAndRecv(); err != nil || filled.GetCount() != 5 || len(filled.GetCart().GetItems()) != 6 {
		t.Errorf("a cart filled: %v, %v", filled, err)
	}
	shadow, err := client.GetCart(metadata.AppendToOutgoingContext(t.Context(), "x-token", "shadow"), &shopv1.GetCartRequest{})
	if err != nil || len(shadow.GetItems()) != 2+5 {
		t.Errorf("the work done again: %v, %v", shadow, err)
	}
}

func TestGRPCStreams(t *testing.T) {
	s := newShop(t, shop.Options{Fail: []shop.Fail{{Route: "shop.v1.Shop/Ask", Share: 0.5}}})
	conn := dial(t, s)
	client := shopv1.NewShopClient(conn)
	watch, err := client.WatchStock(t.Context(), &shopv1.WatchStockRequest{Sku: "SKU-7", Count: 3, Every: durationpb.New(0)})
	if err != nil {
		t.Fatal(err)
	}
	for want := range 3 {
		if got, err := watch.Recv(); err != nil || got.GetSequence() != int64(want+1) {
			t.Errorf("message %d: %v, %v", want+1, got, err)
		}
	}
	if _, err := watch.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last message: %v", err)
	}
	asking, err := client.Ask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if err := asking.Send(&shopv1.SearchRequest{Text: "tent"}); err != nil {
			t.Fatal(err)
		}
		got, err := asking.Recv()
		if (i == 0) != (err == nil && got.GetTotal() > 0) || i == 1 && status.Code(err) != codes.Internal {
			t.Errorf("question %d: %v, %v", i+1, got, err)
		}
	}
	// A stream without end ends with the shop's streams.
	watch, err = client.WatchStock(t.Context(), &shopv1.WatchStockRequest{Sku: "SKU-7", Every: durationpb.New(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Recv(); err != nil {
		t.Fatal(err)
	}
	s.EndStreams()
	if _, err := watch.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the shop ends its streams: %v", err)
	}
}

func TestGRPCTellsOfItself(t *testing.T) {
	conn := dial(t, newShop(t, shop.Options{}))
	if got, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil || got.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", got, err)
	}
	reflected, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := reflected.Send(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	if got, err := reflected.Recv(); err != nil || !strings.Contains(got.String(), "shop.v1.Shop") {
		t.Errorf("reflection: %v, %v", got, err)
	}
}

// TestMainOpensEveryDoor runs the program with both ports, and ends it while streams are open.
func TestMainOpensEveryDoor(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stdout, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- shop.Main(ctx, []string{"-addr", "127.0.0.1:0", "-grpc", "127.0.0.1:0"}, func(string) string { return "" }, w, io.Discard)
	}()
	lines := bufio.NewScanner(stdout)
	address := func(greeting string) string {
		lines.Scan()
		rest, ok := strings.CutPrefix(lines.Text(), greeting)
		if !ok {
			t.Fatalf("it says %q, want %s…", lines.Text(), greeting)
		}
		return rest
	}
	web, grpcAt := address("shop listens on "), address("shop answers gRPC on ")

	h2c := &http.Transport{Protocols: new(http.Protocols)}
	h2c.Protocols.SetUnencryptedHTTP2(true)
	response, err := (&http.Client{Transport: h2c}).Get(web + "/events")
	if err != nil || response.ProtoMajor != 2 {
		t.Fatalf("HTTP/2: %v, %v", response, err)
	}
	conn, err := grpc.NewClient(grpcAt, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	watch, err := shopv1.NewShopClient(conn).WatchStock(t.Context(), &shopv1.WatchStockRequest{Sku: "SKU-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Recv(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("told to end, it says %v", err)
	}
	if _, err := io.ReadAll(response.Body); err != nil {
		t.Errorf("the events end with %v", err)
	}
	for err == nil {
		_, err = watch.Recv()
	}
	if !errors.Is(err, io.EOF) {
		t.Errorf("the stream ends with %v", err)
	}
}
