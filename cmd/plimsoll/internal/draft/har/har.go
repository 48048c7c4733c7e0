// Package har drafts a profile from a HAR file, which a browser or a proxy recorded.
//
// Draft keeps the requests to one host, in their order, as the one task of one user. Images, fonts, styles and
// scripts, preflights and failures are left out and counted. A value that an earlier answer held, and that no request
// had sent before, becomes save and ${…}. Pauses of more than a second become waits. Cookies are left to the jar of
// the user, and secrets are never written: a token is saved from the answer that held it, or is ${env.API_TOKEN}.
//
// Entries are read one at a time (own structs over encoding/json). Only small text answers are kept, so a draft needs
// no more memory than the file is long. The format is HAR 1.2, in the dialects of Chromium, Firefox, Safari and
// proxies.
package har

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// Draft drafts a profile from a recording.
func Draft(in draft.Input) (*draft.Draft, error) {
	entries, notes, err := read(in.Name, bytes.NewReader(bytes.TrimPrefix(in.Data, []byte("\ufeff"))))
	if err != nil {
		return nil, err
	}
	hosts := count(entries)
	host := strings.TrimSuffix(strings.ToLower(in.Host), "/")
	if u, err := url.Parse(host); err == nil && host != "" {
		host = u.Scheme + "://" + u.Host
	}
	named := host
	if host == "" {
		host = mostUsed(entries)
	}
	kept, left := choose(entries, host)
	if len(kept) == 0 && named != "" { // recorded elsewhere: the same service under another name
		if other := mostUsed(entries); other != "" && len(hosts) == 1 {
			kept, left = choose(entries, other)
			host = other
		}
	}
	if len(kept) == 0 {
		text := fmt.Sprintf("%s holds no request to %s", in.Name, cmp.Or(strings.TrimPrefix(strings.TrimPrefix(host, "https://"), "http://"), "a host that can be loaded"))
		if host == "" {
			text += ", but " + left.String()
		}
		text += "; its hosts: " + list(hosts)
		for _, note := range notes {
			text += "\n" + note.String()
		}
		return nil, errors.New(text)
	}
	w := &writer{in: in, d: &draft.Draft{URL: cmp.Or(named, host), Notes: notes}, known: map[string]*source{}, sent: map[string]bool{}, names: map[string]bool{}, labels: draft.Labels{}, routes: map[string]bool{}}
	task := w.task(kept)
	w.d.Users = []draft.User{{Name: "visitor", Tasks: []draft.Task{task}}}
	w.d.Title = w.title(entries, kept, left, host)
	return w.d, nil
}

