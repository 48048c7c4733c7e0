package h2

import "bytes"

// GreetingBytes is how many of a server's first bytes Greeting needs.
const GreetingBytes = frameHeadBytes

// Greeting says what is wrong with the first bytes of a server that was asked for HTTP/2; nil if they begin its
// settings, as they must (RFC 9113, section 3.4).
func Greeting(first []byte) error {
	if len(first) >= GreetingBytes {
		if f := parseFrame(first); f.kind == frameSettings && f.flags&flagAck == 0 {
			return nil
		}
	}
	// Some servers refuse the preface as HTTP/0.9 would: they send a page without a status line.
	if bytes.HasPrefix(first, []byte("HTTP/")) || bytes.HasPrefix(first, []byte("<")) {
		return ErrHTTP1
	}
	return ErrNotHTTP2
}

// Hello is what a client sends first: the preface and its settings.
func Hello() []byte { return appendHello(nil) }
