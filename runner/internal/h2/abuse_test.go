package h2_test

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
)

// The errors that calls end with.
const (
	timeout = "a time-out"
	ended   = "the end of the connection"
)

// flood sends the same frames for as long as the client reads, within bounds.
func flood(frame func(p *peer) error) func(*peer) {
	return func(p *peer) {
		for range 1 << 17 {
			if frame(p) != nil {
				return
			}
		}
		p.silence()
	}
}

// after answers nothing to a request but what a script says, and then waits.
func after(script func(p *peer, id uint32)) func(*peer) {
	return func(p *peer) {
		id := p.begin()
		script(p, id)
		p.silence()
	}
}

// header makes an answer of a header with a raw block.
func withBlock(raw string) func(*peer) {
	return after(func(p *peer, id uint32) { p.raw(http2.FrameHeaders, endHeaders|endStream, id, raw) })
}

// words is 32-bit numbers as bytes.
func words(numbers ...uint32) string {
	var b []byte
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return string(b)
}

func setting(id http2.SettingID, value uint32) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(id))) + words(value)
}

// abuses are servers that break the rules, with what a GET of theirs ends with.
func abuses() map[string]struct {
	serve func(*peer)
	want  string
} {
	const (
		noStream  = "the server broke HTTP/2: a frame belongs to no stream"
		wrongSize = "the server broke HTTP/2: a frame has the wrong size"
		padding   = "the server broke HTTP/2: the padding is longer than its frame"
		within    = "the server broke HTTP/2: a frame came within a header"
		setValue  = "the server broke HTTP/2: a setting has an invalid value"
		window    = "the server broke HTTP/2: a window is larger than 2^31-1"
		nothing   = "the server broke HTTP/2: a window grows by nothing"
		coded     = "the server broke HTTP/2: a header block cannot be decoded"
		malformed = "the server broke HTTP/2: the header of the answer is malformed"
		large     = "the header is larger than 1 MiB"
		calm      = "the server sent 10,000 frames in a row that carry nothing"
		http1     = "the server answers in HTTP/1.1, not in HTTP/2"
		notHTTP2  = "the server does not speak HTTP/2"
	)
	settings := func(payload string) func(*peer) {
		return after(func(p *peer, _ uint32) { p.raw(http2.FrameSettings, 0, 0, payload) })
	}
	frame := func(kind http2.FrameType, flags http2.Flags, stream func(id uint32) uint32, payload string) func(*peer) {
		return after(func(p *peer, id uint32) { p.raw(kind, flags, stream(id), payload) })
	}
	own := func(id uint32) uint32 { return id }
	none := func(uint32) uint32 { return 0 }
	other := func(id uint32) uint32 { return id + 2 }
	even := func(id uint32) uint32 { return id + 1 }
	status := block(":status", "200")
	return map[string]struct {
		serve func(*peer)
		want  string
	}{
		"HTTP/1.1":                   {func(p *peer) { io.WriteString(p, "HTTP/1.1 400 Bad Request\r\n\r\n"); p.silence() }, http1},
		"HTTP/0.9":                   {func(p *peer) { io.WriteString(p, "<!DOCTYPE HTML>\n<html>"); p.silence() }, http1},
		"Redis":                      {func(p *peer) { io.WriteString(p, "-ERR unknown command 'PRI'\r\n"); p.silence() }, notHTTP2},
		"no settings":                {func(p *peer) { p.good(p.request(), "x"); p.silence() }, notHTTP2},
		"an acknowledgement first":   {func(p *peer) { p.WriteSettingsAck(); p.silence() }, notHTTP2},
		"closed at once":             {func(p *peer) {}, ended},
		"closed after settings":      {func(p *peer) { p.begin() }, ended},
		"closed within a frame":      {func(p *peer) { p.begin(); io.WriteString(p, "\x00\x00") }, ended},
		"silent":                     {func(p *peer) { p.silence() }, timeout},
		"silent after settings":      {after(func(*peer, uint32) {}), timeout},
		"silent within a frame":      {after(func(p *peer, _ uint32) { io.WriteString(p, "\x00\x00\x10\x01\x04\x00\x00\x00\x01abc") }), timeout},
		"silent within a header":     {after(func(p *peer, id uint32) { p.raw(http2.FrameHeaders, 0, id, status) }), timeout},
		"silent within a body":       {after(func(p *peer, id uint32) { p.header(id, 0, ":status", "200"); p.WriteData(id, false, []byte("x")) }), timeout},
		"no place":                   {func(p *peer) { p.begin(http2.Setting{ID: http2.SettingMaxConcurrentStreams}); p.silence() }, timeout},
		"reset":                      {after(func(p *peer, id uint32) { p.WriteRSTStream(id, http2.ErrCodeInternal) }), "the stream was reset: INTERNAL_ERROR"},
		"reset by an unknown code":   {after(func(p *peer, id uint32) { p.WriteRSTStream(id, 99) }), "the stream was reset: an unknown code"},
		"reset in peace, unanswered": {after(func(p *peer, id uint32) { p.WriteRSTStream(id, 0) }), "the stream was reset: NO_ERROR"},
		"goodbye":                    {after(func(p *peer, _ uint32) { p.WriteGoAway(0, 0, nil) }), "GOAWAY came before the server took the request"},
		"goodbye in waves": {after(func(p *peer, _ uint32) {
			p.WriteGoAway(1<<31-1, 0, nil)
			p.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, nil)
		}), "GOAWAY with ENHANCE_YOUR_CALM came before the server took the request"},
		"goodbye that lets it go on": {after(func(p *peer, id uint32) { p.WriteGoAway(id, 0, nil) }), timeout},
		"goodbye and the end":        {func(p *peer) { p.WriteGoAway(p.begin(), 0, nil) }, ended},

		"a body first":             {after(func(p *peer, id uint32) { p.WriteData(id, true, nil) }), "the server broke HTTP/2: a body came before its header"},
		"a body behind interim":    {after(func(p *peer, id uint32) { p.header(id, 0, ":status", "103"); p.WriteData(id, true, nil) }), "the server broke HTTP/2: a body came before its header"},
		"a body of 204":            {after(func(p *peer, id uint32) { p.header(id, 0, ":status", "204"); p.WriteData(id, true, []byte("x")) }), "the server broke HTTP/2: a body came with an answer that has none"},
		"a body of 304":            {after(func(p *peer, id uint32) { p.header(id, 0, ":status", "304"); p.WriteData(id, true, []byte("x")) }), "the server broke HTTP/2: a body came with an answer that has none"},
		"a header of no stream":    {frame(http2.FrameHeaders, endHeaders|endStream, none, status), noStream},
		"a header of the future":   {frame(http2.FrameHeaders, endHeaders|endStream, other, status), noStream},
		"a header of the server's": {frame(http2.FrameHeaders, endHeaders|endStream, even, status), noStream},
		"a body of no stream":      {frame(http2.FrameData, 0, none, "x"), noStream},
		"a body of the future":     {frame(http2.FrameData, 0, other, "x"), noStream},
		"a second header":          {after(func(p *peer, id uint32) { p.header(id, 0, ":status", "200"); p.header(id, 0, "x", "y") }), malformed},
		"a second status":          {after(func(p *peer, id uint32) { p.header(id, 0, ":status", "200"); p.header(id, endStream, ":status", "200") }), malformed},
		"a frame after a reset of its own": {after(func(p *peer, id uint32) {
			p.header(id, 0, ":status", "200")
			p.raw(http2.FrameContinuation, endHeaders, id, "")
		}), "the server broke HTTP/2: a header goes on that never began"},
		"a frame within a header": {after(func(p *peer, id uint32) { p.raw(http2.FrameHeaders, 0, id, status); p.WritePing(false, [8]byte{}) }), within},
		"another header within": {after(func(p *peer, id uint32) {
			p.raw(http2.FrameHeaders, 0, id, "")
			p.raw(http2.FrameHeaders, 4, id, status)
		}), within},
		"going on elsewhere": {after(func(p *peer, id uint32) {
			p.raw(http2.FrameHeaders, 0, id, "")
			p.raw(http2.FrameContinuation, 4, id+2, status)
		}), within},
		"a push":                     {frame(http2.FramePushPromise, endHeaders, own, words(2)+status), "the server broke HTTP/2: the server pushes, which was switched off"},
		"too large a frame":          {frame(http2.FrameData, 0, own, strings.Repeat("x", 1<<14+1)), "the server broke HTTP/2: a frame is larger than it may be"},
		"padding of a body":          {frame(http2.FrameData, http2.FlagDataPadded, own, "\x05x"), padding},
		"padding of an empty body":   {frame(http2.FrameData, http2.FlagDataPadded, own, ""), padding},
		"padding of a header":        {frame(http2.FrameHeaders, endHeaders|http2.FlagHeadersPadded, own, "\x05x"), padding},
		"padding of an empty header": {frame(http2.FrameHeaders, endHeaders|http2.FlagHeadersPadded, own, ""), "the server broke HTTP/2: a frame is too short"},
		"a short priority":           {frame(http2.FrameHeaders, endHeaders|http2.FlagHeadersPriority, own, "abc"), "the server broke HTTP/2: a frame is too short"},
		"a priority of no stream":    {frame(http2.FramePriority, 0, none, "abcde"), noStream},
		"a priority of 4 bytes":      {frame(http2.FramePriority, 0, own, "abcd"), wrongSize},
		"a reset of no stream":       {frame(http2.FrameRSTStream, 0, none, words(0)), noStream},
		"a reset of the future":      {frame(http2.FrameRSTStream, 0, other, words(0)), noStream},
		"a reset of 3 bytes":         {frame(http2.FrameRSTStream, 0, own, "abc"), wrongSize},
		"settings of 5 bytes":        {settings("abcde"), wrongSize},
		"settings of a stream":       {frame(http2.FrameSettings, 0, own, ""), noStream},
		"settings acknowledged so":   {frame(http2.FrameSettings, http2.FlagSettingsAck, none, setting(1, 1)), wrongSize},
		"a window too large":         {settings(setting(http2.SettingInitialWindowSize, 1<<31)), "the server broke HTTP/2: a setting has an invalid value"},
		"frames too small":           {settings(setting(http2.SettingMaxFrameSize, 1<<14-1)), setValue},
		"frames too large":           {settings(setting(http2.SettingMaxFrameSize, 1<<24)), setValue},
		"push is neither":            {settings(setting(http2.SettingEnablePush, 2)), setValue},
		"a ping of 7 bytes":          {frame(http2.FramePing, 0, none, "1234567"), wrongSize},
		"a ping of a stream":         {frame(http2.FramePing, 0, own, "12345678"), noStream},
		"a goodbye of 7 bytes":       {frame(http2.FrameGoAway, 0, none, "1234567"), wrongSize},
		"a goodbye of a stream":      {frame(http2.FrameGoAway, 0, own, "12345678"), noStream},
		"a window of 3 bytes":        {frame(http2.FrameWindowUpdate, 0, own, "abc"), wrongSize},
		"a window of the future":     {frame(http2.FrameWindowUpdate, 0, other, words(1)), noStream},
		"a window grows by nothing":  {frame(http2.FrameWindowUpdate, 0, own, words(0)), nothing},
		"the window does":            {frame(http2.FrameWindowUpdate, 0, none, words(0)), nothing},
		"a window overflows":         {frame(http2.FrameWindowUpdate, 0, own, words(1<<31-1)), window},
		"the window overflows":       {frame(http2.FrameWindowUpdate, 0, none, words(1<<31-1)), window},
		"windows overflow by settings": {after(func(p *peer, id uint32) {
			p.WriteWindowUpdate(id, 1<<31-1-1<<16)
			p.raw(http2.FrameSettings, 0, 0, setting(http2.SettingInitialWindowSize, 1<<20))
		}), window},

		"an index of nothing":      {withBlock("\x80"), coded},
		"an index too large":       {withBlock("\x88\xbe"), coded},
		"an index that never ends": {withBlock("\x88\xff\xff\xff\xff\xff\xff\xff\xff"), coded},
		"a cut number":             {withBlock("\x88\xff"), coded},
		"a cut name":               {withBlock("\x88\x40\x05ab"), coded},
		"a cut value":              {withBlock("\x88\x40\x01a\x05ab"), coded},
		"no value":                 {withBlock("\x88\x40\x01a"), coded},
		"Huffman's padding of 0":   {withBlock("\x88\x40\x01a\x81\x00"), coded},
		"Huffman's end":            {withBlock("\x88\x40\x01a\x84\xff\xff\xff\xff"), coded},
		"too large a table":        {withBlock("\x3f\xe2\x1f\x88"), coded},
		"a table resized late":     {withBlock("\x88\x20"), coded},
		"no status":                {withBlock(block("server", "x")), malformed},
		"an empty header":          {withBlock(""), malformed},
		"a late status":            {withBlock(block("server", "x", ":status", "200")), malformed},
		"two statuses":             {withBlock(block(":status", "200", ":status", "200")), malformed},
		"a status of 2 digits":     {withBlock(block(":status", "20")), malformed},
		"a status of letters":      {withBlock(block(":status", "2xx")), malformed},
		"status 101":               {withBlock(block(":status", "101")), malformed},
		"a path":                   {withBlock(block(":status", "200", ":path", "/")), malformed},
		"a name in upper case":     {withBlock(block(":status", "200", "Server", "x")), malformed},
		"a name with a space":      {withBlock(block(":status", "200", "a b", "x")), malformed},
		"an empty name":            {withBlock(block(":status", "200", "", "x")), malformed},
		"a value with a line end":  {withBlock(block(":status", "200", "a", "x\r\ny: z")), malformed},
		"a value with a NUL":       {withBlock(block(":status", "200", "a", "x\x00")), malformed},
		"interim and the end":      {withBlock(block(":status", "100")), malformed},
		"too short a body":         {after(func(p *peer, id uint32) { p.header(id, endStream, ":status", "200", "content-length", "1") }), "the server broke HTTP/2: the body is not as long as its Content-Length"},
		"too long a body": {after(func(p *peer, id uint32) {
			p.header(id, 0, ":status", "200", "content-length", "1")
			p.WriteData(id, true, []byte("xx"))
		}), "the server broke HTTP/2: the body is not as long as its Content-Length"},
		"a length of letters": {after(func(p *peer, id uint32) { p.header(id, endStream, ":status", "200", "content-length", "x") }), "the server broke HTTP/2: the body is not as long as its Content-Length"},

		"a bomb of indices": {after(func(p *peer, id uint32) { // one entry of 4,000 bytes, and 16,000 times its index
			p.raw(http2.FrameHeaders, endHeaders|endStream, id, "\x88\x40\x01a\x7f\xa1\x1e"+strings.Repeat("x", 4000)+strings.Repeat("\xbe", 12000))
		}), large},
		"a header without end": {func(p *peer) {
			p.raw(http2.FrameHeaders, 0, p.begin(), status)
			flood(func(p *peer) error {
				return p.raw(http2.FrameContinuation, 0, 1, block("x", strings.Repeat("y", 16000)))
			})(p)
		}, large},
		"a header of nothing without end": {func(p *peer) {
			p.raw(http2.FrameHeaders, 0, p.begin(), status)
			flood(func(p *peer) error { return p.raw(http2.FrameContinuation, 0, 1, "") })(p)
		}, calm},
		"interim answers without end": {func(p *peer) {
			id := p.begin()
			flood(func(p *peer) error { return p.header(id, 0, ":status", "103") })(p)
		}, "more than 100 interim answers came"},
		"settings without end": {func(p *peer) { p.begin(); flood(func(p *peer) error { return p.WriteSettings() })(p) }, calm},
		"pings without end":    {func(p *peer) { p.begin(); flood(func(p *peer) error { return p.WritePing(false, [8]byte{}) })(p) }, calm},
		"priorities without end": {func(p *peer) {
			p.begin()
			flood(func(p *peer) error { return p.raw(http2.FramePriority, 0, 1, "abcde") })(p)
		}, calm},
		"unknown frames without end": {func(p *peer) {
			p.begin()
			flood(func(p *peer) error { return p.raw(99, 0, 1, strings.Repeat("x", 100)) })(p)
		}, calm},
		"windows without end": {func(p *peer) {
			p.begin()
			flood(func(p *peer) error { return p.WriteWindowUpdate(0, 1) })(p)
		}, calm},
		"goodbyes without end": {func(p *peer) {
			p.begin()
			flood(func(p *peer) error { return p.WriteGoAway(1<<31-1, 0, nil) })(p)
		}, calm},
		"empty bodies without end": {func(p *peer) {
			id := p.begin()
			p.header(id, 0, ":status", "200")
			flood(func(p *peer) error { return p.raw(http2.FrameData, 0, id, "") })(p)
		}, calm},
		"padded bodies without end": {func(p *peer) {
			id := p.begin()
			p.header(id, 0, ":status", "200")
			flood(func(p *peer) error { return p.raw(http2.FrameData, http2.FlagDataPadded, id, "\x01\x00") })(p)
		}, calm},
	}
}

