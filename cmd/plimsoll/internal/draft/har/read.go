package har

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
)

// entry is one exchange of a recording, as far as it is used.
type entry struct {
	Started      string   `json:"startedDateTime"`
	Time         float64  `json:"time"`
	Request      request  `json:"request"`
	Response     response `json:"response"`
	ResourceType string   `json:"_resourceType"`
	FromCache    string   `json:"_fromCache"` // memory or disk, as Chromium writes it
	FetchType    string   `json:"_fetchType"` // such as Disk Cache, as Safari writes it
	Sockets      []frame  `json:"_webSocketMessages"`

	url        *url.URL
	start, end time.Time
}

type request struct {
	Method  string  `json:"method"`
	URL     string  `json:"url"`
	Headers []field `json:"headers"`
	Post    *post   `json:"postData"`
	Size    float64 `json:"bodySize"`
}

type post struct {
	MimeType string  `json:"mimeType"`
	Text     string  `json:"text"`
	Encoding string  `json:"encoding"`
	Params   []param `json:"params"`
}

type param struct {
	Name        string `json:"name"`
	Value       string `json:"value"`
	FileName    string `json:"fileName"`
	ContentType string `json:"contentType"`
}

type response struct {
	Status  int     `json:"status"`
	Headers []field `json:"headers"`
	Content content `json:"content"`
	Failure string  `json:"_error"`
}

type content struct {
	MimeType string `json:"mimeType"`
	Text     string `json:"text"`
	Encoding string `json:"encoding"`
}

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// frame is a message of a WebSocket, as Chromium writes it.
type frame struct {
	Type   string  `json:"type"` // send or receive
	Time   float64 `json:"time"`
	Opcode int     `json:"opcode"`
	Data   string  `json:"data"`
}

// Bounds of what is kept of a recording.
const (
	maxEntries = 50_000
	maxAnswer  = 1 << 20 // bytes of an answer that is looked into
	maxAnswers = 32 << 20
	maxFrames  = 200
)

// read reads the entries of a recording, one at a time, in the order of time. A value of another kind than HAR has is
// left out, and noted.
func read(name string, r io.Reader) ([]*entry, []draft.Note, error) {
	counted := &counter{r: r, name: name}
	d := json.NewDecoder(counted)
	var entries []*entry
	kept := 0
	found := false
	odd := oddities{first: map[string]int{}, times: map[string]int{}}
	err := object(d, func(key string) error {
		if key != "log" {
			return skip(d)
		}
		return object(d, func(key string) error {
			if key != "entries" {
				return skip(d)
			}
			found = true
			return array(d, func() error {
				e := &entry{}
				if err := odd.count(d.Decode(e), len(entries)+1); err != nil {
					return err
				}
				if len(entries) == maxEntries {
					return errTooMany
				}
				e.prepare(&kept)
				entries = append(entries, e)
				return nil
			})
		})
	})
	switch {
	case errors.Is(err, errTooMany):
		return nil, nil, fmt.Errorf("%s holds more than %d entries: give a smaller part of it", name, maxEntries)
	case err != nil:
		return nil, nil, counted.problem(d, err)
	case !found:
		return nil, nil, fmt.Errorf("%s is no HAR file: it has no log.entries; export one from the network panel of a browser", name)
	case len(entries) == 0:
		return nil, nil, fmt.Errorf("%s holds no request", name)
	}
	date(entries)
	slices.SortStableFunc(entries, func(a, b *entry) int { return a.start.Compare(b.start) })
	return entries, odd.notes(name), nil
}

// date gives an entry without a time that of the one before, or of the first that has one.
func date(entries []*entry) {
	var last time.Time
	if i := slices.IndexFunc(entries, func(e *entry) bool { return !e.start.IsZero() }); i >= 0 {
		last = entries[i].start
	}
	for _, e := range entries {
		if e.start.IsZero() {
			e.start = last
		}
		last = e.start
		e.end = e.start.Add(time.Duration(min(max(e.Time, 0), 3_600_000) * float64(time.Millisecond)))
	}
}

// oddities counts values of another kind than HAR has.
type oddities struct {
	first map[string]int // the entry that each kind was found in first
	times map[string]int
}

// count counts an error of decoding an entry that is about a kind of value, and returns any other.
func (o *oddities) count(err error, nth int) error {
	var kind *json.UnmarshalTypeError
	if !errors.As(err, &kind) {
		return err
	}
	text := fmt.Sprintf("%s is %s, where HAR has another kind of value, and is left out", cmp.Or(kind.Field, "an entry"), article(kind.Value))
	if o.times[text]++; o.times[text] == 1 {
		o.first[text] = nth
	}
	return nil
}

