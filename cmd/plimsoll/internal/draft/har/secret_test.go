package har_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/har"
)

// sent is a part of a request: a body of a type, as a recording holds it.
func sent(media, text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`, "postData": {"mimeType": %q, "text": %s}`, media, quoted)
}

// address is one of a.test; one with @ has a user and a password.
func address(path string) string {
	if below, is := strings.CutPrefix(path, "@"); is {
		return "http://bob:hunter2@a.test" + below
	}
	return "http://a.test" + path
}

// No secret of a recording is in the profile or in a note, whatever part of a request holds it.
func TestSecretsAreNotWritten(t *testing.T) {
	const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.hunter2"
	for name, c := range map[string]struct{ url, request, want string }{
		"names that say it otherwise": {"/a", sent("application/json", `{"newPassword": "hunter2", "password_confirmation": "hunter2", "accessToken": "hunter2", "card_number": "hunter2", "cvv": "hunter2"}`), "newPassword: \"${env.NEW_PASSWORD}\""},
		"a token of any name":         {"/a?ticket=" + token, sent("application/json", `{"creds": ["`+token+`"]}`), "ticket=${env.API_TICKET}"},
		"a query that is signed":      {"/a?X-Amz-Signature=hunter2&session=hunter2", "", "X-Amz-Signature=${env.AMZ_SIGNATURE}&session=${env.API_SESSION}"},
		"the code of OAuth":           {"/callback?code=hunter2&state=1", "", "code=${env.API_CODE}&state=1"},
		"a long code":                 {"/cb?code=4/0AX4XfWh-hunter2-JkLmNoPqRs", "", "code=${env.API_CODE}"},
		"a code in a form":            {"/token", sent("application/x-www-form-urlencoded", "grant_type=authorization_code&code=hunter2hunter2hunter2&code_verifier=hunter2hunter2hunter2"), "code: \"${env.API_CODE}\""},
		"a code in JSON":              {"/token", sent("application/json", `{"code": "hunter2hunter2hunter2", "country_code": "DE"}`), "country_code: DE"},
		"an answer of SAML":           {"/acs", sent("application/x-www-form-urlencoded", "SAMLResponse=hunter2PHNhbWxwOlJlc3BvbnNl%3D"), "${env."},
		"a password in an address":    {"@/a", "", "Basic ${env.API_BASIC}"},
		"a token in a path":           {"/reset/" + token, "", "name: GET /reset/{token}"},
		"headers of its own": {"/a", `, "headers": [{"name": "X-CSRF", "value": "hunter2"}, {"name": "X-Session", "value": "hunter2"}, {"name": "X-Jwt", "value": "hunter2"}, {"name": "X-Vault", "value": "Bearer hunter2"},
			{"name": "Proxy-Authorization", "value": "Basic hunter2"}, {"name": "Cookie", "value": "hunter2"}]`, "X-CSRF: \"${env.API_CSRF}\""},
		"a text":                   {"/a", sent("text/plain", "user=bob&password=hunter2&n=1"), "body: user=bob&password=${env.API_PASSWORD}&n=1"},
		"JSON of an unknown type":  {"/a", sent("text/plain;charset=UTF-8", `{"user": "bob", "token": "hunter2"}`), `\"token\": \"${env.API_TOKEN}\"`},
		"XML":                      {"/a", sent("text/xml", `<a:Login><a:Password Type="Text">hunter2</a:Password><t>`+token+`</t></a:Login>`), `Type=\"Text\">${env.API_PASSWORD}</a:Password><t>${env.API_T}</t>`},
		"a document of GraphQL":    {"/graphql", sent("application/json", `{"query": "mutation { login(user: \"bob\", password: \"hunter2\") { id } }"}`), "its document holds a secret"},
		"variables and a document": {"/graphql", sent("application/json", `{"query": "mutation ($password: String!) { login(password: $password) { id } }", "variables": {"password": "hunter2"}}`), "login(password: $password)"},
	} {
		t.Run(name, func(t *testing.T) {
			method := "GET"
			if strings.Contains(c.request, "postData") {
				method = "POST"
			}
			d, err := har.Draft(draft.Input{Name: "x.har", Data: recording(get(method, address(c.url), c.request, "{}"), get("GET", "http://a.test/last", "", "{}"))})
			if err != nil {
				t.Fatal(err)
			}
			parse(t, d)
			text := d.YAML() + fmt.Sprint(d.Notes, d.Env)
			if strings.Contains(text, "hunter2") {
				t.Errorf("a secret is in\n%s", text)
			}
			if !strings.Contains(text, c.want) {
				t.Errorf("%q is missing in\n%s", c.want, text)
			}
		})
	}
}

// A message that is no JSON holds no secret either, and a name that only looks like one of a secret keeps its value.
func TestSecretsOfSockets(t *testing.T) {
	entry := `{"request": {"method": "GET", "url": "ws://a.test/ws"}, "response": {"status": 101}, "_webSocketMessages": [{"type": "send", "opcode": 1, "data": "42[\"auth\",{\"token\":\"hunter2\"}]"},
		{"type": "send", "opcode": 1, "data": "max_tokens=7"}]}`
	d, err := har.Draft(draft.Input{Name: "x.har", Data: recording(entry)})
	if err != nil {
		t.Fatal(err)
	}
	parse(t, d)
	if text := d.YAML(); strings.Contains(text, "hunter2") || !strings.Contains(text, "max_tokens=7") {
		t.Errorf("the profile is\n%s", text)
	}
}

// A code is a secret only where it belongs to a sign-in. A note names a user in an address.
func TestCodesAndUsers(t *testing.T) {
	d, err := har.Draft(draft.Input{Name: "x.har", Data: recording(
		get("GET", "http://a.test/discount?code=SUMMER10", "", "{}"),
		get("POST", "http://a.test/run", sent("application/json", `{"code": "print('a long line of code')", "countryCode": "DE"}`), "{}"),
		get("GET", "http://bob:hunter2@a.test/in", "", "{}"))})
	if err != nil {
		t.Fatal(err)
	}
	parse(t, d)
	for _, want := range []string{"code=SUMMER10", "a long line of code", "countryCode: DE"} {
		if !strings.Contains(d.YAML(), want) {
			t.Errorf("%q is missing in\n%s", want, d.YAML())
		}
	}
	if got := fmt.Sprint(d.Notes); !strings.Contains(got, "the user and the password in addresses of http://a.test become the header Authorization") {
		t.Errorf("the notes are %s", got)
	}
}
