package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/stats"
)

// The echo server answers gRPC and WebSocket as cheaply as its libraries can: it sends the bytes back that it got.
// peerbench starts itself as this server, on a core of its own. It counts calls and messages, and tells them as
// nginx's stub_status does.

// echoProto describes its service to the tools.
const echoProto = `syntax = "proto3";
package peerbench;
service Echo {
  rpc Say(Message) returns (Message);
  rpc Many(Message) returns (stream Message); // streamLength times
}
message Message {
  string text = 1;
  int64 number = 2;
  string word = 3;
  int32 count = 4;
}
`

// echoMessage is the message that all tools send, in protobuf's JSON; echoBytes are the same in bytes.
const (
	echoText    = "warm waterproof boots for the hill by the sea after rain and in winter"
	echoMessage = `{"text": "` + echoText + `", "number": "1472264933949945808", "word": "boots", "count": 7}`
	echoNumber  = 1472264933949945808
)

// streamLength is the number of messages of Many.
const streamLength = 100

// echoBytes is echoMessage on the wire: 91 bytes.
func echoBytes() []byte {
	b := append([]byte{1<<3 | 2, byte(len(echoText))}, echoText...)
	b = binary.AppendUvarint(append(b, 2<<3), echoNumber)
	b = append(append(b, 3<<3|2, 5), "boots"...)
	return append(b, 4<<3, 7)
}

// framed is a message with gRPC's prefix: not compressed, and its length.
func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}

// rawCodec leaves messages as they are. It is called proto, since that is the content type that it sends.
type rawCodec struct{}

// Marshal returns the bytes.
func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

// Unmarshal keeps the bytes.
func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

// Name is that of protobuf's codec.
func (rawCodec) Name() string { return "proto" }

// echo is the server.
type echo struct {
	calls atomic.Int64
	open  atomic.Int64 // connections of gRPC
}

var _ stats.Handler = (*echo)(nil)

// TagRPC does nothing.
func (e *echo) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC does nothing.
func (e *echo) HandleRPC(context.Context, stats.RPCStats) {}

// TagConn does nothing.
func (e *echo) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn counts connections.
func (e *echo) HandleConn(_ context.Context, s stats.ConnStats) {
	switch s.(type) {
	case *stats.ConnBegin:
		e.open.Add(1)
	case *stats.ConnEnd:
		e.open.Add(-1)
	}
}

// serveEcho answers on two addresses until ctx ends.
func serveEcho(ctx context.Context, web, rpc string) error {
	e := &echo{}
	webListener, err := net.Listen("tcp", web)
	if err != nil {
		return err
	}
	rpcListener, err := net.Listen("tcp", rpc)
	if err != nil {
		return errors.Join(err, webListener.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc(statusPath, e.status)
	mux.HandleFunc("/echo", e.socket)
	webServer := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	rpcServer := grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.StatsHandler(e))
	rpcServer.RegisterService(&grpc.ServiceDesc{
		ServiceName: "peerbench.Echo", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Say", Handler: e.say}},
		Streams: []grpc.StreamDesc{{StreamName: "Many", Handler: e.many, ServerStreams: true}},
	}, e)
	served := make(chan error, 2)
	go func() { served <- webServer.Serve(webListener) }()
	go func() { served <- rpcServer.Serve(rpcListener) }()
	left := 2
	select {
	case err = <-served:
		left--
	case <-ctx.Done():
	}
	rpcServer.Stop()
	err = errors.Join(err, webServer.Close())
	for range left {
		<-served //nolint:errcheck // they say that they were ended
	}
	return err
}

// status says how many calls there were, this one included, and how many connections there are.
func (e *echo) status(w http.ResponseWriter, _ *http.Request) {
	n := e.calls.Add(1)
	fmt.Fprintf(w, " 0 0 %d\nWaiting: %d\n", n, e.open.Load())
}

func (e *echo) say(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	message := new([]byte)
	e.calls.Add(1)
	return message, decode(message)
}

func (e *echo) many(_ any, stream grpc.ServerStream) error {
	message := new([]byte)
	if err := stream.RecvMsg(message); err != nil {
		return err
	}
	for range streamLength {
		e.calls.Add(1)
		if err := stream.SendMsg(message); err != nil {
			return err
		}
	}
	return nil
}

// socket sends every message back.
func (e *echo) socket(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it has answered
	}
	defer conn.Close() //nolint:errcheck // the client has closed it
	for {
		kind, message, err := conn.ReadMessage()
		if err != nil {
			return
		}
		e.calls.Add(1)
		if err := conn.WriteMessage(kind, message); err != nil {
			return
		}
	}
}

// startEcho starts this program as the echo server.
func (b *bench) startEcho(ctx context.Context) (s *server, rpc string, err error) {
	return b.startPeer(ctx, "echo")
}

// startPeer starts this program as a server that counts on one address, and answers on another.
func (b *bench) startPeer(ctx context.Context, name string) (s *server, rpc string, err error) {
	web, err1 := freeAddr()
	rpc, err2 := freeAddr()
	program, err3 := self()
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, "", err
	}
	s, err = startServer(ctx, b.serverCore, web, statusPath, []string{program, peerCommand, name, web, rpc})
	if err == nil {
		s.counts = true
	}
	return s, rpc, err
}
