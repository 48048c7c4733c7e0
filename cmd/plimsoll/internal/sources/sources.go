// Package sources reads what `plimsoll init` drafts a profile from: descriptions of an API, recordings and
// scripts of other tools.
//
// Flags name them. Draft reads each, has its source make a draft, and joins the drafts. A file is read up to
// maxBytes, a URL is fetched only when the user named it. What a description refers to may only lie beside it.
// Mistakes in files exit with status 2.
package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/graphql"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/har"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/k6"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/locust"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/openapi"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/input"
)

// Flags are the flags of init that name what a profile is drafted from.
type Flags struct {
	OpenAPI   []string `name:"openapi" placeholder:"FILE|URL" sep:"none" help:"Draft the profile from an OpenAPI description (2.0, 3.0 or 3.1)."`
	HAR       []string `name:"har" placeholder:"FILE" sep:"none" help:"Draft it from a HAR file that a browser recorded."`
	GraphQL   string   `name:"graphql" placeholder:"FILE|URL" help:"Draft it from a GraphQL schema: SDL, the JSON of an introspection, or a server that is asked."`
	GRPC      string   `name:"grpc" placeholder:"ADDRESS" help:"Draft it from what a gRPC server says of itself (reflection), or, with --proto or --protoset, from those files."`
	Proto     []string `placeholder:"FILE" sep:"none" help:"The .proto files of the gRPC services."`
	Import    []string `placeholder:"DIR" sep:"none" help:"Where the .proto files find what they import."`
	Protoset  string   `placeholder:"FILE" help:"The compiled descriptors of the gRPC services."`
	Locust    []string `name:"locust" placeholder:"FILE" sep:"none" help:"Draft it from a locustfile, which is read and not run."`
	K6        []string `name:"k6" placeholder:"FILE" sep:"none" help:"Draft it from a k6 script, which is read and not run."`
	Header    []string `placeholder:"'NAME: VALUE'" sep:"none" help:"Send this header when --openapi, --graphql or --grpc asks a server, such as 'Authorization: Bearer $${env.API_TOKEN}', which is filled from the environment. No other host gets it, and a value that is given literally is not written to the profile. Can be given several times."`
	Only      []string `placeholder:"PATTERN" sep:"none" help:"Draft only these operations: 'GET *', 'GET /pets/{petId}', 'query *', 'shop.v1.Search/*', tag:public. * is any text, and the end of a name is enough: search, /pets. Can be given several times."`
	Skip      []string `placeholder:"PATTERN" sep:"none" help:"Leave these operations out: 'DELETE *', tag:admin, deprecated. Recordings and scripts are chosen from by the names of their routes, and by the tags of locust."`
	Try       bool     `help:"Send each step once to the system, and write those that fail as comments."`
	Mutations bool     `help:"Write the mutations of a GraphQL schema as steps, not as comments."`
}

// Check refuses flags that no source named here obeys.
func (f Flags) Check() error {
	const sources = "--openapi, --har, --graphql, --grpc, --locust or --k6"
	for _, flag := range []struct {
		name string
		set  bool
	}{{"--only", len(f.Only) > 0}, {"--skip", len(f.Skip) > 0}, {"--try", f.Try}, {"--mutations", f.Mutations}} {
		if flag.set && !f.Any() {
			return exit.BadInput("%s needs something to draft the profile from: add %s", flag.name, sources)
		}
	}
	if f.Mutations && f.GraphQL == "" {
		return exit.BadInput("--mutations needs a GraphQL schema: add --graphql")
	}
	if len(f.Header) > 0 && !f.asksServer() {
		return exit.BadInput("--header is for servers that are asked: add --openapi URL, --graphql URL or --grpc ADDRESS")
	}
	return nil
}

// Any reports whether a source is named.
func (f Flags) Any() bool {
	return len(f.OpenAPI)+len(f.HAR)+len(f.Proto)+len(f.Import)+len(f.Locust)+len(f.K6) > 0 || f.GraphQL+f.GRPC+f.Protoset != ""
}

// kinds are the sources that read files: the flag, the files that it names and the function that drafts.
func (f Flags) kinds(c *chooser) []kind {
	return []kind{
		{"--openapi", f.OpenAPI, openapi.Draft},
		{"--graphql", slices.DeleteFunc([]string{f.GraphQL}, func(name string) bool { return name == "" }), graphql.Draft},
		{"--har", f.HAR, c.ofCalls(har.Draft)},
		{"--locust", f.Locust, c.ofCalls(locust.Draft)},
		{"--k6", f.K6, c.ofCalls(k6.Draft)},
	}
}

type kind struct {
	flag  string
	named []string
	draft draft.Source
}

