package scripts_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// locustfiles are the profiles after locustfiles.
func locustfiles() []script {
	return []script{
		{"bank.yaml", bank, checkBank, []wrong{
			{"password-repeat: password\n", "password-repeat: other\n", "the passwords differ"},
			{`birthday: 01/01/2000`, `birthday: 2000-01-01`, "the birthday"},
			{`form: {username: "${username}", password: password}`, `json: {username: "${username}", password: password}`, "the Content-Type"},
			{`username: {text: "Welcome, <b>([0-9a-f-]{36})</b>"}`, `username: {text: "Welcome, <b>([0-9a-f-]{8})"}`, "POST /login failed"},
			{"          - http: POST /logout\n", "", "is signed in"},
			{"redirects: 10", "redirects: 0", "nothing to save"},
		}},
		{"otel.yaml", otel, checkOtel, []wrong{
			{"[1, 2, 3, 4, 5, 10]", `["1", "2", "3", "4", "5", "10"]`, "cannot unmarshal string"},
			{`address: "${data.people.address}"`, `address: "at ${data.people.address}"`, "cannot unmarshal string"},
			{`save: {shopper: userId}`, `save: {shopper: items.0.item.productId}`, "no cart"},
			{"productIds=${data.products}", "productIDs=${data.products}", "productIds"},
		}},
		{"printserver.yaml", printServer, checkPrintServer, []wrong{
			{`form: {csrfmiddlewaretoken: "${csrf}", source_code:`, `form: {csrfmiddlewaretoken: "of old", source_code:`, "the token of the form"},
			{`separator: ";", `, "", "set their separator"},
			{`password: "${data.teams.name}"`, `password: guess`, "wrong password"},
			{`form: {username:`, `multipart: {username:`, "the Content-Type"},
			{"redirects: 10}", "redirects: 10, cookies: false}", "cookie"},
		}},
		{"replay.yaml", replay, checkReplay, []wrong{
			{"${data.log.path}&=${now}", "/${data.log.path}&=${now}", "there is no GET"},
			{"${data.log.path}&=${now}", "${data.log.path}", "no time"},
		}},
		{"filing.yaml", filing, checkFiling, []wrong{
			{"    renew: 5m\n", "", expired},
			{"multipart: {file: {file: sblar.csv, type: text/csv}}", "body: {file: sblar.csv}", "the Content-Type"},
			{", type: text/csv", "", "application/octet-stream"},
			{"{file: {file: sblar.csv", "{sblar: {file: sblar.csv", "want the one file"},
			{"@reverse.0.code", "0.code", "closed"},
			{`SUBMISSION_UPLOADED|VALIDATION_IN_PROGRESS`, "NONE", "was not followed to its end"},
		}},
	}
}

var birthday = regexp.MustCompile(`^\d\d/\d\d/\d{4}$`)

// bank keeps accounts. Its token is a cookie. It refuses the pages for signing in to a user who is signed in.
func bank(s *service) {
	passwords, tokens := map[string]string{}, map[string]string{}
	welcome := func(x *exchange, user string) {
		token := fmt.Sprintf("%s.%d", user, len(tokens))
		tokens[token] = user
		http.SetCookie(x.w, &http.Cookie{Name: "token", Value: token, Path: "/", HttpOnly: true})
		x.found("/home")
	}
	stranger := func(x *exchange) {
		x.need(x.cookie("token") == "", 400, "%s is signed in", tokens[x.cookie("token")])
	}
	s.on("POST /signup", func(x *exchange) {
		form := x.form("username", "firstname", "password", "password-repeat", "lastname", "birthday", "timezone", "address", "city", "state", "zip", "ssn")
		x.need(form.Get("password") == form.Get("password-repeat"), 400, "the passwords differ")
		x.need(birthday.MatchString(form.Get("birthday")), 400, "the birthday is %q", form.Get("birthday"))
		x.equal("the address", form.Get("address"), "7 Harbour Lane")
		x.equal("the timezone", form.Get("timezone"), "82")
		user := form.Get("username")
		x.need(user != "" && passwords[user] == "", 409, "the name %q is taken", user)
		passwords[user] = form.Get("password")
		x.counts["account "+user]++
		welcome(x, user)
	})
	s.on("GET /home", func(x *exchange) {
		user := tokens[x.cookie("token")]
		x.need(user != "", 401, "nobody is signed in")
		x.html("<h1>Bank</h1>Welcome, <b>%s</b>", user)
	})
	s.on("POST /logout", func(x *exchange) {
		x.need(tokens[x.cookie("token")] != "", 401, "nobody is signed in")
		x.need(len(x.body) == 0, 400, "there is a body")
		http.SetCookie(x.w, &http.Cookie{Name: "token", Path: "/", MaxAge: -1})
		x.found("/login")
	})
	for _, page := range []string{"GET /login", "GET /signup"} {
		s.on(page, func(x *exchange) {
			stranger(x)
			x.html("<form method=post></form>")
		})
	}
	s.on("POST /login", func(x *exchange) {
		stranger(x)
		form := x.form("username", "password")
		user := form.Get("username")
		x.need(passwords[user] != "" && passwords[user] == form.Get("password"), 401, "POST /login failed for %q", user)
		welcome(x, user)
	})
}

