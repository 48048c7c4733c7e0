package scripts_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// k6Scripts are the profiles after scripts of k6.
func k6Scripts() []script {
	return []script{
		{"grafana.yaml", grafana, checkGrafana, []wrong{
			{`datasourceId: "${source}"`, `datasourceId: "${source} "`, "cannot unmarshal string"},
			{"    headers: *org\n    json:", "    headers: *admin\n    json:", "belongs to another organisation"},
			{`grafana_session: "~ ^.{32}$"`, `grafana_session: "~ ^.{33}$"`, "grafana_session"},
			{"json: {name: k6}", "json: {name: k7}", "the name"},
			{"json: {user: admin, password: admin}", "form: {user: admin, password: admin}", "the Content-Type"},
		}},
		{"woocommerce.yaml", wooCommerce, checkWooCommerce, []wrong{
			{`'update_order_review_nonce":"([^"]+)"'`, `'process-checkout-nonce" value="([^"]+)"'`, "the nonce of the review"},
			{`Accept-Encoding: "gzip, deflate"`, `Accept-Encoding: "identity"`, "gzip"},
			{`{received: redirect}`, `{received: result}`, "is not a path"},
			{`      post_data: "billing_country=US&billing_city=&`, `      post_data: "billing_country=US&billing_city=x&`, "post_data"},
			{"headers: &ajax {X-Requested-With: XMLHttpRequest}", "headers: &ajax {X-Requested-By: XMLHttpRequest}", "X-Requested-With"},
		}},
		{"ocis.yaml", ocis, checkOCIS, []wrong{
			{"body: {file: dummy.zip}", "body: dummy.zip", "the file has"},
			{"size: 1000}", "size: 999}", "size"},
			{`&admin {Authorization: "Basic YWRtaW46YWRtaW4=", OCS-APIREQUEST: "true"}`, `&admin {Authorization: "Basic YWRtaW46YWRtaW4="}`, "OCS-APIREQUEST"},
			{"Basic YWxpY2U6YWxpY2U=", "Basic YWRtaW46YWRtaW4=", "belong to somebody else"},
		}},
		{"hedera.yaml", hedera, checkHedera, []wrong{
			{"http: GET ${next}", "http: GET /${next}", "there is no GET"},
			{"if: {next: exists}", "if: {next: \"== x\"}", "goes back to the first page"},
			{"{json: links.next, optional: true}", "{json: links.prev, optional: true}", "goes back to the first page"},
		}},
		{"graphql.yaml", graphQL, checkGraphQL, []wrong{
			{`json: {query:`, `form: {query:`, "the Content-Type"},
			{`query { string }`, `query { text }`, "Cannot query field"},
			{`data.string: "Hello World!"`, `data.string: "Hello"`, "expected data.string == Hello"},
		}},
	}
}

