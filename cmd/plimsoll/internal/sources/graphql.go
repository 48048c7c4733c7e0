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

// readSchema reads a file with a schema, fetches one, or asks a server for its own: an address that does not
// end as a file does is a server's.
func (f Flags) readSchema(ctx context.Context, name string) (draft.Input, error) {
	u, err := url.Parse(name)
	isServer := err == nil && (u.Scheme == "http" || u.Scheme == "https") &&
		!slices.Contains([]string{".graphql", ".graphqls", ".gql", ".json"}, strings.ToLower(path.Ext(u.Path)))
	if !isServer {
		return f.read(ctx, name)
	}
	data, err := introspect(ctx, name)
	return draft.Input{Name: shownURL(name), Data: data}, err
}

// introspect asks a server for its schema. Older servers do not know all that newer ones are asked for.
func introspect(ctx context.Context, address string) ([]byte, error) {
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
		data, status, err := exchange(request, address)
		if err != nil {
			return nil, err
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
