// Package serve answers people and programs from a store: the pages of package site, live, and the same figures as JSON.
//
// New returns a handler that only reads. Each answer uses the summaries of a bounded number of runs, never their
// documents, so it takes milliseconds however large the store is. The handler keeps an answer until Fresh after reading
// the store. Simultaneous requests for the same thing share one answer.
//
// The handler checks access before it reads anything. The Host must be ours, since a foreign page can point a name of its
// own at our address (DNS rebinding), and the request must carry the token if there is one. No answer holds a secret:
// store errors go to Log alone. The handler is safe for concurrent use.
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

// Fresh is how long an answer is kept, counted from the start of its reading.
const Fresh = 5 * time.Second

// patience is how long the store may take for one answer.
const patience = 15 * time.Second

// LeastToken is the minimum length of a token: 16 hexadecimal characters are 64 bits, too many to guess over a network.
const LeastToken = 16

// Config is what a handler needs.
type Config struct {
	Store baseline.Store
	Site  site.Options // without Made, More, Live and Filter
	Token string       // empty for none
	Names []string     // further host names to accept
	// Anywhere says that the handler listens beyond loopback, so a request may name any IP address as its host.
	Anywhere bool
	Log      func(error)      // gets errors of the store
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

// Bounds of the caches, in bytes.
const (
	mostAnswers = 64 << 20
	mostGroups  = 256 << 20
)

// New returns a server for a store.
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

// guard sets headers that keep an answer harmless whatever it holds. Pages load scripts, styles and pictures from this
// server only, and no other page can frame or read them.
func guard(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "private, no-cache")
}

// isOurs reports whether a host means this server. IP addresses need no list: DNS rebinding works with names only.
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

// admits reports whether a request carries the token, in constant time.
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

// complaint is an error of the client, with its status.
type complaint struct {
	status int
	text   string
}

func (e complaint) Error() string { return e.text }

func missing(text string) error { return complaint{http.StatusNotFound, text} }

func wrong(text string) error { return complaint{http.StatusBadRequest, text} }

// answer writes the kept answer, or makes one.
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
		w.Write(a.body) //nolint:errcheck,gosec // the client has gone; every body is escaped for its media type
	}
}