func checkBank(t *testing.T, s *service) {
	if n := s.counts["account user"]; n != 1 {
		t.Errorf("setup made its account %d times", n)
	}
	if n := s.counts["POST /signup"]; n != 1+4 {
		t.Errorf("%d accounts were made, want one for setup and one for each of 4 users", n)
	}
	cycles(t, s, []string{"POST /signup", "GET /home"}, []string{"POST /logout", "GET /login", "GET /login", "GET /signup", "POST /login", "GET /home"})
}

var (
	product = regexp.MustCompile(`^[0-9A-Z]{10}$`)
	aUUID   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

type (
	item struct {
		ProductID string `json:"productId"`
		Quantity  int    `json:"quantity"`
	}
	order struct {
		UserID  string `json:"userId"`
		Email   string `json:"email"`
		Address struct {
			StreetAddress, ZipCode, City, State, Country string
		} `json:"address"`
		UserCurrency string `json:"userCurrency"`
		CreditCard   struct {
			CreditCardNumber                                                   string
			CreditCardExpirationMonth, CreditCardExpirationYear, CreditCardCvv int
		} `json:"creditCard"`
	}
)

// otel is a shop whose API takes JSON and checks the type of every value.
func otel(s *service) {
	carts, looked := map[string]int{}, map[string]string{}
	known := func(x *exchange, id string) {
		x.need(product.MatchString(id), 404, "there is no product %q", id)
	}
	s.on("GET /{$}", func(x *exchange) { x.html("<h1>Shop</h1>") })
	s.on("GET /api/products/{id}", func(x *exchange) {
		known(x, x.r.PathValue("id"))
		looked[x.r.RemoteAddr] = x.r.PathValue("id")
		x.reply(200, map[string]string{"id": x.r.PathValue("id")})
	})
	s.on("GET /api/recommendations", func(x *exchange) {
		x.need(len(x.r.URL.Query()) == 1 && x.r.URL.Query().Has("productIds"), 400, "productIds is missing: %s", x.r.URL.RawQuery)
		known(x, x.r.URL.Query().Get("productIds"))
		x.reply(200, []string{})
	})
	s.on("GET /api/data/", func(x *exchange) {
		x.need(slices.Contains([]string{"binoculars", "telescopes", "accessories", "assembly", "travel", "books"}, x.r.URL.Query().Get("contextKeys")), 400, "contextKeys is missing")
		x.reply(200, []string{})
	})
	s.on("GET /api/cart", func(x *exchange) { x.reply(200, map[string]any{"items": []string{}}) })
	s.on("POST /api/cart", func(x *exchange) {
		var in struct {
			Item   item   `json:"item"`
			UserID string `json:"userId"`
		}
		x.json(&in)
		known(x, in.Item.ProductID)
		x.equal("the product, which was looked at before,", in.Item.ProductID, looked[x.r.RemoteAddr])
		x.need(slices.Contains([]int{1, 2, 3, 4, 5, 10}, in.Item.Quantity), 422, "the quantity is %d", in.Item.Quantity)
		x.need(aUUID.MatchString(in.UserID), 422, "the user is %q", in.UserID)
		carts[in.UserID]++
		x.reply(200, map[string]any{"userId": in.UserID, "items": []any{map[string]any{"item": in.Item}}})
	})
	s.on("POST /api/checkout", func(x *exchange) {
		var in order
		x.json(&in)
		items := carts[in.UserID]
		x.need(items > 0, 409, "there is no cart of %q", in.UserID)
		delete(carts, in.UserID)
		x.counts[fmt.Sprintf("checkout of %d", items)]++
		at := in.Address
		x.equal("the order", fmt.Sprintln(in.Email, at.StreetAddress, at.ZipCode, at.City, in.CreditCard.CreditCardExpirationYear), map[bool]string{
			true:  "larry@example.com 1600 Parkway 04043 Mountain View 2039\n",
			false: "zoë@example.com 410 Terry \"North\" 98109 Åre 2040\n",
		}[in.UserCurrency == "USD"])
		x.counts["by "+in.Email]++
		x.reply(200, map[string]string{"orderId": "1"})
	})
}

func checkOtel(t *testing.T, s *service) {
	// The requests of on_start, and of steps before other steps, are subtracted. The rest counts tasks.
	adds := s.counts["POST /api/cart"]
	tasks := maps.Clone(s.counts)
	s.counts["GET /{$}"] = tasks["GET /{$}"] - 4
	s.counts["GET /api/products/{id}"] = tasks["GET /api/products/{id}"] - adds
	s.counts["checkout of several"] = s.counts["checkout of 2"] + s.counts["checkout of 3"] + s.counts["checkout of 4"]
	shares(t, s, map[string]int{"GET /{$}": 1, "GET /api/products/{id}": 10, "GET /api/recommendations": 3, "GET /api/data/": 3, "GET /api/cart": 3, "checkout of 1": 1, "checkout of several": 1})
	shares(t, s, map[string]int{"by larry@example.com": 1, "by zoë@example.com": 1})
	for n := range 4 {
		if s.counts[fmt.Sprintf("checkout of %d", n+1)] == 0 {
			t.Errorf("nobody bought %d items", n+1)
		}
	}
}

// printServer is a Django site. A form needs the token from the cookie, and each page with a form sets a new
// token.
func printServer(s *service) {
	users, tokens := map[string]string{}, 0
	token := func(x *exchange) {
		tokens++
		http.SetCookie(x.w, &http.Cookie{Name: "csrftoken", Value: fmt.Sprintf("%064d", tokens), Path: "/", SameSite: http.SameSiteLaxMode})
	}
	guarded := func(x *exchange, fields ...string) map[string][]string {
		form := x.form(append(fields, "csrfmiddlewaretoken")...)
		cookie := x.cookie("csrftoken")
		x.need(cookie != "", 403, "the cookie of the token is missing")
		x.need(form.Get("csrfmiddlewaretoken") == cookie, 403, "the token of the form is %q", form.Get("csrfmiddlewaretoken"))
		x.need(x.r.Header.Get("X-CSRFToken") == cookie, 403, "the token of the header is %q", x.r.Header.Get("X-CSRFToken"))
		x.equal("the Referer", x.r.Referer(), "/")
		return form
	}
	signedIn := func(x *exchange) {
		x.need(users[x.cookie("sessionid")] != "", 401, "the cookie of the session is missing")
	}
	s.on("GET /login/", func(x *exchange) {
		token(x)
		x.html("<form method=post></form>")
	})
	s.on("POST /login/", func(x *exchange) {
		form := guarded(x, "username", "password")
		user := form["username"][0]
		x.need(regexp.MustCompile(`^lt\d{1,3}$`).MatchString(user) && form["password"][0] == user, 403, "wrong password for %q", user)
		id := fmt.Sprintf("session %d", len(users))
		id = strings.ReplaceAll(id, " ", "-")
		users[id] = user
		http.SetCookie(x.w, &http.Cookie{Name: "sessionid", Value: id, Path: "/", HttpOnly: true, MaxAge: 1209600})
		token(x)
		x.found("/")
	})
	s.on("GET /{$}", func(x *exchange) {
		signedIn(x)
		x.html("signed in as %s", users[x.cookie("sessionid")])
	})
	s.on("GET /submit/", func(x *exchange) {
		signedIn(x)
		token(x)
		x.html("<form method=post></form>")
	})
	s.on("POST /submit/", func(x *exchange) {
		signedIn(x)
		form := guarded(x, "source_code")
		x.equal("the source", form["source_code"][0], `print("Hello World")`)
		x.found("/status/")
	})
	s.on("GET /status/", func(x *exchange) {
		signedIn(x)
		x.html("<table></table>")
	})
}

func checkPrintServer(t *testing.T, s *service) {
	s.counts["status"] = s.counts["GET /status/"] - s.counts["POST /submit/"] // without those that follow a redirect
	shares(t, s, map[string]int{"GET /submit/": 1, "status": 1})
	if n := s.counts["POST /login/"]; n != 4 {
		t.Errorf("%d users signed in, want 4, once each", n)
	}
	for connection, seen := range s.seen {
		for i, route := range seen {
			if route == "POST /submit/" && seen[i-1] != "GET /submit/" {
				t.Errorf("%s: %q before the submission", connection, seen[i-1])
			}
		}
	}
}

// replay answers the paths of the log, each with the time appended.
func replay(s *service) {
	text, err := os.ReadFile("testdata/access.csv")
	if err != nil {
		s.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), `"`, "")), "\n")[1:]
	s.on("GET /v1/", func(x *exchange) {
		path, at, timed := strings.Cut(x.r.URL.RequestURI(), "&=")
		x.need(timed && at != "", 400, "no time after %q", x.r.URL.RequestURI())
		i := slices.IndexFunc(lines, func(line string) bool {
			return strings.NewReplacer("ö", "%C3%B6", "å", "%C3%A5", " ", "%20").Replace(line) == path
		})
		x.need(i >= 0, 404, "%q is not in the log", path)
		x.counts[lines[i]]++
		x.counts["at "+at]++
		x.reply(200, []string{})
	})
}

