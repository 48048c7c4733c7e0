package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Two peers are libraries and not programs. peerbench starts itself as a generator that uses them: as few lines as
// possible, to measure the library itself.

// peerCommand is the first argument with which peerbench is one of them, or the server:
//
//	peerbench peer echo WEB-ADDRESS GRPC-ADDRESS
//	peerbench peer secure WEB-ADDRESS TLS-ADDRESS
//	peerbench peer grpc-go|gorilla ADDRESS CONNECTIONS USERS SECONDS
const peerCommand = "peer"

// self is the path of this program.
func self() (string, error) { return os.Executable() }

// errPeerUsage is for developers who try a peer by hand.
var errPeerUsage = errors.New("usage: peerbench peer echo|secure WEB ADDRESS, or peerbench peer grpc-go|gorilla ADDRESS CONNECTIONS USERS SECONDS")

// runPeer is peerbench peer.
func runPeer(ctx context.Context, args []string, stdout io.Writer) error {
	switch {
	case len(args) == 3 && args[0] == "echo":
		return serveEcho(ctx, args[1], args[2])
	case len(args) == 3 && args[0] == "secure":
		return serveSecure(ctx, args[1], args[2])
	}
	if len(args) != 5 {
		return errPeerUsage
	}
	connections, err1 := strconv.Atoi(args[2])
	users, err2 := strconv.Atoi(args[3])
	seconds, err3 := strconv.Atoi(args[4])
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("%w: %w", errPeerUsage, err)
	}
	l := &library{addr: args[1], connections: connections, users: users, until: time.Now().Add(time.Duration(seconds) * time.Second)}
	begin := time.Now()
	var err error
	switch args[0] {
	case "grpc-go":
		err = l.streams(ctx)
	case "gorilla":
		err = l.sockets(ctx)
	default:
		return errPeerUsage
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(map[string]any{
		"rate": float64(l.messages.Load()) / time.Since(begin).Seconds(), "requests": l.messages.Load(), "failures": 0,
	})
}

// library is a generator.
type library struct {
	addr               string
	connections, users int
	until              time.Time
	messages           atomic.Int64
}

// streams reads streams of Many with grpc-go and a codec that does nothing.
func (l *library) streams(ctx context.Context) error {
	conns := make([]*grpc.ClientConn, l.connections)
	for i := range conns {
		conn, err := grpc.NewClient(l.addr, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawCodec{})))
		if err != nil {
			return err
		}
		defer conn.Close() //nolint:errcheck // at the program's end
		conns[i] = conn
	}
	return l.together(func(user int) error { return l.readStreams(ctx, conns[user%len(conns)]) })
}

// together lets every user work at the same time.
func (l *library) together(work func(user int) error) error {
	ended := make(chan error, l.users)
	for user := range l.users {
		go func() { ended <- work(user) }()
	}
	var problems []error
	for range l.users {
		problems = append(problems, <-ended)
	}
	return errors.Join(problems...)
}

func (l *library) readStreams(ctx context.Context, conn *grpc.ClientConn) error {
	message, got := echoBytes(), new([]byte)
	for time.Now().Before(l.until) && ctx.Err() == nil {
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/peerbench.Echo/Many")
		if err != nil {
			return err
		}
		if err := errors.Join(stream.SendMsg(&message), stream.CloseSend()); err != nil {
			return err
		}
		n := 0
		for ; err == nil; n++ {
			err = stream.RecvMsg(got)
		}
		if !errors.Is(err, io.EOF) || n-1 != streamLength {
			return fmt.Errorf("a stream of %d messages: %w", n-1, err)
		}
		l.messages.Add(streamLength)
	}
	return nil
}

// sockets sends one message after the other over a WebSocket for each user, with gorilla.
func (l *library) sockets(ctx context.Context) error {
	return l.together(func(int) error {
		conn, _, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+l.addr+"/echo", nil) //nolint:bodyclose // of a switch of protocols
		if err != nil {
			return err
		}
		defer conn.Close() //nolint:errcheck // at the program's end
		message := []byte(socketMessage)
		for time.Now().Before(l.until) && ctx.Err() == nil {
			if err := conn.WriteMessage(websocket.TextMessage, message); err != nil {
				return err
			}
			if _, got, err := conn.ReadMessage(); err != nil || len(got) != len(message) {
				return fmt.Errorf("an answer of %d bytes: %w", len(got), err)
			}
			l.messages.Add(1)
		}
		return nil
	})
}
