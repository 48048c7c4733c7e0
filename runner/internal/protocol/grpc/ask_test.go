package grpc_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	server "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// talker is a reflection service that says whatever a test wants.
type talker func(*reflection.ServerReflectionRequest) *reflection.ServerReflectionResponse

func (t talker) ServerReflectionInfo(s server.BidiStreamingServer[reflection.ServerReflectionRequest, reflection.ServerReflectionResponse]) error {
	for {
		q, err := s.Recv()
		if err != nil {
			return nil
		}
		a := t(q)
		if a == nil { // it keeps silent
			<-s.Context().Done()
			return nil
		}
		if err := s.Send(a); err != nil {
			return err
		}
	}
}

// talks serves a reflection service.
func talks(t *testing.T, talk talker) (url string) {
	t.Helper()
	s := server.NewServer()
	reflection.RegisterServerReflectionServer(s, talk)
	return "http://" + serve(t, s)
}

// files answers with files.
func files(all ...*descriptorpb.FileDescriptorProto) *reflection.ServerReflectionResponse {
	r := &reflection.FileDescriptorResponse{}
	for _, f := range all {
		raw, _ := proto.Marshal(f) // a message always has a wire form
		r.FileDescriptorProto = append(r.FileDescriptorProto, raw)
	}
	return &reflection.ServerReflectionResponse{MessageResponse: &reflection.ServerReflectionResponse_FileDescriptorResponse{FileDescriptorResponse: r}}
}

// refuses answers with an error.
func refuses(code codes.Code) *reflection.ServerReflectionResponse {
	return &reflection.ServerReflectionResponse{MessageResponse: &reflection.ServerReflectionResponse_ErrorResponse{
		ErrorResponse: &reflection.ErrorResponse{ErrorCode: int32(code), ErrorMessage: "not here"},
	}}
}

// file is a.proto: service a.S with one method, and imports.
func file(name string, imports ...string) *descriptorpb.FileDescriptorProto {
	return &descriptorpb.FileDescriptorProto{
		Name: &name, Package: proto.String("a"), Syntax: proto.String("proto3"), Dependency: imports,
		MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("Q")}},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("S"), Method: []*descriptorpb.MethodDescriptorProto{
			{Name: proto.String("M"), InputType: proto.String(".a.Q"), OutputType: proto.String(".a.Q")},
		}}},
	}
}

// ask asks a system to describe a.S.
func ask(t *testing.T, url, target, method string) error {
	t.Helper()
	_, f := clients(t, url, target, "{grpc: "+method+"}")
	return f.Ask(t.Context())
}

