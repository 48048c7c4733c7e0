// Package grpc drafts a profile from the description of gRPC services: a FileDescriptorSet, which .proto files, a
// protoset or a server's reflection have given.
//
// Each method becomes a task, with a message made of its fields: values that their types and names suggest, two
// messages deep; a message within itself is cut. An id comes from a method that lists or makes what it is of; if there
// is none, the method is a comment and its id is data to fill in. Methods that delete are comments, and deprecated ones
// are. The services of health and of reflection are left out.
package grpc

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner/descriptor"
	"github.com/plimsoll-ci/plimsoll/runner/operation"
)

// Described says where a description comes from.
type Described struct {
	Address  string   // scheme://host:port of gRPC; empty if not known
	Proto    []string // files; without these two, the system describes itself
	Protoset string
	Import   []string
}

// Source drafts from a FileDescriptorSet that comes from there.
func Source(from Described) draft.Source {
	return func(in draft.Input) (*draft.Draft, error) {
		files, err := descriptor.Files(in.Data)
		if err != nil {
			return nil, err
		}
		w := &writer{in: in, draft: &draft.Draft{URL: from.Address}}
		w.target(from)
		var services []protoreflect.ServiceDescriptor
		files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
			for i := range f.Services().Len() {
				services = append(services, f.Services().Get(i))
			}
			return true
		})
		slices.SortFunc(services, func(a, b protoreflect.ServiceDescriptor) int {
			return strings.Compare(string(a.FullName()), string(b.FullName()))
		})
		user := draft.User{Name: "client"}
		w.sources = sources(services)
		for _, s := range services {
			user.Tasks = append(user.Tasks, w.service(s)...)
		}
		if w.methods+w.streams == 0 {
			return nil, errors.New(in.Name + " describes no service")
		}
		w.draft.Users = []draft.User{user}
		w.draft.Title = fmt.Sprintf("%s: %s with %s (%d unary, %s)%s", in.Name, strings.Join(w.names, ", "), count(w.methods+w.streams, "method"), w.methods, count(w.streams, "stream"), w.left())
		return w.draft, nil
	}
}

// writer writes the steps of services.
type writer struct {
	in      draft.Input
	draft   *draft.Draft
	names   []string // of services
	methods int      // unary ones
	streams int
	skipped int // services of health and reflection
	sources []source
}

func (w *writer) left() string {
	if w.skipped == 0 {
		return ""
	}
	return "; health and reflection are left out"
}

// target says where gRPC is spoken, and where it is described.
func (w *writer) target(from Described) {
	var keys draft.Map
	list := func(key string, files []string) {
		switch len(files) {
		case 0:
		case 1:
			keys = append(keys, draft.Entry{Key: key, Value: files[0]})
		default:
			var all []any
			for _, file := range files {
				all = append(all, file)
			}
			keys = append(keys, draft.Entry{Key: key, Value: all})
		}
	}
	if from.Address != "" && w.in.Host != "" && from.Address != w.in.Host {
		keys = append(keys, draft.Entry{Key: "url", Value: from.Address})
	}
	list("proto", from.Proto)
	list("import", from.Import)
	if from.Protoset != "" {
		keys = append(keys, draft.Entry{Key: "protoset", Value: from.Protoset})
	}
	if len(keys) > 0 {
		w.draft.Target = draft.Map{{Key: "grpc", Value: keys}}
	}
}

func (w *writer) service(s protoreflect.ServiceDescriptor) (tasks []draft.Task) {
	if name := string(s.FullName()); name == "grpc.health.v1.Health" || strings.HasPrefix(name, "grpc.reflection.") {
		w.skipped++
		return nil
	}
	w.names = append(w.names, string(s.FullName()))
	for i := range s.Methods().Len() {
		m := s.Methods().Get(i)
		if m.IsStreamingClient() || m.IsStreamingServer() {
			w.streams++
		} else {
			w.methods++
		}
		tasks = append(tasks, w.method(m)...)
	}
	return tasks
}

var deletes = regexp.MustCompile(`^(Delete|Remove|Destroy|Drop|Purge|Clear|Reset|Revoke|Cancel|Undelete|BatchDelete)|(Delete|Remove)$`)

// method is the task of a method, or the comment that stands for it.
func (w *writer) method(m protoreflect.MethodDescriptor) []draft.Task {
	name := nameOf(m)
	options, _ := m.Options().(*descriptorpb.MethodOptions)
	var tags []string
	if options.GetDeprecated() {
		tags = append(tags, operation.Deprecated)
	}
	if w.in.Keeps != nil && !w.in.Keeps(name, tags...) {
		return nil
	}
	step, ids := stepOf(m)
	switch {
	case options.GetDeprecated():
		step.Off = "it is deprecated"
	case deletes.MatchString(string(m.Name())):
		step.Off = "it deletes something"
	}
	as := kindOf(m)
	task := draft.Task{}
	if len(ids) > 0 {
		chained, why := w.chain(m, &step, ids)
		switch {
		case step.Off != "":
		case why != "":
			step.Off = why
		case len(chained.Steps) > 0:
			task, as = chained, "in the chain of "+w.chainName(chained)
		}
	}
	if step.Off != "" {
		as = "comment: " + step.Off
	}
	step.Row = &draft.Row{Operation: name, As: as, Off: step.Off != ""}
	w.draft.Rows = append(w.draft.Rows, step.Row)
	task.Steps = append(task.Steps, step)
	return []draft.Task{task}
}

// stepOf is the step of a method, with marks in the place of the ids that it needs.
func stepOf(m protoreflect.MethodDescriptor) (draft.Step, []wanted) {
	step := draft.Step{Keys: draft.Map{{Key: "grpc", Value: nameOf(m)}}}
	k := &maker{all: strings.HasPrefix(string(m.Name()), "List")}
	message := k.message(m.Input(), nil)
	switch {
	case m.IsStreamingClient():
		messages := []any{draft.Map{{Key: "send", Value: message}, {Key: "repeat", Value: 3}, {Key: "reply", Value: "none"}}}
		if m.IsStreamingServer() {
			messages = append(messages, receiving())
		}
		step.Keys = append(step.Keys, draft.Entry{Key: "messages", Value: messages})
	case m.IsStreamingServer():
		step.Keys = append(step.Keys, draft.Entry{Key: "message", Value: message}, draft.Entry{Key: "messages", Value: []any{receiving()}})
	default:
		step.Keys = append(step.Keys, draft.Entry{Key: "message", Value: message})
	}
	return step, k.wanted
}

// nameOf is the name of a method as a profile has it.
func nameOf(m protoreflect.MethodDescriptor) string {
	return string(m.Parent().FullName()) + "/" + string(m.Name())
}

// receiving waits for whatever a server sends: it may never end a stream.
func receiving() draft.Map {
	return draft.Map{{Key: "receive", Value: draft.Map{{Key: "for", Value: "1s"}}}}
}

func kindOf(m protoreflect.MethodDescriptor) string {
	switch {
	case m.IsStreamingClient() && m.IsStreamingServer():
		return "task, a stream both ways"
	case m.IsStreamingClient():
		return "task, a stream to the server"
	case m.IsStreamingServer():
		return "task, a stream from the server"
	}
	return "task"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
