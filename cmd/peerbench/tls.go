package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"

	"github.com/quic-go/quic-go/http3"
)

// No peer that is easily had speaks HTTP/3, so the scenario http3 compares Plimsoll's with its own HTTP/2 over TLS.

// selfSigned is a certificate that nobody trusts.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	text := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, text, text, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// serveSecure answers every GET over HTTP/2 and HTTP/3 on one address, and its count in plain HTTP on another.
func serveSecure(ctx context.Context, web, secure string) error {
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	e := &echo{}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		e.calls.Add(1)
		_, _ = io.WriteString(w, answer) // the client is gone, which it will tell
	})
	socket, err := net.ListenPacket("udp", secure)
	if err != nil {
		return err
	}
	defer socket.Close() //nolint:errcheck // at the program's end
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	plain := &http.Server{Addr: web, Handler: http.HandlerFunc(e.status), ReadHeaderTimeout: 10 * time.Second}
	over2 := &http.Server{Addr: secure, Handler: handler, TLSConfig: config, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	over3 := &http3.Server{Handler: handler, TLSConfig: http3.ConfigureTLSConfig(config.Clone())}
	served := make(chan error, 3)
	go func() { served <- plain.ListenAndServe() }()
	go func() { served <- over2.ListenAndServeTLS("", "") }()
	go func() { served <- over3.Serve(socket) }()
	left := 3
	select {
	case err = <-served:
		left--
	case <-ctx.Done():
	}
	err = errors.Join(err, plain.Close(), over2.Close(), over3.Close())
	for range left {
		<-served //nolint:errcheck // they say that they were ended
	}
	return err
}

// runHTTP3 compares HTTP/3 with HTTP/2, both over TLS.
func runHTTP3(ctx context.Context, b *bench) (r report, err error) {
	s, secure, err := b.startPeer(ctx, "secure")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	get := func(version int, extra string) func(job) invocation {
		return func(j job) invocation {
			return plimsoll(j.program, targeted(fmt.Sprintf("{url: %q, http: %d, tls: {insecure: true}%s}", j.url, version, extra), j, getTask))
		}
	}
	return b.compareCosts(ctx, costScenario{
		target: s, url: "https://" + secure, yardstick: "plimsoll, HTTP/2, " + perUser,
		candidates: []candidate{
			{"plimsoll", "HTTP/2, " + perUser, get(2, "")},
			{"plimsoll", "HTTP/2, " + shared, get(2, sharing)},
			{"plimsoll", "HTTP/3, " + perUser, get(3, "")},
			{"plimsoll", "HTTP/3, " + shared, get(3, sharing)},
		},
	})
}
