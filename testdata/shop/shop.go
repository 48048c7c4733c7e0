// Package shop is the sample service that Plimsoll's demo, tests and benchmarks load: a small web
// shop over HTTP and JSON, in memory, with a seeded catalogue.
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
//
// An error is {"error": "a sentence"} with its status. Memory is bounded however long the service
// runs: old carts are dropped. Options can make routes slow, failing or stalling. Safe for
// concurrent use; the catalogue is read without a lock. Main is the whole program.
package shop

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
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
	trouble   trouble
}

var _ http.Handler = (*Shop)(nil)

// New makes a shop. It fails when Options name a route that it does not have.
func New(o Options) (*Shop, error) {
	if o.Products == 0 {
		o.Products = DefaultProducts
	}
	s := &Shop{catalogue: newCatalogue(o.Seed, o.Products), bySKU: map[string]*product{}, mux: http.NewServeMux()}
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
	if err := s.trouble.set(o, routes); err != nil {
		return nil, err
	}
	for route, handler := range routes {
		s.mux.HandleFunc(route, s.trouble.wrap(route, handler))
	}
	return s, nil
}

// ServeHTTP answers a request.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(s.trouble.stall.rest(time.Now()))
	s.mux.ServeHTTP(w, r)
}

func (s *Shop) products(w http.ResponseWriter, r *http.Request) {
	page := 1
	if text := r.URL.Query().Get("page"); text != "" {
		var err error
		if page, err = strconv.Atoi(text); err != nil || page < 1 {
			refuse(w, http.StatusBadRequest, "page is not a number from 1: "+text)
			return
		}
	}
	wanted := strings.ToLower(r.URL.Query().Get("q"))
	var found []*product
	for i := range s.catalogue {
		if strings.Contains(s.catalogue[i].lowerName, wanted) {
			found = append(found, &s.catalogue[i])
		}
	}
	from := min((page-1)*perPage, len(found))
	reply(w, http.StatusOK, struct {
		Items []*product `json:"items"`
		Page  int        `json:"page"`
		Total int        `json:"total"`
	}{found[from:min(from+perPage, len(found))], page, len(found)})
}

func (s *Shop) product(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || id < 1 || id > len(s.catalogue) {
		refuse(w, http.StatusNotFound, "there is no product "+r.PathValue("id"))
		return
	}
	reply(w, http.StatusOK, &s.catalogue[id-1])
}

// hit is a product and how well it matches.
type hit struct {
	*product
	Score int `json:"score"`
}

func (s *Shop) search(w http.ResponseWriter, r *http.Request) {
	words := strings.Fields(strings.ToLower(r.URL.Query().Get("q")))
	if len(words) == 0 {
		refuse(w, http.StatusBadRequest, "q is empty: say what to search for")
		return
	}
	hits := s.rank(words)
	reply(w, http.StatusOK, struct {
		Items []hit `json:"items"`
		Total int   `json:"total"`
	}{hits[:min(perPage, len(hits))], len(hits)})
}

// rank scores every product: a word counts three times in a name and once in a description.
func (s *Shop) rank(words []string) []hit {
	var hits []hit
	for i := range s.catalogue {
		p, score := &s.catalogue[i], 0
		for _, word := range words {
			score += 3*strings.Count(p.lowerName, word) + strings.Count(p.lowerText, word)
		}
		if score > 0 {
			hits = append(hits, hit{p, score})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		if a.Score != b.Score {
			return b.Score - a.Score
		}
		return a.ID - b.ID
	})
	return hits
}

func (s *Shop) login(w http.ResponseWriter, r *http.Request) {
	var who struct{ User, Password string }
	if !read(w, r, &who) {
		return
	}
	if who.User == "" || who.Password == "" {
		refuse(w, http.StatusUnauthorized, "user and password are both needed")
		return
	}
	token := s.carts.open()
	http.SetCookie(w, &http.Cookie{Name: "token", Value: token, HttpOnly: true, Path: "/", SameSite: http.SameSiteStrictMode})
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
	if _, known := s.bySKU[item.SKU]; !known {
		refuse(w, http.StatusNotFound, "there is no product with SKU "+item.SKU)
		return
	}
	if item.Quantity < 1 || item.Quantity > 1000 {
		refuse(w, http.StatusBadRequest, "quantity is outside 1 to 1000")
		return
	}
	reply(w, http.StatusCreated, map[string]any{"items": s.carts.add(token(r), item)})
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
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", maxBody))
	case err != nil:
		refuse(w, http.StatusBadRequest, "the body is not the JSON that is meant: "+err.Error())
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

func refuse(w http.ResponseWriter, status int, sentence string) {
	reply(w, status, map[string]string{"error": sentence})
}