// A system that cannot describe itself, or does so wrongly, is an error that names it.
func TestAsk(t *testing.T) {
	bySymbol := func(answer *reflection.ServerReflectionResponse) talker {
		return func(q *reflection.ServerReflectionRequest) *reflection.ServerReflectionResponse {
			switch q := q.GetMessageRequest().(type) {
			case *reflection.ServerReflectionRequest_ListServices:
				return &reflection.ServerReflectionResponse{MessageResponse: &reflection.ServerReflectionResponse_ListServicesResponse{
					ListServicesResponse: &reflection.ListServiceResponse{Service: []*reflection.ServiceResponse{{Name: "a.S"}}},
				}}
			case *reflection.ServerReflectionRequest_FileContainingSymbol:
				if q.FileContainingSymbol != "a.S" {
					return refuses(codes.NotFound)
				}
				return answer
			}
			return refuses(codes.NotFound)
		}
	}
	endless := func(q *reflection.ServerReflectionRequest) *reflection.ServerReflectionResponse {
		name := q.GetFileByFilename()
		if name == "" {
			return files(file("0.proto", "x0.proto"))
		}
		return files(&descriptorpb.FileDescriptorProto{Name: &name, Dependency: []string{"x" + name}})
	}
	wide := func(q *reflection.ServerReflectionRequest) *reflection.ServerReflectionResponse {
		var all []*descriptorpb.FileDescriptorProto
		for i := range 6000 {
			all = append(all, &descriptorpb.FileDescriptorProto{Name: proto.String(fmt.Sprint(i))})
		}
		return files(all...)
	}
	huge := func(q *reflection.ServerReflectionRequest) *reflection.ServerReflectionResponse {
		f := file("a.proto", "b.proto", "c.proto")
		f.Name = proto.String(q.GetFileByFilename() + "a.proto")
		f.Options = &descriptorpb.FileOptions{GoPackage: proto.String(strings.Repeat("x", 30<<20))}
		return files(f)
	}
	loop := file("a.proto", "a.proto")
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	other := httptest.NewUnstartedServer(http.NotFoundHandler())
	other.Config.Protocols = new(http.Protocols)
	other.Config.Protocols.SetUnencryptedHTTP2(true)
	other.Start()
	t.Cleanup(other.Close)
	for name, c := range map[string]struct{ url, method, want string }{
		"described":          {talks(t, bySymbol(files(file("a.proto")))), "a.S/M", ""},
		"imports of options": {talks(t, bySymbol(files(file("a.proto", "google/api/annotations.proto", "google/protobuf/empty.proto")))), "a.S/M", ""},
		"another method":     {talks(t, bySymbol(files(file("a.proto")))), "a.S/N", "a.S has no method N"},
		"another service":    {talks(t, bySymbol(files(file("a.proto")))), "a.T/M", `has no service a.T; did you mean "a.S"?`},
		"a lie":              {talks(t, bySymbol(files(&descriptorpb.FileDescriptorProto{Name: proto.String("b.proto")}))), "a.S/M", "there is no service a.S"},
		"a loop":             {talks(t, bySymbol(files(loop))), "a.S/M", "describes itself in a way that cannot be used: a.proto imports itself"},
		"no descriptor": {talks(t, bySymbol(&reflection.ServerReflectionResponse{MessageResponse: &reflection.ServerReflectionResponse_FileDescriptorResponse{
			FileDescriptorResponse: &reflection.FileDescriptorResponse{FileDescriptorProto: [][]byte{{0xff}}},
		}})), "a.S/M", "describes itself with bytes that are no descriptor"},
		"files without end": {talks(t, endless), "a.S/M", "describes itself with more than 5000 files"},
		"6,000 files":       {talks(t, wide), "a.S/M", "describes itself with more than 5000 files"},
		"90 MiB":            {talks(t, huge), "a.S/M", "sent more than 64 MiB"},
		"silence":           {talks(t, func(*reflection.ServerReflectionRequest) *reflection.ServerReflectionResponse { return nil }), "a.S/M", "did not describe itself in time"},
		"forbidden":         {talks(t, bySymbol(refuses(codes.PermissionDenied))), "a.S/M", "cannot be asked to describe itself: code 7 PERMISSION_DENIED: not here"},
		"no reflection":     {"http://" + serve(t, server.NewServer()), "a.S/M", "does not describe itself (neither grpc.reflection.v1 nor v1alpha): turn reflection on, or give target.grpc.proto"},
		"no gRPC":           {other.URL, "a.S/M", "answers gRPC reflection with the HTTP status 404 Not Found: is it the right port? If it is, give target.grpc.proto"},
		"HTTP/1.1":          {web.URL, "a.S/M", "answers in HTTP/1.1 where gRPC needs HTTP/2: is it the right port?"},
		"nobody":            {"http://" + vacant(t), "a.S/M", "connect: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := ""
			switch name {
			case "silence":
				target = ", timeout: 300ms"
			case "90 MiB": // 30 at a time
				target = ", timeout: 60s"
			}
			err := ask(t, c.url, target, c.method)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			var problems strict.Problems
			if inProfile := strings.HasPrefix(name, "another") || name == "a lie"; inProfile != errors.As(err, &problems) {
				t.Errorf("whose mistake is it? %v", err)
			} else if !inProfile && !strings.HasPrefix(err.Error(), strings.TrimPrefix(c.url, "http://")) {
				t.Errorf("%q does not begin with the address", err)
			}
		})
	}
}

// vacant is an address at which nobody listens.
func vacant(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A server may have the older reflection alone, whose messages are the same on the wire.
func TestAskOlder(t *testing.T) {
	s := server.NewServer()
	s.RegisterService(&server.ServiceDesc{ServiceName: "grpc.reflection.v1alpha.ServerReflection", Streams: []server.StreamDesc{{
		StreamName: "ServerReflectionInfo", ServerStreams: true, ClientStreams: true,
		Handler: func(_ any, stream server.ServerStream) error {
			q := &reflection.ServerReflectionRequest{}
			if err := stream.RecvMsg(q); err != nil || q.GetFileContainingSymbol() != "a.S" {
				return status.Error(codes.InvalidArgument, "another question was expected")
			}
			return stream.SendMsg(files(file("a.proto")))
		},
	}}}, nil)
	if err := ask(t, "http://"+serve(t, s), "", "a.S/M"); err != nil {
		t.Error(err)
	}
}

// Enums nested in different messages may have equal names and values (k6 #5712).
func TestAskEqualEnums(t *testing.T) {
	f := file("a.proto")
	for _, name := range []string{"A", "B"} {
		f.MessageType = append(f.MessageType, &descriptorpb.DescriptorProto{Name: &name, EnumType: []*descriptorpb.EnumDescriptorProto{{
			Name: proto.String("Kind"), Value: []*descriptorpb.EnumValueDescriptorProto{{Name: proto.String("UNKNOWN"), Number: proto.Int32(0)}},
		}}})
	}
	if err := ask(t, talks(t, func(*reflection.ServerReflectionRequest) *reflection.ServerReflectionResponse { return files(f) }), "", "a.S/M"); err != nil {
		t.Error(err)
	}
}
