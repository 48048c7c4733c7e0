package sources

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/runner/graphql"
)

// readSchema reads a file with a schema, fetches one, or asks a server for its own.
func (f *fetcher) readSchema(ctx context.Context, name string) (draft.Input, error) {
	if !isServer(name) {
		return f.read(ctx, name)
	}
	data, err := f.introspect(ctx, name)
	return draft.Input{Name: shownURL(name), Data: data}, err
}

// isServer reports whether a name is the address of a server, and not that of a file.
func isServer(name string) bool {
	u, err := url.Parse(name)
	return err == nil && isURL(name) && !slices.Contains([]string{".graphql", ".graphqls", ".gql", ".json"}, strings.ToLower(path.Ext(u.Path)))
}

// introspect asks a server for its schema. Older servers do not know all that newer ones are asked for.
func (f *fetcher) introspect(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	for _, query := range graphql.Introspections() {
		body, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			return nil, err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
		if err != nil {
			return nil, exit.BadInput("%s is not an address", shownURL(address))
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "application/graphql-response+json, application/json;q=0.9")
		data, status, err := f.exchange(request, address)
		if err != nil {
			return nil, err
		}
		if isDenied(status) {
			return nil, fmt.Errorf("%s does not give its schema (status %d)%s", shownURL(address), status, giveToken)
		}
		var answer struct {
			Data   *struct{}
			Errors []struct{}
		}
		switch err := json.Unmarshal(data, &answer); {
		case err != nil || answer.Data == nil && len(answer.Errors) == 0:
			return nil, fmt.Errorf("%s gives no answer of GraphQL (status %d): give its path too, such as /graphql, or the schema as a file", shownURL(address), status)
		case len(answer.Errors) == 0:
			return data, nil
		}
		if _, problem := graphql.ParseSchema(shownURL(address), data); problem == nil {
			return data, nil
		} else if query == graphql.Introspection {
			return nil, exit.AsInput(fmt.Errorf("%s: %s", shownURL(address), problem.Text))
		}
	}
	return nil, errors.New("no introspection")
}
