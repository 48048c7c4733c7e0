//go:build real

package grpc

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// The conformance suite of gRPC clients, https://github.com/connectrpc/conformance: its program starts servers,
// and this test binary as the client under test. Each case is a call on the client of this package, over its
// own connection and over a shared one.

const conformanceModule = "connectrpc.com/conformance@v1.0.7"

// conformanceConfig has everything of gRPC. HTTP/1.1, JSON and the protocols of Connect are none of ours.
const conformanceConfig = `
features:
  versions: [HTTP_VERSION_2]
  protocols: [PROTOCOL_GRPC]
  codecs: [CODEC_PROTO]
  compressions: [COMPRESSION_IDENTITY, COMPRESSION_GZIP]
  streamTypes: [STREAM_TYPE_UNARY, STREAM_TYPE_CLIENT_STREAM, STREAM_TYPE_SERVER_STREAM, STREAM_TYPE_HALF_DUPLEX_BIDI_STREAM, STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM]
  supportsH2c: true
  supportsTls: true
  supportsTlsClientCerts: true
  supportsTrailers: true
  supportsMessageReceiveLimit: true
`

func TestRealConformance(t *testing.T) {
	program, err := filepath.Abs("../../../../bin/tools/connectconformance")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%v: run `make test-real`", err)
	}
	config := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(config, []byte(conformanceConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"own", "shared"} {
		t.Run(mode, func(t *testing.T) {
			c := exec.CommandContext(t.Context(), program, "--mode", "client", "--conf", config, "--", os.Args[0])
			c.Env = append(os.Environ(), Role+"="+mode)
			out, err := c.CombinedOutput()
			text := string(out)
			if len(text) > 20_000 {
				text = text[:20_000] + "…"
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			t.Log(text[max(0, strings.LastIndex(strings.TrimSpace(text), "\n")):])
		})
	}
}

// suite is the suite's messages, from its .proto files.
type suite struct {
	request, response, result protoreflect.MessageDescriptor
}

func readSuite() (*suite, error) {
	c := exec.Command("go", "mod", "download", "-json", conformanceModule)
	c.Dir = os.TempDir() // outside of any module
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go mod download %s: %w", conformanceModule, err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return nil, err
	}
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{filepath.Join(module.Dir, "proto")}})}
	files, err := compiler.Compile(context.Background(), "connectrpc/conformance/v1/client_compat.proto", "connectrpc/conformance/v1/service.proto")
	if err != nil {
		return nil, err
	}
	find := func(name string) protoreflect.MessageDescriptor {
		d, err := files.AsResolver().FindDescriptorByName(protoreflect.FullName("connectrpc.conformance.v1." + name))
		if err != nil {
			panic(err)
		}
		return d.(protoreflect.MessageDescriptor)
	}
	return &suite{find("ClientCompatRequest"), find("ClientCompatResponse"), find("ClientResponseResult")}, nil
}

// asked is a ClientCompatRequest, in protobuf's JSON.
type asked struct {
	TestName            string
	Compression         string
	Host                string
	Port                int
	ServerTLSCert       []byte                      `json:"serverTlsCert"`
	ClientTLSCreds      *struct{ Cert, Key []byte } `json:"clientTlsCreds"`
	MessageReceiveLimit int
	Service, Method     string
	StreamType          string
	RequestHeaders      []header
	TimeoutMs           *int
	RequestDelayMs      int
	Cancel              *struct {
		BeforeCloseSend   *struct{}
		AfterCloseSendMs  *int
		AfterNumResponses int
	}
	messages [][]byte // not of the JSON
}

type header struct {
	Name  string   `json:"name"`
	Value []string `json:"value"`
}

// beClient reads requests, makes the calls, several at once, and writes what became of each. role is own or shared.
func beClient(role string) error {
	s, err := readSuite()
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	var calls sync.WaitGroup
	var mu sync.Mutex // guards standard output
	slots := make(chan struct{}, 8)
	for {
		raw, err := readSized(in)
		if errors.Is(err, io.EOF) {
			calls.Wait()
			return nil
		}
		if err != nil {
			return err
		}
		slots <- struct{}{}
		calls.Go(func() {
			defer func() { <-slots }()
			answer := s.answer(raw, role == "shared")
			mu.Lock()
			defer mu.Unlock()
			os.Stdout.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(answer))), answer...)) //nolint:errcheck // the suite notices
		})
	}
}

