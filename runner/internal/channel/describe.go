package channel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Bounds on a server's description of itself: reflection may lie, or never end.
const (
	mostFiles    = 5_000
	mostDescribe = time.Minute
)

// The versions of the reflection service are the same on the wire. Servers have one of them or both.
var versions = [...]string{"v1", "v1alpha"}

// ErrSilent is the error of a server without reflection.
var ErrSilent = errors.New("does not describe itself (neither grpc.reflection.v1 nor v1alpha): turn reflection on, or give target.grpc.proto")

// NoService is the error of a server that does not know a service.
type NoService struct {
	Name  string
	Known []string // the services that it has, as far as it says
}

// Error names the service.
func (n NoService) Error() string { return "has no service " + n.Name }

// Services lists the services that the server names, in alphabetical order. Each answer may take patience.
func (c *Channel) Services(ctx context.Context, patience time.Duration) (names []string, err error) {
	err = c.asking(ctx, patience, func(q *questions) error {
		answer, err := q.ask(&reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_ListServices{ListServices: "*"}})
		if err != nil {
			return err
		}
		for _, s := range answer.GetListServicesResponse().GetService() {
			names = append(names, s.GetName())
		}
		slices.Sort(names)
		return nil
	})
	return names, err
}

// Describe asks the server for the files that describe services, as a FileDescriptorSet. Imports that the server
// does not have are left out: most of them are for options. Each answer may take patience.
func (c *Channel) Describe(ctx context.Context, services []string, patience time.Duration) (set []byte, err error) {
	d := &description{files: map[string]*descriptorpb.FileDescriptorProto{}}
	err = c.asking(ctx, patience, func(q *questions) error { return d.collect(q, services) })
	var missing NoService
	if errors.As(err, &missing) {
		missing.Known, _ = c.Services(ctx, patience) // without them there is no suggestion
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	return proto.Marshal(&descriptorpb.FileDescriptorSet{File: d.order})
}

// asking asks questions in the first version of reflection that the server has.
func (c *Channel) asking(ctx context.Context, patience time.Duration, do func(*questions) error) error {
	ctx, cancel := context.WithTimeout(ctx, mostDescribe)
	defer cancel()
	for _, version := range versions {
		q := &questions{channel: c, method: "/grpc.reflection." + version + ".ServerReflection/ServerReflectionInfo", patience: patience}
		err := q.open(ctx)
		if err == nil {
			err = do(q)
		}
		q.close()
		if answer := foreign(err); answer != "" {
			return fmt.Errorf("answers gRPC reflection with %s: is it the right port? If it is, give target.grpc.proto", answer)
		}
		if status.Code(err) != codes.Unimplemented {
			return q.explain(err)
		}
	}
	return ErrSilent
}

// questions is a stream of questions and answers.
type questions struct {
	channel  *Channel
	method   string
	patience time.Duration
	stream   grpc.ClientStream
	cancel   context.CancelFunc
	bytes    int
}

func (q *questions) open(ctx context.Context) error {
	ctx, q.cancel = context.WithCancel(ctx)
	timer := time.AfterFunc(q.patience, q.cancel)
	defer timer.Stop()
	var err error
	q.stream, err = q.channel.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, q.method)
	return err
}

func (q *questions) close() {
	if q.cancel != nil {
		q.cancel()
	}
}

// ask asks one question.
func (q *questions) ask(question *reflection.ServerReflectionRequest) (*reflection.ServerReflectionResponse, error) {
	timer := time.AfterFunc(q.patience, q.cancel)
	defer timer.Stop()
	answer := &reflection.ServerReflectionResponse{}
	err := q.stream.SendMsg(question)
	if err == nil || q.stream.Context().Err() == nil { // an error of sending says nothing: receiving says why
		err = q.stream.RecvMsg(answer)
	}
	if err != nil {
		return nil, err
	}
	if q.bytes += proto.Size(answer); q.bytes > mostBytes {
		return nil, fmt.Errorf("its reflection sent more than %d MiB", mostBytes>>20)
	}
	if e := answer.GetErrorResponse(); e != nil {
		return nil, status.Error(codes.Code(e.GetErrorCode()), e.GetErrorMessage())
	}
	return answer, nil
}

// explain turns an error of the stream into a sentence that follows the name of the server.
func (q *questions) explain(err error) error {
	var missing NoService
	s, isStatus := status.FromError(err)
	switch {
	case err == nil || errors.As(err, &missing):
		return err
	case q.channel.otherProtocol(err) != nil:
		return q.channel.otherProtocol(err)
	case isStatus && s.Code() == codes.Canceled:
		return errors.New("did not describe itself in time")
	case isStatus:
		return fmt.Errorf("cannot be asked to describe itself: %w", q.channel.Explain(err))
	}
	return err
}

// description is the files that a server has described.
type description struct {
	files map[string]*descriptorpb.FileDescriptorProto // by their names
	order []*descriptorpb.FileDescriptorProto
}

// collect asks for the files of services, and then for those that they import.
func (d *description) collect(q *questions, services []string) error {
	for _, name := range services {
		err := d.ask(q, &reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: name}})
		if status.Code(err) == codes.NotFound {
			return NoService{Name: name}
		}
		if err != nil {
			return err
		}
	}
	lacking := map[string]bool{}
	for i := 0; i < len(d.order); i++ { // the loop adds to it
		for _, name := range d.order[i].GetDependency() {
			if d.files[name] != nil || lacking[name] || strings.HasPrefix(name, "google/protobuf/") {
				continue
			}
			err := d.ask(q, &reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_FileByFilename{FileByFilename: name}})
			if err != nil && !isNotThere(err) {
				return err
			}
			lacking[name] = d.files[name] == nil
		}
	}
	for _, f := range d.order {
		without(f, lacking)
	}
	return nil
}

// isNotThere reports whether a server says that it does not have a file.
func isNotThere(err error) bool {
	s, ok := status.FromError(err)
	return ok && (s.Code() == codes.NotFound || s.Code() == codes.Unknown)
}

// ask asks one question that files answer.
func (d *description) ask(q *questions, question *reflection.ServerReflectionRequest) error {
	answer, err := q.ask(question)
	if err != nil {
		return err
	}
	for _, raw := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
		f := &descriptorpb.FileDescriptorProto{}
		if err := proto.Unmarshal(raw, f); err != nil {
			return errors.New("describes itself with bytes that are no descriptor")
		}
		if d.files[f.GetName()] != nil {
			continue
		}
		if len(d.order) == mostFiles {
			return fmt.Errorf("describes itself with more than %d files", mostFiles)
		}
		f.SourceCodeInfo = nil
		d.files[f.GetName()] = f
		d.order = append(d.order, f)
	}
	return nil
}

// without removes imports from a file.
func without(f *descriptorpb.FileDescriptorProto, lacking map[string]bool) {
	at := map[int32]int32{} // where an import is afterwards
	var kept []string
	for i, name := range f.GetDependency() {
		if !lacking[name] {
			at[int32(i)] = int32(len(kept))
			kept = append(kept, name)
		}
	}
	moved := func(old []int32) (now []int32) {
		for _, i := range old {
			if to, there := at[i]; there {
				now = append(now, to)
			}
		}
		return now
	}
	f.Dependency, f.PublicDependency, f.WeakDependency = kept, moved(f.GetPublicDependency()), moved(f.GetWeakDependency())
}