// notes tells each kind once.
func (o *oddities) notes(name string) (notes []draft.Note) {
	for _, text := range slices.Sorted(maps.Keys(o.times)) {
		place := fmt.Sprintf(" (entry %d)", o.first[text])
		if n := o.times[text]; n > 1 {
			place = fmt.Sprintf(" (entry %d and %d more)", o.first[text], n-1)
		}
		notes = append(notes, draft.Note{File: name, Text: text + place})
	}
	return notes
}

// article is a kind of JSON with its article: an object, a number.
func article(kind string) string {
	word, _, _ := strings.Cut(kind, " ") // number 1e999
	if strings.HasPrefix(word, "a") || strings.HasPrefix(word, "o") {
		return "an " + word
	}
	return "a " + word
}

var errTooMany = errors.New("too many entries")

// prepare reads the address and the times of an entry, and drops what is not needed of it.
func (e *entry) prepare(kept *int) {
	u, err := url.Parse(strings.TrimSpace(e.Request.URL))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "ws" && u.Scheme != "wss" {
		u = &url.URL{}
	}
	u.Host = strings.ToLower(u.Host)
	e.url = u
	e.Request.Method = strings.ToUpper(strings.TrimSpace(e.Request.Method))
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05"} {
		if at, err := time.Parse(form, e.Started); err == nil {
			e.start = at
			break
		}
	}
	text := e.Response.Content.Text
	if e.Response.Content.Encoding == "base64" {
		plain, err := base64.StdEncoding.DecodeString(text)
		text = string(plain)
		if err != nil || !utf8.ValidString(text) {
			text = ""
		}
	}
	if len(text) > maxAnswer || *kept+len(text) > maxAnswers {
		text = ""
	}
	*kept += len(text)
	e.Response.Content.Text = strings.Clone(text)
	if e.Request.Post != nil && e.Request.Post.Encoding == "base64" {
		if plain, err := base64.StdEncoding.DecodeString(e.Request.Post.Text); err == nil {
			e.Request.Post.Text = string(plain)
		}
	}
}

// origin is scheme and host, those of a WebSocket as those of its handshake.
func (e *entry) origin() string {
	scheme := strings.Replace(e.url.Scheme, "ws", "http", 1)
	host := e.url.Host
	if scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	} else {
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + host
}

func (e *entry) isSocket() bool {
	return strings.HasPrefix(e.url.Scheme, "ws") || strings.EqualFold(e.ResourceType, "websocket") || len(e.Sockets) > 0
}

// hasBody reports whether a request had a body, whether or not the recording holds it: browsers leave out files.
func (e *entry) hasBody() bool {
	return e.Request.Size > 0 || strings.HasPrefix(strings.ToLower(e.header("Content-Type")), "multipart/form-data") || digits.MatchString(e.header("Content-Length")) && e.header("Content-Length") != "0"
}

// header is a header of the request; empty for none.
func (e *entry) header(name string) string { return valueOf(e.Request.Headers, name) }

func valueOf(fields []field, name string) string {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// counter counts the lines that a decoder has read, so that a problem has a place.
type counter struct {
	r      io.Reader
	name   string
	read   int64
	breaks []int64 // where each line break is
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for at := 0; ; {
		i := bytes.IndexByte(p[at:n], '\n')
		if i < 0 || len(c.breaks) > 10_000_000 {
			break
		}
		c.breaks = append(c.breaks, c.read+int64(at+i))
		at += i + 1
	}
	c.read += int64(n)
	return n, err
}

// problem is an error with its line and column.
func (c *counter) problem(d *json.Decoder, err error) error {
	offset := d.InputOffset()
	var syntax *json.SyntaxError
	text := err.Error()
	switch {
	case errors.As(err, &syntax):
		offset = max(offset, syntax.Offset-1)
		text = strings.TrimPrefix(text, "json: ")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		text = "the file ends too early"
	}
	line, _ := slices.BinarySearch(c.breaks, offset)
	begins := int64(0)
	if line > 0 {
		begins = c.breaks[line-1] + 1
	}
	return fmt.Errorf("%s:%d:%d: %s", c.name, line+1, offset-begins+1, text)
}

var errShape = errors.New("this is no HAR file: expected an object or a list here")

// object reads an object, and each of its values with member.
func object(d *json.Decoder, member func(key string) error) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return errShape
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if err := member(key.(string)); err != nil { // a key is a text, or Token has failed
			return err
		}
	}
	_, err = d.Token()
	return err
}

// array reads a list, and each of its values with item.
func array(d *json.Decoder, item func() error) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('[') {
		return errShape
	}
	for d.More() {
		if err := item(); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// skip steps over a value without keeping it.
func skip(d *json.Decoder) error {
	depth := 0
	for {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// shown is a span in whole seconds, or in tenths below ten.
func shown(d time.Duration) string {
	if d < 0 {
		d = 0
	}
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
