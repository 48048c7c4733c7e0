package githubtest

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// openapi is GitHub's own description of its REST API, cut down to what Plimsoll uses. It comes
// from the npm package @octokit/openapi 23.0.2, MIT licence; ./cut makes it and says how.
//
//go:embed testdata/openapi.json
var openapi []byte

// description is read once for all servers in a process.
var description = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(openapi)
})

// route is the operation that a request is for.
type route struct {
	routers.Route
	parameters map[string]string // of the path
}

// name is the operation as people write it: GET /user.
func (r *route) name() string { return r.Method + " " + r.Path }

// match finds the operation that a request is for; nil when GitHub has none.
func match(doc *openapi3.T, method string, address *url.URL) *route {
	segments := strings.Split(address.EscapedPath(), "/")
	for path, item := range doc.Paths.Map() {
		operation := item.GetOperation(method)
		parameters, ok := bind(strings.Split(path, "/"), segments)
		if operation != nil && ok {
			return &route{routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: operation}, parameters}
		}
	}
	return nil
}

// bind reads the parameters of a path out of its segments.
func bind(template, segments []string) (map[string]string, bool) {
	if len(template) != len(segments) {
		return nil, false
	}
	parameters := map[string]string{}
	for i, want := range template {
		name, isParameter := strings.CutPrefix(want, "{")
		value, err := url.PathUnescape(segments[i])
		if err != nil || !isParameter && value != want {
			return nil, false
		}
		if isParameter {
			parameters[strings.TrimSuffix(name, "}")] = value
		}
	}
	return parameters, true
}

// checkRequest validates a request against the description; sent is its body. It is stricter than
// GitHub in one thing: unknown parameters and fields, which GitHub ignores, are mistakes.
func (r *route) checkRequest(request *http.Request, sent []byte) error {
	request.Body = io.NopCloser(bytes.NewReader(sent))
	err := openapi3filter.ValidateRequest(request.Context(), r.input(request))
	for name := range request.URL.Query() {
		if r.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			err = errors.Join(err, fmt.Errorf("it has no parameter %q", name))
		}
	}
	switch body := r.Operation.RequestBody; {
	case body == nil && len(sent) > 0:
		err = errors.Join(err, errors.New("it takes no body"))
	case body != nil:
		known := fields(body.Value.Content.Get("application/json").Schema.Value)
		for name := range decode(sent) {
			if !known[name] {
				err = errors.Join(err, fmt.Errorf("its body has no field %q", name))
			}
		}
	}
	return err
}

// checkAnswer validates one of our answers against the description.
func (r *route) checkAnswer(request *http.Request, status int, header http.Header, body []byte) error {
	return openapi3filter.ValidateResponse(request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: r.input(request), Status: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: status < http.StatusBadRequest},
	})
}

func (r *route) input(request *http.Request) *openapi3filter.RequestValidationInput {
	return &openapi3filter.RequestValidationInput{
		Request: request, PathParams: r.parameters, QueryParams: request.URL.Query(), Route: &r.Route,
		Options: &openapi3filter.Options{SkipSettingDefaults: true},
	}
}

// fields lists the names that a body may have at its top level.
func fields(schema *openapi3.Schema) map[string]bool {
	names := map[string]bool{}
	for name := range schema.Properties {
		names[name] = true
	}
	for _, more := range []openapi3.SchemaRefs{schema.OneOf, schema.AnyOf, schema.AllOf} {
		for _, one := range more {
			maps.Copy(names, fields(one.Value))
		}
	}
	return names
}

// object is a JSON object.
type object = map[string]any

// made returns an object of the named schema: the least that the schema allows, overlaid with told.
func made(doc *openapi3.T, schema string, told object) object {
	whole, _ := least(doc.Components.Schemas[schema].Value).(object)
	if whole == nil { // the schema allows null
		whole = required(doc.Components.Schemas[schema].Value)
	}
	return overlay(whole, told)
}

func overlay(whole, told object) object {
	for name, value := range told {
		below, isObject := value.(object)
		under, wasObject := whole[name].(object)
		if isObject && wasObject {
			whole[name] = overlay(under, below)
		} else {
			whole[name] = value
		}
	}
	return whole
}

// least is the smallest value that a schema allows.
func least(schema *openapi3.Schema) any {
	switch {
	case schema.Nullable:
		return nil
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case len(schema.OneOf) > 0:
		return least(schema.OneOf[0].Value)
	case len(schema.AnyOf) > 0:
		return least(schema.AnyOf[0].Value)
	case schema.Type.Is("object"):
		return required(schema)
	case schema.Type.Is("array"):
		return []any{}
	case schema.Type.Is("string") && schema.Format == "date-time":
		return begin
	case schema.Type.Is("string") && schema.Format == "uri":
		return "https://github.com/"
	case schema.Type.Is("string"):
		return ""
	case schema.Type.Is("boolean"):
		return false
	}
	return 0
}

func required(schema *openapi3.Schema) object {
	whole := object{}
	for _, name := range schema.Required {
		whole[name] = least(schema.Properties[name].Value)
	}
	return whole
}
