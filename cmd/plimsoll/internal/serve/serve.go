// Package serve answers people and programs from a store: the pages of package site, live, and the same figures as JSON.
//
// New gives a handler that only reads. Each answer is made of the summaries of a bounded number of runs, never of their
// documents, so it takes milliseconds however many runs there are. An answer is kept until Fresh after its reading, and many who ask for the
// same thing at once wait for one answer.
//
// Who may ask is decided before anything is read: the request must be for a Host that is ours, since a page elsewhere can
// make a browser ask any address under a name of its own (DNS rebinding), and it must bring the token if there is one. No
// answer holds a secret: errors of the store are told to Log, and to nobody else. The handler is safe for concurrent use.
package serve

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
)

// Fresh is how long an answer is kept, from the time that the store was asked for it.
const Fresh = 5 * time.Second

// patience is how long the store may take for one answer.
const patience = 15 * time.Second

// LeastToken is how many characters a token needs: 16 hexadecimal ones are 64 bits, which nobody guesses over a network.
const LeastToken = 16

// Config is what a handler needs.
type Config struct {
	Store baseline.Store
	Site  site.Options // without Made, More, Live and Filter
	Token string       // empty for none
	Names []string     // further names that a request may be for
	// Anywhere says that the handler is not reached over loopback alone, so that a request may be for any address.
	Anywhere bool
	Log      func(error)      // told of trouble with the store
	Now      func() time.Time // the clock
}

// Server answers requests.
type Server struct {
	Config
	token   [sha256.Size]byte
	answers *cache[answer]
	groups  *cache[group]
	asked   keys
}

var _ http.Handler = (*Server)(nil)

// Bounds of what is kept in memory, in bytes.
const (
	mostAnswers = 64 << 20
	mostGroups  = 256 << 20
)

// New is a server of a store.
func New(c Config) *Server {
	return &Server{Config: c, token: sha256.Sum256([]byte(c.Token)), answers: newCache[answer](mostAnswers, c.Now), groups: newCache[group](mostGroups, c.Now)}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	guard(w.Header())
	switch {
	case !s.isOurs(r.Host):
		refuse(w, r, http.StatusMisdirectedRequest, "this server does not answer for that host name: start it with --name for a further one")
	case !s.admits(r):
		w.Header().Set("WWW-Authenticate", `Basic realm="plimsoll", charset="UTF-8"`)
		refuse(w, r, http.StatusUnauthorized, "a token is needed: as the password of any user, or as Authorization: Bearer")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, r, http.StatusMethodNotAllowed, "this server only reads")
	default:
		s.answer(w, r)
	}
}

// guard sets the headers that keep an answer harmless, whatever it holds. Pages load scripts, styles and pictures from
// here alone, and no other page shows or reads them.
func guard(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "private, no-cache")
}

// isOurs reports whether a request may be for this host. An address cannot be taken over as a name can.
func (s *Server) isOurs(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || s.Anywhere
	}
	if host == "localhost" {
		return true
	}
	return host != "" && slices.ContainsFunc(s.Names, func(name string) bool { return strings.EqualFold(name, host) })
}

// admits reports whether a request brings the token. The time that it takes does not depend on what was brought.
func (s *Server) admits(r *http.Request) bool {
	if s.Token == "" {
		return true
	}
	_, brought, _ := r.BasicAuth()
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		brought = strings.TrimSpace(token)
	}
	sum := sha256.Sum256([]byte(brought))
	return subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1
}

// complaint is an error that the asker has made, with its status.
type complaint struct {
	status int
	text   string
}

func (e complaint) Error() string { return e.text }

func missing(text string) error { return complaint{http.StatusNotFound, text} }

func wrong(text string) error { return complaint{http.StatusBadRequest, text} }

// answer finds an answer, or makes it, and writes it.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	q, err := parse(r.URL.Path, r.URL.Query())
	var a answer
	if err == nil {
		a, err = s.answers.get(r.Context(), r.URL.Path+"?"+q.key(), func(ctx context.Context) (answer, error) {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			began := s.Now()
			a, err := s.make(ctx, r.URL.Path, q)
			if a.asOf.IsZero() {
				a.asOf = began
			}
			return a, err
		})
	}
	var asked complaint
	switch {
	case errors.As(err, &asked):
		refuse(w, r, asked.status, asked.text)
	case errors.Is(err, baseline.ErrNotFound):
		refuse(w, r, http.StatusNotFound, "there is no such run")
	case errors.Is(err, baseline.ErrAmbiguous):
		refuse(w, r, http.StatusNotFound, "more than one run begins with it: write more of it")
	case err != nil:
		if r.Context().Err() == nil {
			s.Log(err)
		}
		w.Header().Set("Retry-After", "5")
		refuse(w, r, http.StatusServiceUnavailable, "the store cannot be read now: the terminal of plimsoll serve says why")
	default:
		w.Header().Set("Content-Type", a.kind)
		w.Write(a.body) //nolint:errcheck,gosec // the asker has gone; every body is of its kind and escaped for it
	}
}
