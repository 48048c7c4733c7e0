// Package message makes the protobuf messages that a profile sends, and judges those that come back.
//
// Descriptors and a plan.Tree go in, a Template comes out: the wire form of a message, with places for
// variables. Filling one in costs about as much as copying it, and allocates nothing once the destination
// is large enough. A Judge checks conditions and saves values. It walks the wire form where a path consists
// of plain keys and numbers, without allocating; other paths are asked of the message's JSON.
//
// All of protobuf is supported: proto2, proto3 and editions; groups, maps, oneofs, extensions, required fields, Any
// and the other well-known types. JSON is that of https://protobuf.dev/programming-guides/json/, but with numbers of
// 64 bits as numbers. Integers never pass through a float64.
//
// Templates and judges never change and may be shared. Mistakes in a profile are returned as
// strict.Problems with their place in the file.
package message

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/plimsoll-ci/plimsoll/runner/descriptor"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Types are the services and messages of a system.
type Types struct {
	files *protoregistry.Files
	types *dynamicpb.Types
}

// NewTypes reads a FileDescriptorSet, such as plan.GRPCTarget.Described.
func NewTypes(set []byte) (*Types, error) {
	files, err := descriptor.Files(set)
	if err != nil {
		return nil, err
	}
	return typesOf(files), nil
}

// typesOf are the types of files.
func typesOf(files *protoregistry.Files) *Types { return &Types{files, dynamicpb.NewTypes(files)} }

// Services lists the services by their full names, in alphabetical order.
func (t *Types) Services() []string {
	var names []string
	t.files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			names = append(names, string(f.Services().Get(i).FullName()))
		}
		return true
	})
	slices.Sort(names)
	return names
}

// Methods lists the methods of a service by their names, in the order of its description.
func (t *Types) Methods(service string) []*Method {
	d, err := t.files.FindDescriptorByName(protoreflect.FullName(service))
	s, ok := d.(protoreflect.ServiceDescriptor)
	if err != nil || !ok {
		return nil
	}
	var methods []*Method
	for i := range s.Methods().Len() {
		methods = append(methods, &Method{t, s.Methods().Get(i)})
	}
	return methods
}

// Method is a method of a service.
type Method struct {
	types *Types
	of    protoreflect.MethodDescriptor
}

// Method finds a method such as shop.v1.Search/Query. The error is a sentence.
func (t *Types) Method(name string) (*Method, error) {
	service, method, _ := strings.Cut(name, "/")
	methods := t.Methods(service)
	if services := t.Services(); methods == nil && len(services) == 0 {
		return nil, fmt.Errorf("there is no service %s: the description has none at all", service)
	} else if methods == nil && !slices.Contains(services, service) {
		return nil, fmt.Errorf("there is no service %s%s", service, strict.Suggest(service, t.Services()))
	}
	var names []string
	for _, m := range methods {
		if string(m.of.Name()) == method {
			return m, nil
		}
		names = append(names, string(m.of.Name()))
	}
	return nil, fmt.Errorf("%s has no method %s%s", service, method, strict.Suggest(method, names))
}

// Name is the name as the profile has it: package.Service/Method.
func (m *Method) Name() string { return string(m.of.Parent().FullName()) + "/" + string(m.of.Name()) }

// Deprecated reports whether the description says so.
func (m *Method) Deprecated() bool {
	options, ok := m.of.Options().(*descriptorpb.MethodOptions)
	return ok && options.GetDeprecated()
}

// ClientStreams reports whether the client sends a stream of messages.
func (m *Method) ClientStreams() bool { return m.of.IsStreamingClient() }

// ServerStreams reports whether the server sends a stream of messages.
func (m *Method) ServerStreams() bool { return m.of.IsStreamingServer() }

// Input is the description of what is sent.
func (m *Method) Input() protoreflect.MessageDescriptor { return m.of.Input() }

// Output is the description of what is answered.
func (m *Method) Output() protoreflect.MessageDescriptor { return m.of.Output() }

// Fits refuses a call whose messages do not suit the method: it has messages for a unary one, or lacks them for
// a stream.
func (m *Method) Fits(call *plan.Call) strict.Problems {
	g := call.Content.(*plan.GRPC)
	missing := g.Place
	missing.Key = strings.TrimSuffix(missing.Key, ".grpc") + ".messages"
	messages, first, sends := missing, false, (*plan.GRPCMessage)(nil)
	for i := range call.Messages {
		one, ok := call.Messages[i].Content.(*plan.GRPCMessage)
		if ok && !first { // a wait has no place
			first, messages.Line, messages.Column = true, one.Place.Line, one.Place.Column
		}
		if ok && call.Messages[i].Sends && sends == nil {
			sends = one
		}
	}
	wrong := func(at strict.Place, format string) strict.Problems {
		return strict.Problems{at.Problem(format, g.Method)}
	}
	streams := m.ClientStreams() || m.ServerStreams()
	switch {
	case !streams && call.Messages != nil:
		return wrong(messages, "%s is no stream; write message and expect")
	case m.ClientStreams() && call.Messages == nil:
		return wrong(missing, "missing; %s takes a stream: write for example messages: [{send: {…}, reply: none}]")
	case streams && call.Messages == nil:
		return wrong(missing, "missing; %s answers with a stream: write for example messages: [{receive: end}]")
	case m.ClientStreams() && !g.Message.IsZero():
		return wrong(g.Message.Place, "%s takes a stream; write what is sent in messages: [{send: {…}}]")
	case streams && !m.ClientStreams() && sends != nil:
		return wrong(sends.Place, "%s takes one message; write it in message, and only receive in messages")
	}
	return nil
}

// The methods below make Types a resolver, as protojson and proto take one.

// FindMessageByName finds a message.
func (t *Types) FindMessageByName(name protoreflect.FullName) (protoreflect.MessageType, error) {
	return t.types.FindMessageByName(name)
}

// FindMessageByURL finds the message of an Any.
func (t *Types) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	return t.types.FindMessageByURL(url)
}

// FindExtensionByName finds an extension.
func (t *Types) FindExtensionByName(name protoreflect.FullName) (protoreflect.ExtensionType, error) {
	return t.types.FindExtensionByName(name)
}

// FindExtensionByNumber finds an extension.
func (t *Types) FindExtensionByNumber(message protoreflect.FullName, field protoreflect.FieldNumber) (protoreflect.ExtensionType, error) {
	return t.types.FindExtensionByNumber(message, field)
}
