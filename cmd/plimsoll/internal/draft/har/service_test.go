package har_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// page is opened by the browser. app.js acts like a visitor, and then changes the title.
const page = `<!DOCTYPE html><html><head><title>shop</title><link rel="stylesheet" href="/style.css"><script src="/app.js" defer></script></head>
<body><img src="/logo.png"><form><input type="hidden" name="csrf" value="%s"></form></body></html>`

const app = `
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
async function visit() {
  let auth = {};
  const call = async (method, path, body) => (await fetch(path, {method, headers: {"X-Shop": "web", ...(body ? {"Content-Type": "application/json"} : {}), ...auth}, body: body && JSON.stringify(body)})).json();
  const login = await call("POST", "/api/login", {user: "ada", password: "correct horse", csrf: document.querySelector("[name=csrf]").value});
  auth = {Authorization: "Bearer " + login.token};
  const list = await call("GET", "/api/items?page=1&size=20");
  const item = list.items[2];
  await call("GET", "/api/items/" + item.id);
  await call("GET", "/api/items/17");
  await sleep(1300);
  const cart = await call("POST", "/api/carts", {sku: item.sku, quantity: 2, note: "a ${note}"});
  await call("PUT", "/api/carts/" + cart.id, {quantity: 3});
  await fetch("/api/coupon", {method: "POST", headers: auth, body: new URLSearchParams({code: "SPRING", cart: cart.id})});
  await call("POST", "/graphql", {operationName: "Top", query: "query Top($n: Int!) { top(n: $n) { id name } }", variables: {n: 3}});
  const order = await call("POST", "/api/orders", {cart: cart.id});
  await call("GET", "/api/orders/" + order.id);
  const form = new FormData();
  form.append("title", "boots");
  form.append("picture", new Blob(["picture"], {type: "image/png"}), "boots.png");
  await fetch("/api/pictures", {method: "POST", headers: auth, body: form});
  await fetch("/api/missing", {headers: auth});
  await new Promise((done) => {
    const socket = new WebSocket("ws://" + location.host + "/chat");
    socket.onopen = () => socket.send(JSON.stringify({op: "join", room: "boots"}));
    socket.onmessage = () => { socket.send("bye"); setTimeout(() => { socket.close(); done(); }, 100); };
  });
  await fetch(OTHER + "/track?visit=1").catch(() => 0);
  document.title = "done";
}
visit();
`

// service is a shop that takes what its page sends and no more.
type service struct {
	mu       sync.Mutex
	other    string // another host, which the page calls too
	tokens   map[string]bool
	forms    map[string]bool
	carts    map[string]bool
	orders   map[string]bool
	next     int
	seen     map[string]int
	refusals []string
}

func newService(other string) *service {
	return &service{other: other, tokens: map[string]bool{}, forms: map[string]bool{}, carts: map[string]bool{}, orders: map[string]bool{}, seen: map[string]int{}}
}

// made is a new id.
func (s *service) made(of map[string]bool, prefix string) string {
	s.next++
	id := fmt.Sprintf("%s%06d", prefix, s.next)
	of[id] = true
	return id
}

type refusal struct {
	status int
	text   string
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/chat" {
		s.chat(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if why, is := recover().(refusal); is {
			s.refusals = append(s.refusals, fmt.Sprintf("%s %s: %d %s", r.Method, r.URL, why.status, why.text))
			http.Error(w, why.text, why.status)
		}
	}()
	s.answer(w, r, string(body))
}

func need(ok bool, status int, format string, args ...any) {
	if !ok {
		panic(refusal{status, fmt.Sprintf(format, args...)})
	}
}