// grafana has an organisation and a data source, each made once.
func grafana(s *service) {
	var orgs, sources, sessions int
	admin := func(x *exchange) {
		user, password, is := x.r.BasicAuth()
		x.need(is && user == "admin" && password == "admin", 401, "want the admin's password")
	}
	inOrg := func(x *exchange) {
		x.need(x.r.Header.Get("X-Grafana-Org-Id") == "7", 403, "the data belongs to another organisation than %q", x.r.Header.Get("X-Grafana-Org-Id"))
	}
	get := func(route string, there *int, id int, guard func(*exchange)) {
		s.on(route, func(x *exchange) {
			admin(x)
			guard(x)
			if *there == 0 {
				x.reply(404, map[string]string{"message": "not found"})
				return
			}
			x.reply(200, map[string]any{"id": id, "name": "k6"})
		})
	}
	get("GET /api/orgs/name/k6", &orgs, 7, func(*exchange) {})
	get("GET /api/datasources/name/k6-testdata", &sources, 9007199254740993, inOrg)
	s.on("POST /api/orgs", func(x *exchange) {
		admin(x)
		var in struct{ Name string }
		x.json(&in)
		x.equal("the name", in.Name, "k6")
		x.need(orgs == 0, 409, "the organisation exists")
		orgs++
		x.reply(200, map[string]any{"orgId": 7})
	})
	s.on("POST /api/datasources", func(x *exchange) {
		admin(x)
		inOrg(x)
		var in struct {
			Access, Name, Type string
			IsDefault          bool `json:"isDefault"`
		}
		x.json(&in)
		x.need(sources == 0 && !in.IsDefault, 409, "the data source exists")
		sources++
		x.reply(200, map[string]any{"id": 9007199254740993})
	})
	s.on("POST /login", func(x *exchange) {
		var in struct{ User, Password string }
		x.json(&in)
		x.need(in.User == "admin" && in.Password == "admin", 401, "wrong password")
		x.need(orgs == 1 && sources == 1, 500, "a user begins before setup is done")
		sessions++
		http.SetCookie(x.w, &http.Cookie{Name: "grafana_session", Value: fmt.Sprintf("%032x", sessions), Path: "/", HttpOnly: true})
		x.reply(200, map[string]string{"message": "Logged in"})
	})
	signedIn := func(x *exchange) {
		x.need(len(x.cookie("grafana_session")) == 32, 401, "the cookie of the session is missing")
		inOrg(x)
	}
	s.on("GET /api/annotations", func(x *exchange) {
		signedIn(x)
		x.equal("the query", x.r.URL.RawQuery, "dashboardId=12&from=1700000000000&to=1700003600000")
		x.reply(200, []string{})
	})
	s.on("POST /api/tsdb/query", func(x *exchange) {
		signedIn(x)
		var in struct {
			From, To string
			Queries  []struct {
				RefID, ScenarioID         string
				IntervalMs, MaxDataPoints int
				DatasourceID              int64
			}
		}
		x.json(&in)
		x.need(len(in.Queries) == 1 && in.Queries[0].DatasourceID == 9007199254740993 && in.From == "1700000000000", 422, "the query is %+v", in)
		x.reply(200, map[string]any{"results": map[string]any{}})
	})
}

func checkGrafana(t *testing.T, s *service) {
	if s.counts["POST /api/orgs"] != 1 || s.counts["POST /api/datasources"] != 1 || s.counts["POST /login"] != 4 {
		t.Errorf("want setup once and a login for each of 4 users: %v", s.counts)
	}
	batch := []string{"GET /api/annotations"}
	for range 20 {
		batch = append(batch, "POST /api/tsdb/query")
	}
	cycles(t, s, []string{"POST /login"}, batch)
}

var nonceInData = regexp.MustCompile(`woocommerce-process-checkout-nonce=(n\d+)&`)

