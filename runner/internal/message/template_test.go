package message_test

import (
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
)

// decode reads a message.
func decode(t testing.TB, types *message.Types, m *message.Method, wire []byte) *dynamicpb.Message {
	t.Helper()
	decoded := dynamicpb.NewMessage(m.Input())
	if err := (proto.UnmarshalOptions{Resolver: types}).Unmarshal(wire, decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

// Values of variables become what their fields are declared as.
func TestTemplateWithVariables(t *testing.T) {
	for tree, want := range map[string]string{
		`{text: "${data.row.int}", top_k: "${data.row.digits}"}`:                                     `{"text":"7","topK":42}`,
		`{text: "a ${data.row.text} ${seq}", topK: "1${seq}"}`:                                       `{"text":"a tent 1","topK":12}`,
		`{id: "${data.row.big}"}`:                                                                    `{"id":"9007199254740993"}`,
		`{name: "${data.row.big}"}`:                                                                  `{"name":"9007199254740993"}`,
		`{top_k: "${data.row.null}", text: "${data.row.null}"}`:                                      `{}`,
		`{maybe: "${data.row.null}"}`:                                                                `{}`,
		`{name: "${data.row.null}"}`:                                                                 `{}`,
		`{scalars: {f_bytes: "${data.row.null}"}}`:                                                   `{"scalars":{}}`,
		`{known: {string: "${data.row.null}", int32: "${data.row.null}", time: "${data.row.null}"}}`: `{"known":{}}`,
		`{known: {string: "", int32: 0}}`:                                                            `{"known":{"string":"","int32":0}}`,
		`{maybe: "${env.TEN}", scalars: {f_bool: "${env.YES}"}}`:                                     `{"maybe":10,"scalars":{"fBool":true}}`,
		`{nested: "${data.row.object}"}`:                                                             `{"nested":{"text":"in","topK":3}}`,
		`"${data.row.object}"`:                                                                       `{"text":"in","topK":3}`,
		`{nested: "${data.row.null}"}`:                                                               `{}`,
		`{lists: {f_int64: "${data.row.list}", f_int32: ["${data.row.int}", 8]}}`:                    `{"lists":{"fInt32":[7,8],"fInt64":["1","2"]}}`,
		`{known: {time: "${data.row.time}", duration: "${seq}s"}}`:                                   `{"known":{"time":"2026-01-02T03:04:05.500Z","duration":"1s"}}`,
		`{known: {value: "${data.row.object}", struct: {a: "${data.row.text}"}}}`:                    `{"known":{"struct":{"a":"tent"},"value":{"text":"in","topK":3}}}`,
		`{known: {value: "${data.row.null}", int64: "${data.row.big}"}}`:                             `{"known":{"value":null,"int64":"9007199254740993"}}`,
		`{known: {any: {"@type": type.googleapis.com/all.Request, text: "${data.row.text}"}}}`:       `{"known":{"any":{"@type":"type.googleapis.com/all.Request","text":"tent"}}}`,
		`{maps: {by_string: {"k${seq}": "${data.row.int}"}, by_bool: {"${data.row.yes}": 1}, by_int64: {"${data.row.big}": {f_int32: "${data.row.int}"}}}}`:      `{"maps":{"byString":{"k1":"7"},"byInt64":{"9007199254740993":{"fInt32":7}},"byBool":{"true":"1"}}}`,
		`{scalars: {f_enum: "${data.row.color}", f_bytes: "${data.row.bytes}", f_sint32: "-${seq}", f_fixed64: "${data.row.big}", f_double: "${data.row.int}"}}`: `{"scalars":{"fDouble":7,"fSint32":-1,"fFixed64":"9007199254740993","fBytes":"AAE=","fEnum":"RED"}}`,
		`{children: [{text: "${data.row.text}"}, "${data.row.object}"]}`:                                                                                         `{"children":[{"text":"tent"},{"text":"in","topK":3}]}`,
		`{old: {id: "${seq}", item: {n: "${seq}"}, "[old.note]": "${data.row.text}", "[old.marks]": "${data.row.list}"}}`:                                        `{"old":{"id":1,"item":{"n":2},"[old.note]":"tent","[old.marks]":[1,2]}}`,
	} {
		made, user, problems := template(t, "Unary", tree)
		if problems != "" {
			t.Errorf("%s: %s", tree, problems)
			continue
		}
		wire, wrong := made.Append([]byte("before"), user)
		if wrong != "" {
			t.Errorf("%s: %s", tree, wrong)
			continue
		}
		all := types(t)
		got := decode(t, all, method(t, "Unary"), wire[len("before"):])
		wanted := dynamicpb.NewMessage(got.Descriptor())
		if err := (protojson.UnmarshalOptions{Resolver: all}).Unmarshal([]byte(want), wanted); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(got, wanted) {
			t.Errorf("%s: %v, want %s", tree, got, want)
		}
	}
}

// A long list of generated numbers is packed without a detour.
func TestTemplateOfFloats(t *testing.T) {
	made, user, problems := template(t, "Unary", `{lists: {f_float: "${floats(384)}", f_double: "${floats(1)}"}}`)
	if problems != "" {
		t.Fatal(problems)
	}
	wire, wrong := made.Append(nil, user)
	if wrong != "" {
		t.Fatal(wrong)
	}
	m := method(t, "Unary")
	lists := decode(t, types(t), m, wire).Get(m.Input().Fields().ByName("lists")).Message()
	for i, want := range map[protoreflect.FieldNumber]int{1: 1, 2: 384} {
		list := lists.Get(lists.Descriptor().Fields().ByNumber(i)).List()
		if list.Len() != want || list.Get(0).Float() == 0 {
			t.Errorf("field %d has %d numbers, and the first is %v", i, list.Len(), list.Get(0))
		}
	}
}

// If a value does not fit, the error names its place, and the message is not sent.
func TestTemplateRefusesValues(t *testing.T) {
	for tree, want := range map[string]string{
		`{top_k: "${data.row.text}"}`:                  "message.top_k: the value is no int32",
		`{top_k: "${data.row.big}"}`:                   "message.top_k: the value is no int32",
		`{lists: {f_int64: [1, "${data.row.null}"]}}`:  "message.lists.f_int64[1]: the value is no int64",
		`{lists: {f_int32: [1, "${data.row.null}"]}}`:  "message.lists.f_int32[1]: the value is no int32",
		`{lists: {f_string: ["${data.row.null}"]}}`:    "message.lists.f_string[0]: the value is no string",
		`{lists: {f_wrapped: ["${data.row.null}"]}}`:   "message.lists.f_wrapped[0]: the value is no int64",
		`{children: ["${data.row.null}"]}`:             "message.children[0]: the value is no all.Request",
		`{maps: {by_string: {a: "${data.row.null}"}}}`: "message.maps.by_string.a: the value is no string",
		`{old: {id: "${data.row.null}"}}`:              "message.old.id: the value is no int32",
		`{lists: {f_int64: "${data.row.text}"}}`:       "message.lists.f_int64: the value is no list for f_int64",
		`{nested: "${data.row.list}"}`:                 "message.nested: the value is no all.Request",
		`{known: {time: "${data.row.text}"}}`:          "message.known.time: the value is no google.protobuf.Timestamp",
		`{known: {duration: "${data.row.text}"}}`:      "message.known.duration: the value is no google.protobuf.Duration",
		`{scalars: {f_enum: "${data.row.text}"}}`:      "message.scalars.f_enum: the value is no all.Color",
		`{scalars: {f_bytes: "${data.row.text}!"}}`:    "message.scalars.f_bytes: the value is no bytes",
		`{scalars: {f_uint64: "-${seq}"}}`:             "message.scalars.f_uint64: the value is no uint64",
		`{maps: {by_int64: {"${data.row.text}": {}}}}`: "message.maps.by_int64.${data.row.text}: the value is no int64",
		`{old: {id: 1, level: "${data.row.int}"}}`:     "message.old.level: the value is no old.Level",
	} {
		made, user, problems := template(t, "Unary", tree)
		if problems != "" {
			t.Errorf("%s: %s", tree, problems)
			continue
		}
		if _, wrong := made.Append(nil, user); wrong != want {
			t.Errorf("%s: %s, want %s", tree, wrong, want)
		}
	}
}

// A message that cannot be sent is found before the run, with its line and column.
func TestTemplateProblems(t *testing.T) {
	for tree, want := range map[string]string{
		`{top_k: "ten"}`:        `55: users[0].tasks[0].message.top_k: "ten" is no int32`,
		`{top_k: ten, text: 5}`: `55: users[0].tasks[0].message.top_k: "ten" is no int32` + "\n" + `66: users[0].tasks[0].message.text: 5 is a number, and the field is a string; write "5"`,
		`{text: true}`:          `: true is a truth value, and the field is a string; write "true"`,
		`{text: [a]}`:           `message.text: a list is no string`,
		`{top_k: 2147483648}`:   `2147483648 is out of range: it is no int32`,
		`{top_k: 1.5}`:          `1.5 is out of range: it is no int32`,
		`{top_k: {}}`:           `a mapping is no int32`,
		`{top_k: "${word}"}`:    `message.top_k: ${word} makes no int32`,
		`{top_k: "${float(0,1)}", scalars: {f_bool: "${seq}", f_enum: "${uuid}"}}`: `${float} makes no int32`,
		`{scalars: {f_bytes: "${word}"}}`:                                          `message.scalars.f_bytes: ${word} makes no base64, which bytes are written as`,
		`{scalars: {f_bool: "${seq}"}}`:                                            `${seq} makes no bool`,
		`{scalars: {f_enum: "${uuid}"}}`:                                           `${uuid} makes no all.Color`,
		`{top_k: "${int(1,2147483648)}"}`:                                          `2147483648 is out of range: it is no int32`,
		`{scalars: {f_uint32: "${int(-1,5)}"}}`:                                    `-1 is out of range: it is no uint32`,
		`{known: {time: "${word}"}}`:                                               `${word} makes no google.protobuf.Timestamp`,
		`{scalars: {f_int64: "${now}"}}`:                                           `${now} makes no int64`,
		`{tex: a}`:                                                                 `message.tex: all.Request has no field "tex"; did you mean "text"?`,
		`{id: 1, name: a}`:                                                         `message: the oneof choice has id and name; give one`,
		`{top_k: 1, topK: 2}`:                                                      `message.topK: top_k and topK are the same field; give one`,
		`{children: {text: a}}`:                                                    `message.children: expected a list, found a mapping`,
		`{children: [null]}`:                                                       `message.children[0]: a list cannot contain null`,
		`{maps: {by_string: [a]}}`:                                                 `expected a mapping, found a list`,
		`{maps: {by_string: {a: null}}}`:                                           `a map cannot contain null`,
		`{maps: {by_int64: {x: {}}}}`:                                              `"x" is no int64`,
		`{maps: {by_bool: {1: 1}}}`:                                                `"1" is no bool`,
		`{scalars: {f_enum: CRIMSO}}`:                                              `"CRIMSO" is no all.Color; did you mean "CRIMSON"?`,
		`{scalars: {f_bytes: "!"}}`:                                                `"!" is no base64, which bytes are written as`,
		`{scalars: {f_bool: 1}}`:                                                   `1 is no bool`,
		`{scalars: {f_float: 1e39}}`:                                               `1e39 is out of range: it is no float`,
		`{nested: hello}`:                                                          `message.nested: expected a mapping with the fields of all.Request, found "hello"`,
		`hello`:                                                                    `message: expected a mapping with the fields of all.Request, found "hello"`,
		`{"${seq}": 1}`:                                                            `the name of a field cannot contain variables`,
		`{old: {}}`:                                                                `message.old: old.Old needs the field id, which is required`,
		`{old: {id: 1, "[old.nothing]": 1}}`:                                       `old.Old has no field "[old.nothing]"; choose one of: id, text, `,
		`{old: {id: 1, level: 3}}`:                                                 `"3" is no old.Level; choose one of: HIGH, LOW`,
		`{ed: {needed: 1, closed: THREE}}`:                                         `"THREE" is no all.Closed; choose one of: ONE, TWO`,
		`{known: {time: yesterday}}`:                                               `message.known.time: "yesterday" is no google.protobuf.Timestamp such as 2026-01-02T15:04:05Z`,
		`{known: {duration: 1}}`:                                                   `1 is no google.protobuf.Duration such as 1.5s`,
		`{known: {any: {a: 1}}}`:                                                   `message.known.any: missing "@type" field`,
		`{known: {any: {"@type": x/nowhere.A}}}`:                                   `message.known.any: the description has no message nowhere.A`,
		`{known: {int64: many}}`:                                                   `"many" is no int64`,
		`{known: {struct: [1]}}`:                                                   `a list is no google.protobuf.Struct such as {key: value}`,
	} {
		if _, _, problems := template(t, "Unary", tree); !strings.Contains(problems, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", tree, problems, want)
		}
	}
	if _, _, problems := template(t, "Old", `{text: a}`); !strings.Contains(problems, "old.Old needs the field id") {
		t.Error(problems)
	}
}

// The number of bytes of a message inside of others may be found out during the run.
func TestTemplateLengths(t *testing.T) {
	for _, length := range []string{"1", "20", "2000", "20000"} {
		made, user, problems := template(t, "Unary", `{nested: {nested: {nested: {text: "${sentence(`+length+`)}"}}}, children: [{text: "${word}"}]}`)
		if problems != "" {
			t.Fatal(problems)
		}
		wire, wrong := made.Append(nil, user)
		if wrong != "" {
			t.Fatal(wrong)
		}
		text := decode(t, types(t), method(t, "Unary"), wire).String()
		if !regexp.MustCompile(`nested:\{nested:\{nested:\{text:"[A-Z]`).MatchString(strings.ReplaceAll(text, " ", "")) {
			t.Errorf("%s words: %.200s", length, text)
		}
	}
}

func TestMethods(t *testing.T) {
	all := types(t)
	for name, want := range map[string]string{
		"all.Everything/Unary": "", "all.Everything/Unari": `all.Everything has no method Unari; did you mean "Unary"?`,
		"all.Everythin/Unary": `there is no service all.Everythin; did you mean "all.Everything"?`,
		"all.Request/Unary":   "there is no service all.Request; did you mean",
	} {
		if _, err := all.Method(name); want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), strings.TrimSuffix(want, " did you mean"))) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	for step, want := range map[string]string{
		"{grpc: all.Everything/Unary, message: {}}":                                       "",
		"{grpc: all.Everything/Unary, messages: [{receive: 1}]}":                          "p.yaml:8:49: users[0].tasks[0].messages: all.Everything/Unary is no stream; write message and expect",
		"{grpc: all.Everything/Server}":                                                   "users[0].tasks[0].messages: missing; all.Everything/Server answers with a stream: write for example messages: [{receive: end}]",
		"{grpc: all.Everything/Server, messages: [{receive: 1}]}":                         "",
		"{grpc: all.Everything/Server, messages: [{send: {}}]}":                           "all.Everything/Server takes one message; write it in message",
		"{grpc: all.Everything/Client, message: {}}":                                      "all.Everything/Client takes a stream: write for example",
		"{grpc: all.Everything/Client, message: {}, messages: [{send: {}}]}":              "users[0].tasks[0].message: all.Everything/Client takes a stream; write what is sent in messages",
		"{grpc: all.Everything/Both, messages: [{send: {}}, {receive: end}, {wait: 1s}]}": "",
	} {
		c, _ := call(t, step)
		name, _, _ := strings.Cut(strings.TrimPrefix(step, "{grpc: all.Everything/"), ",")
		problems := method(t, strings.TrimSuffix(name, "}")).Fits(c)
		if got := problems.Error(); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", step, got, want)
		}
	}
}
