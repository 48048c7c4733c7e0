package draft

import (
	"fmt"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/graphql"
)

// Operation is the query or the mutation that a document of GraphQL sends; nil if a graphql step cannot send it. name
// chooses one of several operations.
func Operation(document, name string) *graphql.Operation {
	if !strings.Contains(document, "{") || strings.Contains(document, "${") {
		return nil
	}
	o, problems := graphql.Parse([]graphql.Source{{Text: document}}, name, nil)
	if len(problems) > 0 || o.Kind != graphql.Query && o.Kind != graphql.Mutation || o.Streams != "" {
		return nil
	}
	return o
}

// Labels names operations that have no name of their own, so that different ones are counted apart.
type Labels map[string]string

// Of is the name that a step needs for an operation; empty when it needs none.
func (l Labels) Of(o *graphql.Operation) string {
	if o.Name != "" {
		return ""
	}
	label := o.Label()
	for i := 2; ; i++ {
		text, taken := l[label]
		if !taken {
			l[label], text = o.Text, o.Text
		}
		if text == o.Text {
			if label == o.Label() {
				return ""
			}
			return label
		}
		label = fmt.Sprintf("%s %d", o.Label(), i)
	}
}