func checkReplay(t *testing.T, s *service) {
	weights := map[string]int{}
	for name := range s.counts {
		if strings.HasPrefix(name, "/v1/") {
			weights[name] = 1
		}
	}
	if len(weights) != 5 {
		t.Fatalf("%d lines of the log were replayed: %v", len(weights), s.counts)
	}
	shares(t, s, weights)
}

// filing takes files from users with a valid token, and validates each file for a while.
func filing(s *service) {
	tokens := map[string]time.Time{}
	type submission struct{ asked, needs int }
	var submissions []*submission
	latest := map[string]*submission{} // by user
	const realm = "/auth/realms/regtech/protocol/openid-connect/token"
	const filings = "/v1/filing/institutions/{lei}/filings/{period}"
	bearer := func(x *exchange) (user string) {
		text, is := strings.CutPrefix(x.r.Header.Get("Authorization"), "Bearer ")
		at, known := tokens[text]
		x.need(is && known, 401, "there is no token %q", text)
		x.need(time.Since(at) < s.lifetime, 401, expired)
		return text[strings.LastIndex(text, ".")+1:]
	}
	s.on("POST "+realm, func(x *exchange) {
		form := x.form("client_id", "grant_type", "username", "password")
		x.equal("the grant", form.Get("grant_type"), "password")
		x.need(strings.HasPrefix(form.Get("username"), "locust_test") && form.Get("username") == form.Get("password"), 401, "wrong password for %q", form.Get("username"))
		token := fmt.Sprintf("eyJ.%d.%s", len(tokens), form.Get("username"))
		tokens[token] = time.Now()
		x.counts["token of "+form.Get("username")]++
		x.reply(200, map[string]any{"access_token": token, "expires_in": 300})
	})
	s.on("GET /v1/filing/periods", func(x *exchange) {
		bearer(x)
		x.reply(200, []map[string]string{{"code": "2023", "due": "2024-06-01"}, {"code": "2024", "due": "2025-06-01"}})
	})
	open := func(x *exchange) (user string) {
		user = bearer(x)
		x.equal("the institution", x.r.PathValue("lei"), "123456789TESTBANK123")
		x.need(x.r.PathValue("period") == "2024", 422, "the period %s is closed", x.r.PathValue("period"))
		return user
	}
	s.on("POST "+filings, func(x *exchange) {
		open(x)
		x.reply(200, map[string]any{"id": 1})
	})
	s.on("POST "+filings+"/submissions", func(x *exchange) {
		user := open(x)
		name, kind, text := x.file("file")
		want, err := os.ReadFile("testdata/sblar.csv")
		x.need(err == nil && text == string(want), 422, "the file is %q", text)
		x.equal("its name", name, "sblar.csv")
		x.equal("its type", kind, "text/csv")
		before := latest[user]
		x.need(before == nil || before.asked == before.needs, 409, "the last submission was not followed to its end")
		latest[user] = &submission{needs: 1 + len(submissions)%3}
		submissions = append(submissions, latest[user])
		x.reply(200, map[string]any{"counter": len(submissions), "state": "SUBMISSION_UPLOADED"})
	})
	s.on("GET "+filings+"/submissions/{counter}", func(x *exchange) {
		open(x)
		var n int
		_, err := fmt.Sscan(x.r.PathValue("counter"), &n)
		x.need(err == nil && 0 < n && n <= len(submissions), 404, "there is no submission %q", x.r.PathValue("counter"))
		one := submissions[n-1]
		one.asked++
		x.need(one.asked <= one.needs, 409, "submission %d is requested again after its end", n)
		states := []string{"SUBMISSION_UPLOADED", "VALIDATION_IN_PROGRESS", "VALIDATION_SUCCESSFUL"}
		state := states[2]
		if one.asked < one.needs {
			state = states[min(one.asked-1, 1)]
		}
		x.counts[state]++
		x.reply(200, map[string]any{"counter": n, "state": state})
	})
}

func checkFiling(t *testing.T, s *service) {
	submitted, done := s.counts["POST /v1/filing/institutions/{lei}/filings/{period}/submissions"], s.counts["VALIDATION_SUCCESSFUL"]
	if submitted < 20 || done < submitted-4 {
		t.Errorf("%d of %d submissions were followed to their end: want all, except those that the end of the load cut off", done, submitted)
	}
	for user := range 4 {
		if n := s.counts[fmt.Sprintf("token of locust_test%d", user)]; n < 2 {
			t.Errorf("user %d had %d tokens: %v", user, n, s.counts)
		}
	}
}