// wooCommerce is a shop with compressed pages. Its forms need nonces from these pages.
func wooCommerce(s *service) {
	carts, sessions, nonces, orders := map[string]int{}, 0, 0, map[string]bool{}
	page := func(x *exchange, text string) {
		x.need(strings.Contains(x.r.Header.Get("Accept-Encoding"), "gzip"), 406, "this page is only in gzip")
		x.w.Header().Set("Content-Encoding", "gzip")
		x.w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		z := gzip.NewWriter(x.w)
		_, _ = io.WriteString(z, "<!DOCTYPE html>\n"+text) // the client notices a short page
		_ = z.Close()
	}
	s.on("GET /{$}", func(x *exchange) {
		page(x, `<li class="product"><a data-product_id="16" data-product_sku="woo-beanie">Add to Cart</a></li>`)
	})
	session := func(x *exchange) string {
		id := x.cookie("wp_woocommerce_session")
		x.need(carts[id] > 0, 400, "the cart is empty")
		return id
	}
	s.on("GET /cart/", func(x *exchange) {
		session(x)
		page(x, "<h1>Cart</h1>")
	})
	s.on("GET /checkout/", func(x *exchange) {
		session(x)
		nonces++
		page(x, fmt.Sprintf(`<script>var p = {"update_order_review_nonce":"r%[1]d","other":"x"};</script>
			<input type="hidden" id="woocommerce-process-checkout-nonce" name="woocommerce-process-checkout-nonce" value="n%[1]d" />`, nonces))
	})
	s.on("GET /checkout/order-received/{id}/", func(x *exchange) {
		x.need(orders[x.r.URL.RequestURI()], 404, "there is no order %s", x.r.URL.RequestURI())
		page(x, "<p>Thank you. Your order has been received.</p>")
	})
	calls := map[string]func(*exchange){
		"get_refreshed_fragments": func(x *exchange) {
			x.equal("the time", x.form("time").Get("time"), "1613672584353")
			x.reply(200, map[string]any{"fragments": map[string]any{}})
		},
		"add_to_cart": func(x *exchange) {
			form := x.form("product_sku", "product_id", "quantity")
			x.equal("the product", form.Get("product_id")+" "+form.Get("product_sku")+" "+form.Get("quantity"), "16 woo-beanie 1")
			id := x.cookie("wp_woocommerce_session")
			if id == "" {
				sessions++ // not len(carts): a checkout takes its cart away, and the next session would get a living one's id
				id = fmt.Sprintf("t_%[1]d||%[2]d||%[1]x", sessions, 1700000000)
				http.SetCookie(x.w, &http.Cookie{Name: "wp_woocommerce_session", Value: url.QueryEscape(id), Path: "/", HttpOnly: true})
				id = url.QueryEscape(id)
			}
			carts[id]++
			x.reply(200, map[string]any{"cart_hash": "x"})
		},
		"update_order_review": func(x *exchange) {
			session(x)
			form := x.form("security", "payment_method", "country", "state", "postcode", "city", "has_full_address", "post_data")
			nonce := nonceInData.FindStringSubmatch(form.Get("post_data"))
			x.need(nonce != nil && strings.Contains(form.Get("post_data"), "billing_city="+form.Get("city")+"&"), 400, "post_data is %q", form.Get("post_data"))
			x.need(form.Get("security") == "r"+nonce[1][1:], 403, "the nonce of the review is %q", form.Get("security"))
			x.counts["review, full address "+form.Get("has_full_address")]++
			x.reply(200, map[string]string{"result": "success"})
		},
		"checkout": func(x *exchange) {
			id := session(x)
			form := x.form("billing_first_name", "billing_last_name", "billing_country", "billing_city", "billing_postcode", "billing_email", "order_comments",
				"payment_method", "woocommerce-process-checkout-nonce", "_wp_http_referer")
			x.need(form.Get("woocommerce-process-checkout-nonce") != "" && form.Get("billing_email") == "anon@k6.io", 403, "the nonce of the checkout is missing")
			x.equal("the referer", form.Get("_wp_http_referer"), "/?wc-ajax=update_order_review")
			delete(carts, id)
			path := fmt.Sprintf("/checkout/order-received/%d/?key=wc_order_%x", 100+len(orders), len(orders))
			orders[path] = true
			x.reply(200, map[string]string{"result": "success", "redirect": "http://" + x.r.Host + path})
		},
	}
	s.on("POST /{$}", func(x *exchange) {
		call := calls[x.r.URL.Query().Get("wc-ajax")]
		x.need(call != nil, 404, "there is no call %s", x.r.URL.RawQuery)
		x.equal("X-Requested-With", x.r.Header.Get("X-Requested-With"), "XMLHttpRequest")
		seen := x.seen[x.r.RemoteAddr]
		seen[len(seen)-1] = x.r.URL.Query().Get("wc-ajax")
		call(x)
	})
}

func checkWooCommerce(t *testing.T, s *service) {
	cycle := []string{"GET /{$}", "get_refreshed_fragments", "add_to_cart", "GET /cart/", "GET /checkout/", "update_order_review", "update_order_review",
		"checkout", "GET /checkout/order-received/{id}/", "get_refreshed_fragments"}
	cycles(t, s, cycle[:1], append(cycle[1:len(cycle):len(cycle)], cycle[0]))
	if part, full := s.counts["review, full address false"], s.counts["review, full address true"]; full == 0 || part < full || part > full+4 {
		t.Errorf("%d reviews without the full address and %d with it", part, full)
	}
}

