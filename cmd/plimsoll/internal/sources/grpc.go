package sources

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/grpc"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/input"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/descriptor"
)

// describe reads the description of gRPC services: from files, or from the server itself.
func (f Flags) describe(ctx context.Context, by *fetcher) (in draft.Input, source draft.Source, err error) {
	from := grpc.Described{Address: f.GRPC, Proto: f.Proto, Protoset: f.Protoset, Import: f.Import}
	if from.Address != "" && !strings.Contains(from.Address, "://") {
		from.Address = "http://" + from.Address
	}
	switch {
	case len(f.Proto) > 0 && f.Protoset != "":
		return in, nil, exit.BadInput("--proto and --protoset cannot be combined: one description is enough")
	case len(f.Proto) > 0:
		in.Name = strings.Join(f.Proto, ", ")
		in.Data, err = f.compile()
	case f.Protoset != "":
		in.Name = f.Protoset
		in.Data, err = f.protoset()
	default:
		if err := noFile("--grpc", f.GRPC); err != nil {
			return in, nil, err
		}
		in.Name = "reflection of " + strings.TrimPrefix(strings.TrimPrefix(from.Address, "http://"), "https://")
		in.Data, err = runner.Describe(ctx, from.Address, by.headers, nil)
		if err != nil && (strings.Contains(err.Error(), " UNAUTHENTICATED") || strings.Contains(err.Error(), " PERMISSION_DENIED")) {
			err = fmt.Errorf("%w%s", err, giveToken)
		}
	}
	return in, grpc.Source(from), err
}

// compile reads .proto files.
func (f Flags) compile() ([]byte, error) {
	open := func(name string) ([]byte, error) { return readFile(input.Open(filepath.FromSlash(name))) }
	set, err := descriptor.Compile(f.Proto, f.Import, open)
	if err == nil {
		return set, nil
	}
	for _, name := range f.Proto {
		if data, unread := open(name); unread == nil {
			if other := otherKind("--proto", name, data); other != nil {
				return nil, other
			}
		}
	}
	return nil, exit.AsInput(err)
}

// protoset reads compiled descriptors.
func (f Flags) protoset() ([]byte, error) {
	data, err := readFile(input.Open(f.Protoset))
	if err == nil {
		var set []byte
		if set, err = descriptor.Protoset(data); err == nil {
			return set, nil
		}
		if other := otherKind("--protoset", f.Protoset, data); other != nil {
			return nil, other
		}
	}
	return nil, exit.BadInput("--protoset %s: %w", f.Protoset, err)
}

// noFile refuses a file where the address of a server is needed.
func noFile(flag, name string) error {
	data, err := readFile(input.Open(name))
	if err != nil {
		return nil //nolint:nilerr // it is no file, as it should be
	}
	if other := otherKind(flag, name, data); other != nil {
		return other
	}
	return exit.BadInput("%s takes the address of a server, and %s is a file", flag, name)
}

// ofGRPC drafts from gRPC services; nil if no flag names any.
func (f Flags) ofGRPC(ctx context.Context, from *fetcher) (*draft.Input, draft.Source, error) {
	if len(f.Proto) == 0 && f.GRPC+f.Protoset == "" {
		if len(f.Import) > 0 {
			return nil, nil, exit.BadInput("--import says where .proto files find what they import; name one with --proto")
		}
		return nil, nil, nil
	}
	in, source, err := f.describe(ctx, from)
	return &in, source, err
}
