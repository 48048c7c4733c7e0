package main

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

const profiles = "../../testdata/profiles"

// The schema accepts every profile that the reader accepts: an editor must not mark a good profile.
func FuzzSchemaAcceptsWhatTheReaderAccepts(f *testing.F) {
	schema := compiledSchema(f)
	for _, file := range corpus(f) {
		f.Add([]byte(readFile(f, file)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(readerFinds("p.yaml", data)) > 0 {
			return
		}
		instance, _ := instanceOf(data)
		if err := schema.Validate(instance); err != nil {
			t.Errorf("%q\n%v", data, err)
		}
	})
}

// onlyTheReader lists the mistakes that no schema can find, by file and key.
var onlyTheReader = map[string]string{
	"loop.yaml ":                                       "the size of a file with its aliases expanded",
	"closed.yaml load":                                 "a key for the other kind of load, and stages can set the kind",
	"closed.yaml limits":                               "one number against another",
	"closed.yaml users":                                "a sum against a number elsewhere",
	"data.yaml data.holes.file":                        "the content of a file",
	"data.yaml limits.abort.failure_rate":              "the size of a number with a unit",
	"data.yaml users":                                  "a sum against a number elsewhere",
	"data.yaml users.0.tasks.1.http":                   "the arguments of a generator",
	"doubled.yaml target.url":                          "a duplicate key: a parser for JSON keeps one of the two",
	"doubled.yaml users":                               "a duplicate key: a parser for JSON keeps one of the two",
	"doubled.yaml load.rounds":                         "how a number is spelt",
	"gate.yaml gate.confidence":                        "the size of a number with a unit",
	"gate.yaml gate.failure_rate":                      "the size of a number with a unit",
	"gate.yaml gate.baseline":                          "one number against another",
	"gate.yaml gate.under_load.degradation":            "the size of a number with a unit",
	"gate.yaml gate.under_load.idle":                   "the size of a number with a unit",
	"gate.yaml gate.thresholds.*.1":                    "the size of a number inside a text",
	"gate.yaml gate.thresholds.GET /b":                 "which routes there are",
	"gate.yaml gate.routes.GET /aa":                    "which routes there are",
	"gate.yaml gate.routes.GET /a.degradation":         "the size of a number with a unit",
	"http3.yaml target":                                "one value against another",
	"load.yaml target":                                 "one value against another",
	"load.yaml target.tls.ca":                          "whether a file exists",
	"load.yaml target.tls.cert":                        "the content of a file",
	"load.yaml load.stages.1":                          "that two stages differ",
	"load.yaml users":                                  "a key that applies only to the other kind of load",
	"structure.yaml name":                              "a duplicate key: a parser for JSON keeps one of the two",
	"values.yaml target.url":                           "which keys there must be when a text has a variable",
	"values.yaml target.headers.X-Token":               "what is set in the environment",
	"values.yaml users.0.wait":                         "one number against another inside a text",
	"values.yaml users.0.tasks.2":                      "that a list has at least one item of a form",
	"values.yaml users.1":                              "that two names in a list differ",
	"variables.yaml target.url":                        "which variables there are",
	"variables.yaml data.none.file":                    "whether a file exists",
	"variables.yaml users.0.on_start.0.http":           "which variables there are",
	"variables.yaml users.0.tasks.0.http":              "which variables there are",
	"variables.yaml users.0.tasks.1.http":              "which data there is",
	"variables.yaml users.0.tasks.2.http":              "which data there is",
	"variables.yaml users.0.tasks.3.http":              "which data there is",
	"variables.yaml users.0.tasks.4.http":              "the arguments of a generator",
	"variables.yaml users.0.tasks.5.http":              "the arguments of a generator",
	"variables.yaml users.0.tasks.6.http":              "the arguments of a generator",
	"variables.yaml users.0.tasks.8.steps.0.http":      "which variables there are",
	"variables.yaml users.0.tasks.8.steps.0.save.int":  "which generators there are",
	"variables.yaml users.0.tasks.8.steps.0.save.uuid": "which generators there are",
	"variables.yaml users.0.tasks.9.http":              "which variables there are",
	"variables.yaml users.0.tasks.10.expect.json.a":    "what follows an operator",
	"variables.yaml users.0.tasks.10.expect.json.b":    "whether a text is a regular expression",
	"words.yaml users.0.tasks.2.http":                  "which variables there are",
	"words.yaml users.1.tasks.0.http":                  "which variables there are",
	"variables.yaml users.0.tasks.10.expect.json.c":    "that a text has no variable",
	"bodies.yaml users.0.tasks.1.form.${no}":           "which variables there are",
	"bodies.yaml users.0.tasks.1.form.a.0":             "what a form can hold",
	"bodies.yaml users.0.tasks.1.form.b":               "what a form can hold",
	"bodies.yaml users.0.tasks.1.form.c":               "which variables there are",
	"bodies.yaml users.0.tasks.1.form.d.e.0.f":         "what a form can hold",
	"bodies.yaml users.0.tasks.13.http":                "which generators there are",
	"bodies.yaml users.0.tasks.14.http":                "what the rows of a table hold",
	"bodies.yaml users.0.tasks.15":                     "which headers a multipart body sets itself",
	"bodies.yaml users.0.tasks.10.expect.headers.C":    "what follows an operator",
	"bodies.yaml users.0.tasks.10.expect.headers.D":    "whether a text is a regular expression",
	"bodies.yaml users.0.tasks.10.expect.text.0":       "that a text of several forms is empty",
	"bodies.yaml users.0.tasks.10.expect.text.1":       "whether a text is a regular expression",
	"bodies.yaml users.0.tasks.12.save.a.text":         "whether a text is a regular expression",
	"bodies.yaml users.0.tasks.12.save.b.match":        "whether a text is a regular expression",
	"bodies.yaml users.0.tasks.12.save.h.match":        "that a text has no variable",
	"bodies.yaml users.0.tasks.12.save.uuid":           "which generators there are",
	"bodies.yaml users.0.tasks.2.multipart.b.file":     "whether a file exists",
	"bodies.yaml users.0.tasks.4.body.file":            "whether a file exists",
	"bodies.yaml users.0.tasks.6.json.a":               "what JSON has no form for",
	"bodies.yaml users.0.tasks.6.json.b":               "what JSON has no form for",
	"bodies.yaml users.0.tasks.6.json.c":               "how a number is spelt",
	"bodies.yaml users.0.tasks.6.json.d":               "what JSON has no form for",
	"bodies.yaml users.0.tasks.6.json.e.0":             "what JSON has no form for",
	"bodies.yaml users.0.tasks.6.json.f.${g}":          "which variables there are",
	"bodies.yaml users.0.tasks.6.json.h":               "what JSON has no form for",
	"bodies.yaml users.0.tasks.7.json.a":               "a duplicate key: a parser for JSON keeps one of the two",
	"flow.yaml setup.1.http":                           "which variables there are",
	"flow.yaml target.start.command":                   "which variables there are",
	"flow.yaml users.0":                                "that a list is not empty where another key stands",
	"flow.yaml users.0.tasks.0.http":                   "which variables are set",
	"flow.yaml users.0.tasks.1.http":                   "which variables are set",
	"flow.yaml users.0.tasks.2.if.int":                 "the arguments of a generator",
	"flow.yaml users.0.tasks.2.if.other":               "which variables there are",
	"flow.yaml users.0.tasks.3.repeat":                 "the size of a number inside a text",
	"flow.yaml users.0.tasks.4.repeat":                 "one number against another inside a text",
	"flow.yaml users.0.tasks.6.repeat":                 "the size of a number inside a text",
	"flow.yaml users.0.tasks.7":                        "that a list has at least one item of a form",
	"flow.yaml users.0.tasks.8.steps.3.http":           "which variables are set",
	"flow.yaml users.0.tasks.8.steps.7":                "the product of repetitions",
	"flow.yaml users.0.tasks.8.steps.5.http":           "which variables are set",
	"headers.yaml target.headers.Transfer-Encoding":    "names that are written for you",
	"headers.yaml target.headers.content-length":       "names that are written for you",
	"grpc.yaml target.grpc.max_message":                "the size of a number with a unit",
	"grpc.yaml users.0.tasks.3.message.${no}":          "which variables there are",
	"grpc.yaml users.0.tasks.3.message.a":              "a duplicate key: a parser for JSON keeps one of the two",
	"grpc.yaml users.0.tasks.3.message.b":              "what JSON has no form for",
	"grpc.yaml users.0.tasks.4.message":                "which variables there are",
	"grpc.yaml users.0.tasks.5.metadata.Content-Type":  "names that are written for you",
	"grpc.yaml users.0.tasks.5.metadata.grpc-timeout":  "names that are written for you",
	"grpc.yaml users.0.tasks.5.metadata.key-bin":       "whether a text is base64",
	"grpc.yaml users.0.tasks.5.metadata.te":            "names that are written for you",
	"grpc.yaml users.0.tasks.8.expect.json":            "that an item of a list is missing where another key stands",
	"grpc.yaml users.0.tasks.8.expect.details.0.a":     "what follows an operator",
	"grpc.yaml users.0.tasks.10.messages.0":            "a key that applies only to another value of its neighbour",
	"grpc.yaml users.0.tasks.10.messages.3.reply.a":    "what follows an operator",
	"grpc.yaml users.0.tasks.10.messages.3.send.a":     "which variables there are",
	"grpc.yaml target.grpc.proto":                      "whether a file exists",
	"proto-broken.yaml target.grpc.proto":              "the content of a file",
	"proto-future.yaml target.grpc.proto":              "the content of a file",
	"proto-wrong.yaml target.grpc.proto":               "the content of a file",
	"proto-nowhere.yaml target.grpc.proto":             "whether a file exists",
	"proto-set.yaml target.grpc.protoset":              "the content of a file",
	"proto-noset.yaml target.grpc.protoset":            "whether a file exists",
	"proto-import.yaml target.grpc":                    "a key that applies only beside another one",
	"api-none.yaml api":                                "a value that says the same as no value",
	"merge.yaml ":                                      "what YAML merges",
	"tables.yaml data.holes.file":                      "the content of a file",
	"tables.yaml data.items.file":                      "the content of a file",
	"tables.yaml data.json.file":                       "the content of a file",
	"tables.yaml data.wide.file":                       "the content of a file",
	"tables.yaml data.kinds.list.0":                    "what JSON has no form for",
	"tables.yaml data.kinds.list.1":                    "how a number is spelt",
	"tables.yaml data.lines.file":                      "the content of a file",
	"tables.yaml data.nothing.file":                    "the content of a file",
	"tables.yaml data.open.file":                       "the content of a file",
	"tables.yaml data.quote.file":                      "the content of a file",
	"tables.yaml data.ragged.file":                     "the content of a file",
	"tables.yaml data.twice.file":                      "the content of a file",

	// GraphQL
	"graphql.yaml users.0.tasks.29":                           "two keys that exclude each other by what a third holds",
	"graphql.yaml users.0.tasks.30.variables.n":               "the schema of GraphQL, against the arguments of a generator",
	"nothing.yaml users.0.tasks.9.messages.0.send":            "an empty value: a parser for JSON takes it for null",
	"nothing.yaml users.0.tasks.3.json":                       "an empty value: a parser for JSON takes it for null",
	"nothing.yaml users.0.tasks.6.expect.json.a":              "an empty value: a parser for JSON takes it for null",
	"nothing.yaml users.0.tasks.0.messages.0.send":            "an empty value: a parser for JSON takes it for null",
	"nothing.yaml users.0.tasks.3.messages.0.expect.event":    "an empty value: a parser for JSON takes it for null",
	"nothing.yaml users.0.tasks.3.messages.2.expect.event.id": "an empty value: a parser for JSON takes it for null",
	"nothing.yaml users.0.tasks.8.message":                    "an empty value: a parser for JSON takes it for null",
	"graphql-cycle.yaml target.graphql.schema":                "the content of a file",
	"graphql-schema.yaml target.graphql.schema":               "the content of a file",
	"graphql.yaml users.0.tasks.0.graphql":                    "a document of GraphQL, held against its schema",
	"graphql.yaml users.0.tasks.1.graphql":                    "a document of GraphQL, held against its schema",
	"graphql.yaml users.0.tasks.10.variables":                 "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.11.variables.id":              "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.11.variables.it":              "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.12.variables.n":               "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.13.variables.n":               "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.14.variables.n":               "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.15.variables.n":               "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.16.variables.n":               "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.17.variables.${word}":         "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.19.variables.w.ids.0":         "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.19.variables.w.idz":           "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.19.variables.w.kind":          "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.19.variables.w.not":           "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.2.graphql":                    "a document of GraphQL, held against its schema",
	"graphql.yaml users.0.tasks.20.variables.item":            "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.20.variables.item.count":      "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.20.variables.item.sale":       "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.20.variables.item.score":      "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.20.variables.item.tags":       "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.21.variables.files.0.file":    "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.21.variables.files.1":         "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.21.variables.files.1.fil":     "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.21.variables.files.2.type":    "what an operation of GraphQL declares",
	"graphql.yaml users.0.tasks.23":                           "two steps against each other",
	"graphql.yaml users.0.tasks.24.graphql":                   "a document of GraphQL, held against its schema",
	"graphql.yaml users.0.tasks.27.headers.Content-Length":    "which headers follow from the body",
	"graphql.yaml users.0.tasks.3.graphql.file":               "a document of GraphQL, held against its schema",
	"graphql.yaml users.0.tasks.4.graphql":                    "a document of GraphQL, held against its schema",
	"graphql.yaml users.0.tasks.5.graphql":                    "a document of GraphQL, held against its schema",
	"graphql.yaml users.0.tasks.6.graphql":                    "a document of GraphQL, held against its schema",
	"graphql.yaml users.0.tasks.7.graphql":                    "a document of GraphQL, held against its schema",
	"graphql.yaml users.0.tasks.8.graphql":                    "a document of GraphQL, held against its schema",
	"graphql.yaml users.0.tasks.9.graphql":                    "a document of GraphQL, held against its schema",

	// Streams
	"streams-names.yaml ":                                 "two steps against each other",
	"streams.yaml users.0.tasks.4.headers":                "names that are written for you",
	"streams.yaml users.0.tasks.5":                        "a key of every call, which a stream does not have",
	"streams.yaml users.0.tasks.7.messages.9.receive.for": "how short a duration may be",
	"streams.yaml users.0.tasks.7.messages.6":             "a key that applies only to another value of its neighbour",
	"streams.yaml users.0.tasks.7.messages.7":             "the same key in two places",
	"streams.yaml users.0.tasks.8.messages.0":             "a key that applies only to another value of its neighbour",
	"streams.yaml users.0.tasks.8.messages.1":             "a key that applies only to another value of its neighbour",
	"streams.yaml users.0.tasks.8.messages.2":             "a key that applies only beside another one",
	"streams.yaml users.0.tasks.8.messages.3":             "the same key in two places",
	"streams.yaml users.0.tasks.9.messages.0.reply.op":    "that a text has no variable",
	"streams.yaml users.0.tasks.9.messages.0.send":        "which variables there are",
	"streams.yaml users.0.tasks.9.messages.3.send":        "what JSON has no form for",
	"streams.yaml users.0.tasks.11":                       "a key that applies only beside another one",
	"streams.yaml users.0.tasks.12.graphql":               "a document of GraphQL, held against its schema",
	"streams.yaml users.0.tasks.13":                       "what applies only beside another key",
	"streams.yaml users.0.tasks.13.messages.0":            "what applies only beside another key",
	"streams.yaml users.0.tasks.14.graphql":               "a document of GraphQL, held against its schema",
	"streams.yaml users.0.tasks.15.messages.0":            "what applies only beside another key",
	"load.yaml limits.abort":                              "that one of several keys is needed",
	"monitor.yaml monitor":                                "two names that are alike",
	"closed.yaml monitor.every":                           "durations that are too short",
	"monitor.yaml limits.abort.memory":                    "percentages out of range",
	"monitor.yaml monitor.every":                          "durations that are too long",
	"monitor.yaml monitor.also.machine":                   "names that Plimsoll keeps for itself",
	"unwatched.yaml limits":                               "what applies only beside another key",
	"locust.yaml target.locust.file":                      "names that hide a module",
	"locust-rate.yaml target.locust.file":                 "whether a file exists",
	"group.yaml setup.0.group":                            "that nothing is counted here",
	"group.yaml teardown.0.group":                         "that nothing is counted here",
	"group.yaml users.0.tasks.1.group":                    "a route that has another group elsewhere",
	"group.yaml users.0.tasks.2.steps.1.group":            "control characters",
	"streams.yaml users.1.tasks.1":                        "that a stream needs messages",
}

// The schema and the reader of profiles find the same mistakes at the same keys, except those of
// onlyTheReader.
func TestSchemaFindsWhatTheReaderFinds(t *testing.T) {
	schema := compiledSchema(t)
	unseen := maps.Clone(onlyTheReader)
	for _, file := range corpus(t) {
		data := []byte(readFile(t, file))
		base := filepath.Base(file)
		instance, isYAML := instanceOf(data)
		if !isYAML {
			if len(readerFinds(file, data)) == 0 {
				t.Errorf("%s is not YAML, and the reader finds nothing", base)
			}
			continue
		}
		read, described := readerFinds(file, data), schemaFinds(schema, instance)
		if _, whole := read[""]; whole {
			clear(described) // the reader has not looked into the file
		}
		for key, text := range read {
			if i := strings.LastIndex(key, "."); described[anyName+key[i+1:]] {
				described[key] = true
			}
			name := base + " " + key
			_, listed := onlyTheReader[name]
			delete(unseen, name)
			switch {
			case described[key] && listed:
				t.Errorf("%s: the schema finds this now; remove it from onlyTheReader", name)
			case !described[key] && !listed:
				t.Errorf("%s: only the reader finds this: %s", name, text)
			}
		}
		for key := range described {
			if read[key] == "" && !strings.HasPrefix(key, anyName) {
				t.Errorf("%s %s: only the schema finds something wrong here", base, key)
			}
		}
	}
	for name := range unseen {
		t.Errorf("%s is in onlyTheReader, but not in the corpus", name)
	}
}

// Every key in the schema is used in a good profile, so the tests above see it.
func TestCorpusHasEveryKeyOfTheSchema(t *testing.T) {
	written := map[string]bool{}
	for _, file := range corpus(t) {
		if strings.Contains(file, "/ok/") {
			for _, match := range regexp.MustCompile(`([a-z0-9_]+):`).FindAllStringSubmatch(readFile(t, file), -1) {
				written[match[1]] = true
			}
		}
	}
	check := func(p strict.Property) {
		if !written[p.Name] {
			t.Errorf("no profile in %s/ok has the key %s", profiles, p.Name)
		}
		if p.Value.Description == "" {
			t.Errorf("the key %s has no description", p.Name)
		}
	}
	eachProperty(profile.Schema(gate.PolicySchema()), check)
}

// docs/profile.md explains every key.
func TestPageHasEveryKeyOfTheSchema(t *testing.T) {
	page := readFile(t, "../../docs/profile.md")
	eachProperty(profile.Schema(gate.PolicySchema()), func(p strict.Property) {
		if !regexp.MustCompile("[`{ (]" + p.Name + "[`:,]").MatchString(page) {
			t.Errorf("docs/profile.md does not mention the key %s", p.Name)
		}
	})
}

func eachProperty(s *strict.Schema, visit func(strict.Property)) {
	if s == nil {
		return
	}
	for _, p := range s.Properties {
		visit(p)
		eachProperty(p.Value, visit)
	}
	values, _ := s.AdditionalProperties.(*strict.Schema)
	eachProperty(values, visit)
	eachProperty(s.Items, visit)
	for _, inner := range slices.Concat(s.AnyOf, slices.Collect(maps.Values(s.Defs))) {
		eachProperty(inner, visit)
	}
}

// corpus lists the profiles, good and bad.
func corpus(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(profiles + "/*/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d profiles, %v", len(files), err)
	}
	return files
}

// anyName begins the key of a name that the user chose. The validator does not report the place of such a name.
const anyName = "…"
