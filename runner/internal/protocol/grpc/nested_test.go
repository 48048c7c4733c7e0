package grpc_test

import (
	"io/fs"
	"testing"

	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/plimsoll-ci/plimsoll/runner/descriptor"
)

// Enums of one name within several messages, and an enum beside them, are different types to a system that describes
// itself: k6 refuses such a description (grafana/k6 #5712).
func TestAskNestedEnums(t *testing.T) {
	const described = `syntax = "proto3";
package a;
service S { rpc M(Q) returns (Q); }
enum State { NONE = 0; TOP = 7; }
message Q {
  enum State { NONE = 0; OPEN = 1; }
  message Part {
    enum State { NONE = 0; OPEN = 2; }
    State state = 1;
  }
  State state = 1;
  Part part = 2;
  Other other = 3;
  .a.State top = 4;
}
message Other {
  enum State { NONE = 0; OPEN = 3; }
  State state = 1;
}
`
	set, err := descriptor.Compile([]string{"a.proto"}, nil, func(name string) ([]byte, error) {
		if name != "a.proto" {
			return nil, fs.ErrNotExist
		}
		return []byte(described), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var decoded descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(set, &decoded); err != nil {
		t.Fatal(err)
	}
	url := talks(t, func(q *reflection.ServerReflectionRequest) *reflection.ServerReflectionResponse {
		if q.GetListServices() != "" {
			return &reflection.ServerReflectionResponse{MessageResponse: &reflection.ServerReflectionResponse_ListServicesResponse{
				ListServicesResponse: &reflection.ListServiceResponse{Service: []*reflection.ServiceResponse{{Name: "a.S"}}},
			}}
		}
		return files(decoded.File...)
	})
	_, f := clients(t, url, "", "{grpc: a.S/M, message: {state: OPEN, part: {state: OPEN}, other: {state: OPEN}, top: TOP}, expect: {json: {part.state: OPEN, top: TOP}}}")
	if err := f.Ask(t.Context()); err != nil {
		t.Error(err)
	}
	_, f = clients(t, url, "", "{grpc: a.S/M, message: {part: {state: TOP}}}")
	if err := f.Ask(t.Context()); err == nil {
		t.Error("the enum of another message is taken")
	}
}