func list(hosts []string) string {
	const shown = 8
	if len(hosts) == 0 {
		return "none"
	}
	if n := len(hosts) - shown; n > 0 {
		return strings.Join(hosts[:shown], ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(hosts, ", ")
}

// count lists the hosts of all entries, the one with most first.
func count(entries []*entry) (hosts []string) {
	times := map[string]int{}
	for _, e := range entries {
		if e.url.Host != "" {
			if times[e.url.Host]++; times[e.url.Host] == 1 {
				hosts = append(hosts, e.url.Host)
			}
		}
	}
	slices.SortStableFunc(hosts, func(a, b string) int { return times[b] - times[a] })
	return hosts
}

// mostUsed is the origin with most documents and fetches.
func mostUsed(entries []*entry) (origin string) {
	times := map[string]int{}
	for _, e := range entries {
		if e.kind() == isCall {
			times[e.origin()]++
		}
	}
	for candidate, n := range times {
		if n > times[origin] || n == times[origin] && candidate < origin {
			origin = candidate
		}
	}
	return origin
}

// kind says what is done with an entry.
type kind uint8

const (
	isCall kind = iota
	isElsewhere
	isLocal
	isStatic
	isCached
	isPreflight
	isFailure
	isOdd
	kinds
)

var staticTypes = []string{"image", "font", "stylesheet", "script", "media", "manifest", "texttrack", "imageset", "beacon", "ping", "other"}

var staticEnds = []string{".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp", ".avif", ".css", ".js", ".mjs", ".map", ".woff", ".woff2", ".ttf", ".otf", ".eot", ".mp4", ".webm", ".mp3", ".wasm"}

// kind finds out what an entry is: by what the browser says of it, else by its type and its path.
func (e *entry) kind() kind {
	switch {
	case e.url.Host == "":
		return isLocal
	case e.isSocket():
		return isCall
	case !methodForm.MatchString(e.Request.Method), e.Request.Method == "CONNECT":
		return isOdd
	case e.FromCache != "", strings.HasSuffix(e.FetchType, " Cache"):
		return isCached
	case e.Request.Method == "OPTIONS" && e.header("Access-Control-Request-Method") != "", e.ResourceType == "preflight":
		return isPreflight
	case e.Response.Status <= 0 && e.Response.Content.Text == "", e.Response.Failure != "", e.Response.Status >= 400:
		return isFailure
	}
	switch kind := strings.ToLower(e.ResourceType); {
	case kind == "xhr", kind == "fetch", kind == "document", kind == "websocket", kind == "eventsource":
		return isCall
	case slices.Contains(staticTypes, kind) && kind != "other":
		return isStatic
	}
	media := strings.ToLower(e.Response.Content.MimeType)
	if e.Request.Method == "GET" {
		for _, begin := range []string{"image/", "font/", "text/css", "text/javascript", "application/javascript", "application/x-javascript", "application/font", "video/", "audio/", "application/wasm"} {
			if strings.HasPrefix(media, begin) {
				return isStatic
			}
		}
		low := strings.ToLower(e.url.Path)
		if slices.ContainsFunc(staticEnds, func(end string) bool { return strings.HasSuffix(low, end) }) {
			return isStatic
		}
	}
	return isCall
}

var methodForm = regexp.MustCompile(`^[A-Z]+$`)

// leftOut counts entries that are not kept, by their kinds.
type leftOut [kinds]int

// String is a list of what is left out; empty for nothing.
func (l leftOut) String() string {
	var not []string
	for kind, what := range [kinds]string{isElsewhere: "of other hosts", isLocal: "without a web address", isStatic: "static", isCached: "from the browser's cache", isPreflight: "preflight", isFailure: "failed", isOdd: "without a usual method"} {
		if l[kind] > 0 {
			not = append(not, fmt.Sprintf("%d %s", l[kind], what))
		}
	}
	return and(not)
}

// choose keeps the entries of a host that are calls. Without a host it keeps none.
func choose(entries []*entry, origin string) (kept []*entry, left leftOut) {
	for _, e := range entries {
		k := e.kind()
		if k != isLocal && origin != "" && e.origin() != origin {
			k = isElsewhere
		}
		if k == isCall {
			kept = append(kept, e)
			continue
		}
		left[k]++
	}
	return kept, left
}

// title tells what was kept and what was not.
func (w *writer) title(all, kept []*entry, left leftOut, host string) string {
	_, name, _ := strings.Cut(host, "://")
	text := fmt.Sprintf("%s: %s in %s; %d to %s %s kept", w.in.Name, several(len(all), "entry", "entries"), shown(all[len(all)-1].end.Sub(all[0].start)), len(kept), name, areOrIs(len(kept)))
	if not := left.String(); not != "" {
		text += ", " + not + " " + areOrIs(len(all)-len(kept)) + " not"
	}
	text += fmt.Sprintf("\n  1 user, 1 task, %s, %s", several(w.steps, "step", "steps"), several(len(w.routes), "route", "routes"))
	if len(w.carried) > 0 {
		text += fmt.Sprintf("; %s carried from answer to request (%s)", several(len(w.carried), "value", "values"), strings.Join(w.carried, ", "))
	}
	switch {
	case w.savedToken && len(w.d.Env) == 0:
		text += "\n  The recording's token was not written; the step that answers it saves it anew."
	case len(w.d.Env) > 0:
		text += "\n  Secrets of the recording were not written."
	}
	return text
}

func areOrIs(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func several(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