// Whatever a server sends, a call ends with an error that says what is wrong, in time, and memory stays
// bounded.
func TestAbusiveServers(t *testing.T) {
	for name, abuse := range abuses() {
		each(t, func(t *testing.T, way string) {
			t.Run(name, func(t *testing.T) {
				m := h2.NewMaker()
				get := m.Head(fields("GET", "/"))
				c := connect(t, m, way, scripted(t, abuse.serve))
				deadline := soon()
				if abuse.want == timeout {
					deadline = time.Now().Add(50 * time.Millisecond)
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				var s h2.Stream
				err := s.Do(c, &h2.Request{Head: get, Hold: 1 << 20, Deadline: deadline})
				var goaway h2.Goaway
				if err == nil || errors.As(err, &goaway) && abuse.want == timeout {
					err = s.Do(c, &h2.Request{Head: get, Hold: 1 << 20, Deadline: deadline}) // "no place" lets the first one begin
				}
				runtime.ReadMemStats(&after)
				if !matches(err, abuse.want) {
					t.Errorf("got %v, want %s", err, abuse.want)
				}
				if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
					t.Errorf("the heap grew by %d bytes", grown)
				}
			})
		})
	}
}

// matches reports whether a call ended as it was to.
func matches(err error, want string) bool {
	switch {
	case err == nil:
		return false
	case want == timeout:
		return errors.Is(err, os.ErrDeadlineExceeded)
	case want == ended:
		return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	}
	return err.Error() == want
}