func (s *service) answer(w http.ResponseWriter, r *http.Request, body string) {
	reply := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // the client notices a short answer
	}
	var in map[string]any
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		need(json.Unmarshal([]byte(body), &in) == nil, 400, "broken JSON: %q", body)
	}
	signedIn := func() {
		token, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		need(is && s.tokens[token], 401, "the token is %q", token)
		cookie, err := r.Cookie("session")
		need(err == nil && cookie.Value != "", 401, "the cookie of the session is missing")
	}
	path := r.URL.Path
	s.seen[r.Method+" "+path]++
	switch route := r.Method + " " + path; {
	case route == "GET /":
		http.SetCookie(w, &http.Cookie{Name: "session", Value: fmt.Sprintf("s%d", s.next), Path: "/", HttpOnly: true})
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, page, s.made(s.forms, "csrf-token-"))
	case route == "GET /app.js":
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprintf(w, "const OTHER = %q;%s", s.other, app)
	case route == "GET /style.css":
		w.Header().Set("Content-Type", "text/css")
	case route == "GET /logo.png", route == "GET /favicon.ico":
		w.Header().Set("Content-Type", "image/png")
	case route == "POST /api/login":
		csrf, _ := in["csrf"].(string)
		need(s.forms[csrf], 403, "the token of the form is %q", csrf)
		need(in["user"] == "ada" && in["password"] == "correct horse", 401, "wrong password %q", in["password"])
		need(r.Header.Get("X-Shop") == "web", 400, "X-Shop is missing")
		reply(map[string]any{"token": s.made(s.tokens, "eyJhbGciOiJIUzI1NiJ9."), "user": map[string]any{"name": "ada", "admin": false}})
	case route == "GET /api/items":
		signedIn()
		need(r.URL.RawQuery == "page=1&size=20", 400, "the query is %q", r.URL.RawQuery)
		reply(map[string]any{"items": []any{map[string]any{"id": 4711, "sku": "SKU-0001"}, map[string]any{"id": 4712, "sku": "SKU-0002"}, map[string]any{"id": 4713, "sku": "SKU-0003"}}})
	case strings.HasPrefix(route, "GET /api/items/"):
		signedIn()
		id := strings.TrimPrefix(path, "/api/items/")
		need(id == "4713" || id == "17", 404, "there is no item %s", id)
		reply(map[string]any{"id": 4713, "name": "Boots"})
	case route == "POST /api/carts":
		signedIn()
		need(in["sku"] == "SKU-0003" && in["quantity"] == 2.0 && in["note"] == "a ${note}", 422, "the cart is %v", in)
		reply(map[string]any{"id": s.made(s.carts, "cart-"), "lines": 1})
	case strings.HasPrefix(route, "PUT /api/carts/"):
		signedIn()
		need(s.carts[strings.TrimPrefix(path, "/api/carts/")] && in["quantity"] == 3.0, 404, "there is no cart %s", path)
		reply(map[string]any{"ok": true})
	case route == "POST /api/coupon":
		signedIn()
		need(strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") && strings.HasPrefix(body, "code=SPRING&cart=cart-"), 422, "the form is %q", body)
		reply(map[string]any{"ok": true})
	case route == "POST /graphql":
		signedIn()
		variables, _ := in["variables"].(map[string]any)
		need(strings.Contains(fmt.Sprint(in["query"]), "query Top(") && variables["n"] == 3.0, 422, "the operation is %v", in)
		reply(map[string]any{"data": map[string]any{"top": []any{map[string]any{"id": "1", "name": "Boots"}}}})
	case route == "POST /api/orders":
		signedIn()
		cart, _ := in["cart"].(string)
		need(s.carts[cart], 422, "there is no cart %q", cart)
		w.Header().Set("Location", "/api/orders/1")
		reply(map[string]any{"id": s.made(s.orders, "order-")})
	case strings.HasPrefix(route, "GET /api/orders/"):
		signedIn()
		need(s.orders[strings.TrimPrefix(path, "/api/orders/")], 404, "there is no order %s", path)
		reply(map[string]any{"state": "open"})
	case route == "POST /api/pictures":
		signedIn()
		need(strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data; boundary=") && strings.Contains(body, `name="title"`) && strings.Contains(body, `filename="boots.png"`) && strings.Contains(body, "Content-Type: image/png"), 422, "the form is %q", body)
		reply(map[string]any{"ok": true})
	case route == "GET /api/missing":
		http.Error(w, "no", http.StatusNotFound)
	default:
		need(false, 404, "there is no %s", route)
	}
}

// chat answers a join and takes a bye.
func (s *service) chat(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	refuse := func(format string, args ...any) {
		s.mu.Lock()
		s.refusals = append(s.refusals, fmt.Sprintf(format, args...))
		s.mu.Unlock()
		_ = conn.Close(websocket.StatusPolicyViolation, "not so") // the client may have gone
	}
	_, message, err := conn.Read(r.Context())
	if err != nil {
		return
	}
	if string(message) != `{"op":"join","room":"boots"}` {
		refuse("chat: the first message is %s", message)
		return
	}
	if conn.Write(r.Context(), websocket.MessageText, []byte(`{"op":"joined"}`)) != nil {
		return
	}
	if _, message, err = conn.Read(r.Context()); err == nil && string(message) != "bye" {
		refuse("chat: the second message is %s", message)
		return
	}
	s.mu.Lock()
	s.seen["chat"]++
	s.mu.Unlock()
	_, _, _ = conn.Read(r.Context()) // until the client closes
}
