// Package shop is the sample service that Plimsoll's demo, tests and benchmarks load: a small web
// shop in memory, with a seeded catalogue. It has a door for each kind of API.
//
// New returns an http.Handler with these routes:
//
//	GET  /health            always 204
//	GET  /products          ?q= part of a name, ?page= from 1; 20 per page
//	GET  /products/{id}     one product
//	GET  /search            ?q= words; ranks the whole catalogue and is heavy on the CPU
//	POST /login             {"user","password"}: a token, as JSON and as a cookie
//	GET  /cart              the caller's cart
//	POST /cart              {"sku","quantity"}: puts into the cart, 201
//	POST /graphql           queries and mutations of schema.graphql
//	GET  /graphql           a WebSocket of graphql-transport-ws, for subscriptions too
//	GET  /live              a WebSocket: see live.go
//	GET  /events            server-sent events: the stock of a product, ?sku=&count=&every=
//
// NewServer returns a gRPC server with shop.v1.Shop of shop.proto, which has methods of all four kinds.
//
// An error of HTTP is {"error": "a sentence"} with its status. Memory is bounded however long the service
// runs: old carts are dropped. Options can make operations slow, failing or stalling. An operation is a route
// of HTTP ("GET /search"), a root field of GraphQL ("query search"), a method of gRPC ("shop.v1.Shop/Search"),
// a kind of message over the WebSocket ("WS /live search") or an event ("SSE /events"). Safe for
// concurrent use; the catalogue is read without a lock. Main is the whole program.
package shop

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/graph-gophers/graphql-go"
)

// Options say how large the shop is and what is wrong with it. The zero value is a healthy shop of
// the default size.
type Options struct {
	Seed     uint64
	Products int // in the catalogue; 0 for DefaultProducts
	Slow     []Slow
	Fail     []Fail
	Stall    Stall
}

// DefaultProducts is the size of the catalogue. A search takes a few tenths of a millisecond of CPU
// time: see BenchmarkRoutes/search.
const DefaultProducts = 2000

const perPage = 20

// maxBody is the largest body that a client may send, in bytes.
const maxBody = 1 << 20

// Shop is the service.
type Shop struct {
	catalogue []product
	bySKU     map[string]*product
	carts     carts
	mux       *http.ServeMux
	schema    *graphql.Schema
	trouble   trouble
	ending    chan struct{} // closed by EndStreams
}

var _ http.Handler = (*Shop)(nil)

// New makes a shop. It fails when Options name a route that it does not have.
func New(o Options) (*Shop, error) {
	if o.Products == 0 {
		o.Products = DefaultProducts
	}
	s := &Shop{
		catalogue: newCatalogue(o.Seed, o.Products), bySKU: map[string]*product{}, mux: http.NewServeMux(), ending: make(chan struct{}),
	}
	for i := range s.catalogue {
		s.bySKU[s.catalogue[i].SKU] = &s.catalogue[i]
	}
	routes := map[string]http.HandlerFunc{
		"GET /health":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"GET /products":      s.products,
		"GET /products/{id}": s.product,
		"GET /search":        s.search,
		"POST /login":        s.login,
		"GET /cart":          s.showCart,
		"POST /cart":         s.addToCart,
	}
	for route, handler := range routes {
		s.mux.HandleFunc(route, s.trouble.wrap(route, handler))
	}
	var operations []string
	s.schema, operations = s.newSchema()
	s.mux.HandleFunc("POST /graphql", s.graphQL)
	s.mux.HandleFunc("GET /graphql", s.graphQLStream)
	s.mux.HandleFunc("GET /live", s.live)
	s.mux.HandleFunc("GET /events", s.events)
	all := slices.Concat(slices.Collect(maps.Keys(routes)), operations, methods(), liveOperations[:], []string{eventsOperation})
	return s, s.trouble.set(o, all)
}

// ServeHTTP answers a request.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// EndStreams ends every stream, so that a server can end. Call it once.
func (s *Shop) EndStreams() { close(s.ending) }

func (s *Shop) products(w http.ResponseWriter, r *http.Request) {
	page := 1
	if text := r.URL.Query().Get("page"); text != "" {
		var err error
		if page, err = strconv.Atoi(text); err != nil || page < 1 {
			refuse(w, invalid("page is not a number from 1: %s", text))
			return
		}
	}
	items, total := s.find(r.URL.Query().Get("q"), page)
	reply(w, http.StatusOK, struct {
		Items []*product `json:"items"`
		Page  int        `json:"page"`
		Total int        `json:"total"`
	}{items, page, total})
}

func (s *Shop) product(w http.ResponseWriter, r *http.Request) {
	p, err := s.byID(r.PathValue("id"))
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, http.StatusOK, p)
}

func (s *Shop) search(w http.ResponseWriter, r *http.Request) {
	hits, err := s.rank(r.URL.Query().Get("q"))
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, http.StatusOK, struct {
		Items []hit `json:"items"`
		Total int   `json:"total"`
	}{hits[:min(perPage, len(hits))], len(hits)})
}

func (s *Shop) login(w http.ResponseWriter, r *http.Request) {
	var who struct{ User, Password string }
	if !read(w, r, &who) {
		return
	}
	token, err := s.open(who.User, who.Password)
	if err != nil {
		refuse(w, err)
		return
	}
	setToken(w, token)
	reply(w, http.StatusOK, map[string]string{"token": token})
}

func (s *Shop) showCart(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, map[string]any{"items": s.carts.items(token(r))})
}

func (s *Shop) addToCart(w http.ResponseWriter, r *http.Request) {
	item := line{Quantity: 1}
	if !read(w, r, &item) {
		return
	}
	items, err := s.put(token(r), item)
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, http.StatusCreated, map[string]any{"items": items})
}

func setToken(w http.ResponseWriter, token string) {
	http.SetCookie(w, &http.Cookie{Name: "token", Value: token, HttpOnly: true, Path: "/", SameSite: http.SameSiteStrictMode})
}

// token returns the caller's token from the header or the cookie. It is empty for anonymous callers,
// who share one cart.
func token(r *http.Request) string {
	if t := r.Header.Get("X-Token"); t != "" {
		return t
	}
	if cookie, err := r.Cookie("token"); err == nil {
		return cookie.Value
	}
	return ""
}

// read decodes a JSON body. When it fails, it has sent the answer.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(into)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", maxBody)})
	case err != nil:
		refuse(w, invalid("the body is not the JSON that is meant: %v", err))
	}
	return err == nil
}

func reply(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic("shop: " + err.Error()) // plain values of our own
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone away needs no answer
}