// Draft drafts a profile for the system at host (scheme://host[:port], empty if not known) from all that is named.
// env looks up variables of the environment, for --header.
func (f Flags) Draft(ctx context.Context, host string, env func(name string) (string, bool)) (*draft.Draft, error) {
	choice, err := f.chooser()
	if err != nil {
		return nil, err
	}
	from, err := f.fetcher(env)
	if err != nil {
		return nil, err
	}
	var drafts []*draft.Draft
	for _, k := range f.kinds(choice) {
		for _, name := range k.named {
			read := from.read
			if k.flag == "--graphql" {
				read = from.readSchema
			}
			in, err := read(ctx, name)
			if err != nil {
				return nil, smaller(k.flag, err)
			}
			in.Host, in.Keeps, in.Mutations = host, choice.keeps, f.Mutations
			d, err := k.draft(in)
			if err != nil {
				return nil, cmp.Or(otherKind(k.flag, in.Name, in.Data), exit.AsInput(err))
			}
			switch {
			case k.flag == "--graphql" && isServer(name):
				f.addHeaders(d)
			case k.flag == "--openapi":
				for _, h := range f.Unwritten(d) {
					d.Notes = append(d.Notes, draft.Note{Text: "--header " + h.Key + ": the description asks for no such header, so the profile has none; if its operations need it, add it to target.headers"})
				}
			}
			drafts = append(drafts, d)
		}
	}
	in, source, err := f.ofGRPC(ctx, from)
	if err != nil {
		return nil, err
	}
	if source != nil {
		in.Host, in.Keeps = host, choice.keeps
		d, err := source(*in)
		if err != nil {
			return nil, exit.AsInput(err)
		}
		if len(f.Proto) == 0 && f.Protoset == "" {
			f.addHeaders(d)
		}
		drafts = append(drafts, d)
	}
	if err := choice.problem(); err != nil {
		return nil, err
	}
	all := draft.Join(drafts...)
	if all.IsEmpty() {
		return nil, exit.BadInput("%sno operation could be filled in; nothing was written", reasons(all))
	}
	return all, nil
}

// reasons lists why nothing is sent, a few of them: operations that are comments, and notes.
func reasons(d *draft.Draft) string {
	var lines []string
	for _, row := range d.Rows {
		lines = append(lines, row.Operation+": "+row.As)
	}
	if len(d.Rows) == 0 {
		lines = append(lines, d.Off()...)
	}
	for _, note := range d.Notes {
		lines = append(lines, note.String())
	}
	if more := len(lines) - listedAtMost; more > 0 {
		lines = append(lines[:listedAtMost], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(append(lines, ""), "\n")
}

// maxBytes bounds what is read of one source, and all that it refers to.
const maxBytes = 64 << 20

// withoutScheme is the address of a server as people say it.
var withoutScheme = regexp.MustCompile(`^[\w.-]+:\d+(/|$)|^localhost(/|$)|^\[[0-9a-fA-F:]+\]`)

// read reads a file, or fetches a URL.
func (f *fetcher) read(ctx context.Context, name string) (draft.Input, error) {
	if isURL(name) {
		data, err := f.fetch(ctx, name)
		return draft.Input{Name: shownURL(name), Data: data}, err
	}
	data, err := readFile(input.Open(name))
	if errors.Is(err, os.ErrNotExist) && withoutScheme.MatchString(name) {
		return draft.Input{}, exit.BadInput("there is no file %s; for the server at this address write http://%s", name, name)
	}
	if err != nil {
		return draft.Input{}, exit.AsInput(err)
	}
	return draft.Input{Name: name, Data: data, Open: beside(filepath.Dir(name))}, nil
}

// readFile reads a file of at most maxBytes.
func readFile(file *input.File, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err == nil && len(data) > maxBytes {
		err = tooLarge(file.Name())
	}
	return data, err
}

// errTooLarge is an error about a file of more than maxBytes.
var errTooLarge = errors.New("give a smaller part of it")

func tooLarge(name string) error {
	return fmt.Errorf("%s is larger than %d MiB, and is not read further: %w", name, maxBytes>>20, errTooLarge)
}

// smaller adds to the error about a recording that is too large how it becomes smaller.
func smaller(flag string, err error) error {
	if flag != "--har" || !errors.Is(err, errTooLarge) {
		return err
	}
	return fmt.Errorf("%w, such as a shorter visit, or take out the answers that are no text:\n"+
		`jq 'del(.log.entries[].response.content | select(.mimeType // "" | test("json|html|event-stream") | not) | .text)' big.har > small.har`, err)
}

// beside opens files below a directory, and none that a link leads out of it.
func beside(dir string) func(path string) ([]byte, error) {
	left := maxBytes
	return func(path string) ([]byte, error) {
		if !filepath.IsLocal(path) {
			return nil, fmt.Errorf("%s is not beside the file that refers to it, and is not read", path)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		data, err := readFile(input.OpenIn(root, path))
		err = errors.Join(err, root.Close())
		if left -= len(data); left < 0 && err == nil {
			err = fmt.Errorf("the files that it refers to have more than %d MiB together: give a smaller part of them", maxBytes>>20)
		}
		return data, err
	}
}
