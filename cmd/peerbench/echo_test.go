package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// TestEchoBytes reads the bytes that h2load and grpc-go send: they must be the message that the others send as JSON.
func TestEchoBytes(t *testing.T) {
	b := echoBytes()
	if got := len(framed(b)) - 5; got != 91 || len(b) != 91 || framed(b)[4] != 91 {
		t.Errorf("the message has %d bytes, and its prefix says %d", got, framed(b)[4])
	}
	if len(socketMessage) != 100 {
		t.Errorf("the message over a WebSocket has %d bytes", len(socketMessage))
	}
	var text, word string
	var number, count uint64
	for rest := b; len(rest) > 0; {
		field, kind, n := protowire.ConsumeTag(rest)
		rest = rest[n:]
		if kind == protowire.BytesType {
			value, n := protowire.ConsumeString(rest)
			rest = rest[n:]
			if text == "" {
				text = value
			} else {
				word = value
			}
			continue
		}
		value, n := protowire.ConsumeVarint(rest)
		if n < 0 {
			t.Fatalf("field %d: %v", field, protowire.ParseError(n))
		}
		rest = rest[n:]
		if number == 0 {
			number = value
		} else {
			count = value
		}
	}
	if text != echoText || number != echoNumber || word != "boots" || count != 7 {
		t.Errorf("got %q, %d, %q, %d", text, number, word, count)
	}
}

// TestLibraries lets the peers that are libraries load the echo server for a second each.
func TestLibraries(t *testing.T) {
	web, err1 := freeAddr()
	rpc, err2 := freeAddr()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runPeer(ctx, []string{"echo", web, rpc}, nil) }()
	s := &server{url: "http://" + web, counts: true}
	before, err := s.served(ctx)
	for deadline := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(deadline); before, err = s.served(ctx) {
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{"grpc-go": rpc, "gorilla": web} {
		var out bytes.Buffer
		if err := runPeer(ctx, []string{name, address, "2", "3", "1"}, &out); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if rate, err := parseSummary(out.Bytes()); err != nil || rate <= 0 {
			t.Errorf("%s: rate %v, %v", name, rate, err)
		}
	}
	if after, err := s.served(ctx); err != nil || after < before+2*streamLength {
		t.Errorf("the server has counted %d calls and then %d, %v", before, after, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := runPeer(t.Context(), []string{"hey"}, nil); err == nil || !strings.Contains(err.Error(), "usage") {
		t.Errorf("an unknown peer: %v", err)
	}
}
