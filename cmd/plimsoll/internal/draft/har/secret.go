package har

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

var (
	secretName = regexp.MustCompile(`password|passwd|pwd|passphrase|passcode|secret|csrf|xsrf|jwt|credential` +
		`|(token|signature|authorization|apikey|accesskey|privatekey|session|sessionid|cardnumber|cvv|cvc)[0-9]*$|^(sig|otp|pin|sid)$`)
	apart    = regexp.MustCompile(`[^A-Za-z0-9]+`)
	webToken = regexp.MustCompile(`^eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){2,4}$`) // JSON Web Tokens (RFC 7515 and 7516, section 3.1)
	scheme   = regexp.MustCompile(`^(?i)(bearer|basic|token) \S`)
	onceName = regexp.MustCompile(`^(auth|oauth|authorization)?code$|^(codeverifier|oauthverifier|samlresponse|assertion|ticket)$`)
	onceForm = regexp.MustCompile(`^[A-Za-z0-9._~+/=%:-]{20,}$`)
)

// isSecret reports whether the value of a name is a secret.
func isSecret(name string) bool {
	return secretName.MatchString(strings.ToLower(apart.ReplaceAllString(name, "")))
}

// holdsSecret reports whether a value is a secret, by its name or by its form.
func holdsSecret(name, value string) bool {
	return value != "" && isSecret(name) || webToken.MatchString(value) || isOnce(name) && onceForm.MatchString(value)
}

// isOnce reports whether a name is one of what a sign-in hands over once, such as the code of OAuth (RFC 6749, section
// 4.1.2). Others use such names too: then only a long value without spaces is a secret.
func isOnce(name string) bool {
	return onceName.MatchString(strings.ToLower(apart.ReplaceAllString(name, "")))
}

// redirected reports whether a query is that of a redirect of OAuth, which has its state beside the code.
func redirected(query string) bool {
	return strings.HasPrefix(query, "state=") || strings.Contains(query, "&state=") || strings.Contains(query, "&session_state=")
}

// env is the variable of the environment that stands for a secret.
func (w *writer) env(name string) string {
	variable := strings.ToUpper(strings.Trim(apart.ReplaceAllString(camel.ReplaceAllString(name, "${1}_$2"), "_"), "_"))
	variable = cmp.Or(strings.TrimPrefix(variable, "X_"), "SECRET")
	switch {
	case strings.EqualFold(name, "authorization"):
		variable = "API_TOKEN"
	case !strings.Contains(variable, "_") || variable[0] <= '9':
		variable = "API_" + variable
	}
	if !slices.ContainsFunc(w.d.Env, func(v draft.Variable) bool { return v.Name == variable }) {
		w.d.Env = append(w.d.Env, draft.Variable{Name: variable, Why: w.in.Name + " holds its value under " + draft.OneLine(name) + ", and a profile holds no secrets"})
	}
	return "${env." + variable + "}"
}

var (
	// pairs are names and values in a text: password=x, "token": "x", pin: 7.
	pairs = regexp.MustCompile(`([A-Za-z0-9_.-]+)(["']?\s*[=:]\s*["']?)([^\s"'&<>,;}]+)`)
	// elements are those of XML: <wsse:Password Type="Text">x<.
	elements = regexp.MustCompile(`(<(?:[\w.-]+:)?([\w.-]+)(?:\s[^<>]*)?>)([^<]+)`)
	tokens   = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){2,4}`)
	// written are texts in a document of GraphQL: password: "x".
	written = regexp.MustCompile(`(\w+)\s*:\s*"([^"]+)"`)
)

// plain is a text that stands for itself, with a variable in place of each secret in it.
func (w *writer) plain(text string) string {
	text = draft.Literal(text)
	text = elements.ReplaceAllStringFunc(text, func(found string) string {
		if part := elements.FindStringSubmatch(found); holdsSecret(part[2], strings.TrimSpace(part[3])) {
			return part[1] + w.env(part[2])
		}
		return found
	})
	text = pairs.ReplaceAllStringFunc(text, func(found string) string {
		if part := pairs.FindStringSubmatch(found); isSecret(part[1]) && !strings.HasPrefix(part[3], "${") {
			return part[1] + part[2] + w.env(part[1])
		}
		return found
	})
	return tokens.ReplaceAllStringFunc(text, func(string) string { return w.env("token") })
}

// blackened is a text in a document of GraphQL without the secret that it is.
func blackened(found string) string {
	part := written.FindStringSubmatch(found)
	if !holdsSecret(part[1], part[2]) {
		return found
	}
	return part[1] + `: "…"`
}

// authorization is the header without its secret.
func (w *writer) authorization(value string) string {
	scheme, secret, ok := strings.Cut(value, " ")
	if !ok {
		scheme, secret = "", value
	} else {
		scheme += " "
	}
	if s := w.use(strings.TrimSpace(secret)); s != nil {
		w.savedToken = true
		return scheme + "${" + s.name + "}"
	}
	if strings.EqualFold(scheme, "basic ") {
		return scheme + w.env("API_BASIC")
	}
	return scheme + w.env("Authorization")
}

// own is a header of the application's own.
func (w *writer) own(name, value string) string {
	if s := w.use(value); s != nil {
		w.savedToken = w.savedToken || isSecret(name) || strings.Contains(strings.ToLower(name), "token")
		return "${" + s.name + "}"
	}
	low := strings.ToLower(name)
	if holdsSecret(name, value) || strings.Contains(low, "token") || strings.Contains(low, "api-key") || strings.Contains(low, "auth") || scheme.MatchString(value) {
		return w.env(name)
	}
	return draft.Literal(value)
}
