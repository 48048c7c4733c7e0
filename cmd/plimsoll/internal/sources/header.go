package sources

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
)

// fetcher reads files and asks servers. It sends its headers to the hosts that the user named, and to no other.
type fetcher struct{ headers http.Header }

var (
	headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	fromEnv    = regexp.MustCompile(`\$\{env\.(\w+)\}`)
	// named is a value that holds no secret itself: a variable, and a scheme in front of it.
	named = regexp.MustCompile(`^([A-Za-z]{1,12} )?\$\{env\.\w+\}$`)
)

// fetcher fills the headers of --header from the environment. No message holds a value.
func (f Flags) fetcher(env func(name string) (string, bool)) (*fetcher, error) {
	to := &fetcher{http.Header{}}
	for _, text := range f.Header {
		name, value, found := strings.Cut(text, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !found || !headerName.MatchString(name) {
			return nil, exit.BadInput("--header takes a name and a value, such as --header 'Authorization: Bearer ${env.API_TOKEN}'")
		}
		if strings.EqualFold(name, "Host") {
			return nil, exit.BadInput("--header Host: the host is that of the address, and cannot be another one")
		}
		var unset []string
		value = fromEnv.ReplaceAllStringFunc(value, func(variable string) string {
			key := fromEnv.FindStringSubmatch(variable)[1]
			content, set := env(key)
			if !set {
				unset = append(unset, key)
			}
			return content
		})
		switch {
		case len(unset) > 0:
			return nil, exit.BadInput("--header %s: the environment has no %s", name, strings.Join(unset, " and no "))
		case strings.Contains(value, "${"):
			return nil, exit.BadInput("--header %s: only variables of the environment can be filled in, such as ${env.API_TOKEN}", name)
		case strings.ContainsFunc(value, isControl) || strings.ContainsAny(value, "\r\n\v\f"):
			return nil, exit.BadInput("--header %s: the value has a control character, such as the end of a line", name)
		}
		to.headers.Add(name, value)
	}
	return to, nil
}

// prepare gives a request the headers.
func (f *fetcher) prepare(request *http.Request) {
	for name, values := range f.headers {
		request.Header[name] = values
	}
}

// redirected takes the headers from a request that leaves the host that the user named.
func (f *fetcher) redirected(next, first *http.Request) {
	if next.URL.Host == first.URL.Host && next.URL.Scheme == first.URL.Scheme {
		return
	}
	for name := range f.headers {
		next.Header.Del(name)
	}
}

// asksServer reports whether a flag names a server, and no file.
func (f Flags) asksServer() bool {
	return slices.ContainsFunc(append([]string{f.GraphQL}, f.OpenAPI...), isURL) || f.GRPC != "" && len(f.Proto) == 0 && f.Protoset == ""
}

func isURL(name string) bool {
	return strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
}

// addHeaders gives the calls to a server that described itself the headers of --header, if their values are variables.
// A literal value may be a secret: it is not written, and a note says so.
func (f Flags) addHeaders(d *draft.Draft) {
	for _, h := range f.headers() {
		if hasHeader(d.Headers, h.Key) {
			continue
		}
		value, _ := h.Value.(string)
		if !named.MatchString(value) {
			d.Notes = append(d.Notes, draft.Note{Text: "--header " + h.Key + ": the value is not written to the profile, which may be public; " +
				"name a variable to have it sent, such as " + h.Key + ": ${env.API_TOKEN}"})
			continue
		}
		d.Headers = append(d.Headers, h)
		variable := fromEnv.FindStringSubmatch(value)[1]
		if !slices.ContainsFunc(d.Env, func(v draft.Variable) bool { return v.Name == variable }) {
			d.Env = append(d.Env, draft.Variable{Name: variable, Why: "the header " + h.Key + " needs it"})
		}
	}
}

// headers are those of --header, with the variables that their values name.
func (f Flags) headers() (all draft.Map) {
	for _, text := range f.Header {
		name, value, _ := strings.Cut(text, ":")
		all = append(all, draft.Entry{Key: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	return all
}

// Unwritten are the headers that a draft lacks and that its system was asked with, for trying it: none if another
// host described it.
func (f Flags) Unwritten(d *draft.Draft) (all draft.Map) {
	system, err := url.Parse(d.URL)
	asked := func(name string) bool {
		u, err := url.Parse(name)
		return err == nil && u.Host == system.Host && u.Scheme == system.Scheme
	}
	if err != nil || system.Host == "" || !slices.ContainsFunc(append([]string{f.GraphQL}, f.OpenAPI...), asked) && f.GRPC != system.Host {
		return nil
	}
	return slices.DeleteFunc(f.headers(), func(h draft.Entry) bool { return hasHeader(d.Headers, h.Key) })
}

func hasHeader(headers draft.Map, name string) bool {
	return slices.ContainsFunc(headers, func(h draft.Entry) bool { return strings.EqualFold(h.Key, name) })
}

// giveToken ends a sentence about a server that refused to describe itself.
const giveToken = ": give it a token with --header 'Authorization: Bearer ${env.API_TOKEN}'"

// isDenied reports whether a status asks for a token, or for a better one.
func isDenied(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}