// ocis keeps files over WebDAV, for users whom an admin makes and removes.
func ocis(s *service) {
	users, files := map[string]bool{}, map[string]string{}
	admin := func(x *exchange) {
		user, password, is := x.r.BasicAuth()
		x.need(is && user == "admin" && password == "admin", 401, "want the admin's password")
		x.need(x.r.Header.Get("OCS-APIREQUEST") == "true", 403, "OCS-APIREQUEST is missing")
	}
	s.on("POST /ocs/v1.php/cloud/users", func(x *exchange) {
		admin(x)
		form := x.form("userid", "password", "email")
		x.need(!users["alice"], 409, "alice exists")
		x.equal("the email", form.Get("email"), "alice@owncloud.com")
		users[form.Get("userid")] = true
	})
	s.on("DELETE /ocs/v1.php/cloud/users/{user}", func(x *exchange) {
		admin(x)
		x.need(users[x.r.PathValue("user")], 404, "there is no such user")
		delete(users, x.r.PathValue("user"))
		x.counts["files left"] = len(files)
	})
	owner := func(x *exchange) string {
		user, password, is := x.r.BasicAuth()
		x.need(is && users[x.r.PathValue("user")] && user == x.r.PathValue("user") && password == user, 403, "the files belong to somebody else than %q", user)
		return x.r.URL.Path
	}
	s.on("PUT /remote.php/dav/files/{user}/{file}", func(x *exchange) {
		path := owner(x)
		want, err := os.ReadFile("testdata/dummy.zip")
		x.need(err == nil && string(x.body) == string(want), 400, "the file has %d bytes", len(x.body))
		x.w.Header().Set("OC-FileId", "1")
		x.w.Header().Set("ETag", `"1"`)
		if files[path] == "" {
			x.w.WriteHeader(http.StatusCreated)
		} else {
			x.w.WriteHeader(http.StatusNoContent)
		}
		files[path] = string(x.body)
	})
	s.on("GET /remote.php/dav/files/{user}/{file}", func(x *exchange) {
		text := files[owner(x)]
		x.need(text != "", 404, "there is no such file")
		x.answer("application/zip", "%s", text)
	})
	s.on("DELETE /remote.php/dav/files/{user}/{file}", func(x *exchange) {
		path := owner(x)
		if files[path] == "" {
			x.w.WriteHeader(http.StatusNotFound)
			return
		}
		delete(files, path)
		x.w.WriteHeader(http.StatusNoContent)
	})
}

func checkOCIS(t *testing.T, s *service) {
	if s.counts["POST /ocs/v1.php/cloud/users"] != 1 || s.counts["DELETE /ocs/v1.php/cloud/users/{user}"] != 1 {
		t.Errorf("want one user, made first and removed last: %v", s.counts)
	}
	var cycle []string
	for _, method := range []string{"PUT", "GET", "DELETE"} {
		for range 10 {
			cycle = append(cycle, method+" /remote.php/dav/files/{user}/{file}")
		}
	}
	cycles(t, s, cycle[:1], append(cycle[1:len(cycle):len(cycle)], cycle[0]))
}

// lastPage is how many pages of accounts there are.
const lastPage = 5

// hedera gives accounts page by page. A user must read all pages, in order.
func hedera(s *service) {
	at := map[string]int{}
	s.on("GET /api/v1/accounts", func(x *exchange) {
		query := x.r.URL.Query()
		x.equal("the limit", query.Get("limit"), "100")
		page := 1
		if after := query.Get("account.id"); after != "" {
			n, err := strconv.Atoi(strings.TrimPrefix(after, "lt:0.0."))
			x.need(err == nil && strings.HasPrefix(after, "lt:0.0."), 400, "the cursor is %q", after)
			page = n/100 + 1
		}
		before := at[x.r.RemoteAddr]
		x.need(page == before%lastPage+1, 400, "after page %d it goes back to the first page, or skips one: %d", before, page)
		at[x.r.RemoteAddr] = page
		x.counts[fmt.Sprintf("page %d", page)]++
		next := any(nil)
		if page < lastPage {
			next = fmt.Sprintf("/api/v1/accounts?limit=100&account.id=lt:0.0.%d", page*100)
		}
		x.reply(200, map[string]any{"accounts": []int{1, 2, 3}, "links": map[string]any{"next": next}})
	})
}

func checkHedera(t *testing.T, s *service) {
	for page := 1; page < lastPage; page++ {
		this, next := s.counts[fmt.Sprintf("page %d", page)], s.counts[fmt.Sprintf("page %d", page+1)]
		if next == 0 || this < next || this > next+4 {
			t.Errorf("page %d was read %d times, and page %d %d times", page, this, page+1, next)
		}
	}
}

// graphQL answers one query.
func graphQL(s *service) {
	s.on("POST /graphql/", func(x *exchange) {
		var in struct{ Query string }
		x.json(&in)
		x.need(in.Query == "query { string }", 400, "Cannot query field in %q", in.Query)
		x.reply(200, map[string]any{"data": map[string]string{"string": "Hello World!"}})
	})
}

func checkGraphQL(t *testing.T, s *service) {
	if len(s.seen) != 20 {
		t.Errorf("%d users came, want the 20 of the stages", len(s.seen))
	}
}