func readSized(in io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return nil, err
	}
	raw := make([]byte, binary.BigEndian.Uint32(size[:]))
	_, err := io.ReadFull(in, raw)
	return raw, err
}

// answer makes a call and returns its ClientCompatResponse.
func (s *suite) answer(raw []byte, shared bool) []byte {
	q, err := s.read(raw)
	response := dynamicpb.NewMessage(s.response)
	set := func(field string, v protoreflect.Value) {
		response.Set(s.response.Fields().ByName(protoreflect.Name(field)), v)
	}
	set("test_name", protoreflect.ValueOfString(q.TestName))
	var result *dynamicpb.Message
	if err == nil {
		result, err = s.call(q, shared)
	}
	if err != nil {
		wrong := dynamicpb.NewMessage(s.response.Fields().ByName("error").Message())
		wrong.Set(wrong.Descriptor().Fields().ByName("message"), protoreflect.ValueOfString(err.Error()))
		set("error", protoreflect.ValueOfMessage(wrong))
	} else {
		set("response", protoreflect.ValueOfMessage(result))
	}
	out, err := proto.Marshal(response)
	if err != nil {
		panic(err)
	}
	return out
}

// read reads a request: its messages as bytes, the rest as JSON.
func (s *suite) read(raw []byte) (*asked, error) {
	m := dynamicpb.NewMessage(s.request)
	q := &asked{}
	if err := proto.Unmarshal(raw, m); err != nil {
		return q, err
	}
	field := s.request.Fields().ByName("request_messages")
	list := m.Get(field).List()
	for i := range list.Len() {
		any := list.Get(i).Message()
		q.messages = append(q.messages, any.Get(any.Descriptor().Fields().ByName("value")).Bytes())
	}
	m.Clear(field)
	text, err := protojson.Marshal(m)
	if err == nil {
		err = json.Unmarshal(text, q)
	}
	return q, err
}

// call makes a call with the client of this package.
func (s *suite) call(q *asked, shared bool) (*dynamicpb.Message, error) {
	u, head, err := q.client(shared)
	if err != nil {
		return nil, err
	}
	defer u.clients.Close() //nolint:errcheck // the test is over
	defer u.Close()         //nolint:errcheck // the test is over
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	u.wake(ctx)
	t := &trial{asked: q, client: u, ctx: ctx, cancel: cancel, until: time.Now().Add(20 * time.Second)}
	if q.TimeoutMs != nil {
		t.until = time.Now().Add(time.Duration(*q.TimeoutMs) * time.Millisecond)
	}
	u.request = h2.Request{Head: head, Deadline: t.until}
	if q.StreamType == "STREAM_TYPE_UNARY" {
		t.unary()
	} else {
		t.stream()
	}
	return s.resultOf(t)
}

// client makes a client of one user, and the head of the call.
func (q *asked) client(shared bool) (*client, *h2.Head, error) {
	target := plan.Target{URL: "http://" + net.JoinHostPort(q.Host, strconv.Itoa(q.Port)), Timeout: 20 * time.Second, HTTP: profile.HTTP2}
	target.Shown = target.URL
	if len(q.ServerTLSCert) > 0 {
		target.URL = "https" + strings.TrimPrefix(target.URL, "http")
		target.TLS.CA = q.ServerTLSCert
		if q.ClientTLSCreds != nil {
			target.TLS.Cert, target.TLS.Key = q.ClientTLSCreds.Cert, q.ClientTLSCreds.Key
		}
	}
	if shared {
		target.Connections = 1
	}
	d, err := wire.NewDialer(target, nil)
	if err != nil {
		return nil, nil, err
	}
	f := newClients(&target, d)
	if q.MessageReceiveLimit > 0 {
		f.most = q.MessageReceiveLimit
	}
	var metadata []plan.Header
	for _, h := range q.RequestHeaders {
		for _, value := range h.Value {
			metadata = append(metadata, plan.Header{Name: strings.ToLower(h.Name), Value: plan.Lit(value)})
		}
	}
	timeout := time.Duration(0)
	if q.TimeoutMs != nil {
		timeout = time.Duration(*q.TimeoutMs) * time.Millisecond
	}
	fields, _ := f.fields(q.Service+"/"+q.Method, metadata, timeout)
	if q.Compression == "COMPRESSION_GZIP" {
		fields = append(fields, h2.Field{Name: "grpc-encoding", Value: "gzip"})
	}
	return f.newUser(), f.maker.Head(fields), nil
}
