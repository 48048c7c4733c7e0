package sources

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/grpc"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/descriptor"
)

// describe reads the description of gRPC services: from files, or from the server itself.
func (f Flags) describe(ctx context.Context) (in draft.Input, source draft.Source, err error) {
	from := grpc.Described{Address: f.GRPC, Proto: f.Proto, Protoset: f.Protoset, Import: f.Import}
	if from.Address != "" && !strings.Contains(from.Address, "://") {
		from.Address = "http://" + from.Address
	}
	open := func(name string) ([]byte, error) { return readFile(os.Open, filepath.FromSlash(name)) }
	switch {
	case len(f.Proto) > 0 && f.Protoset != "":
		return in, nil, exit.BadInput("--proto and --protoset cannot be combined: one description is enough")
	case len(f.Proto) > 0:
		in.Name = strings.Join(f.Proto, ", ")
		in.Data, err = descriptor.Compile(f.Proto, f.Import, open)
		err = exit.AsInput(err)
	case f.Protoset != "":
		in.Name = f.Protoset
		if in.Data, err = open(f.Protoset); err == nil {
			in.Data, err = descriptor.Protoset(in.Data)
		}
		if err != nil {
			err = exit.BadInput("--protoset %s: %w", f.Protoset, err)
		}
	default:
		in.Name = "reflection of " + strings.TrimPrefix(strings.TrimPrefix(from.Address, "http://"), "https://")
		in.Data, err = runner.Describe(ctx, from.Address, nil)
	}
	return in, grpc.Source(from), err
}

// ofGRPC drafts from gRPC services; nil if no flag names any.
func (f Flags) ofGRPC(ctx context.Context) (*draft.Input, draft.Source, error) {
	if len(f.Proto) == 0 && f.GRPC+f.Protoset == "" {
		if len(f.Import) > 0 {
			return nil, nil, exit.BadInput("--import says where .proto files find what they import; name one with --proto")
		}
		return nil, nil, nil
	}
	in, source, err := f.describe(ctx)
	return &in, source, err
}
