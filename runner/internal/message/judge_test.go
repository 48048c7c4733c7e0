package message_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/anypb"
	"pgregory.net/rapid"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// saver keeps what is saved, by slot.
type saver map[int]profile.Value

func (s saver) Save(slot int, v profile.Value) {
	v.Text = strings.Clone(v.Text)
	s[slot] = v
}

// head holds the metadata, trailers and status of an answer.
type head struct{ metadata, trailer map[string]string }

func (h head) Metadata(name string) (string, bool) { v, ok := h.metadata[name]; return v, ok }
func (h head) Trailer(name string) (string, bool)  { v, ok := h.trailer[name]; return v, ok }
func (head) Text() string                          { return "quota exceeded for 30s" }

func (head) Details() []byte {
	quota, err := anypb.New(&errdetails.ErrorInfo{Reason: "QUOTA", Metadata: map[string]string{"limit": "5"}})
	if err != nil {
		panic(err)
	}
	retry := &anypb.Any{TypeUrl: "type.googleapis.com/nobody.Knows", Value: []byte{1}}
	missing, err := anypb.New(&errdetails.ResourceInfo{ResourceType: "product"})
	if err != nil {
		panic(err)
	}
	wire, err := proto.Marshal(&status.Status{Code: 8, Details: []*anypb.Any{quota, retry, missing}})
	if err != nil {
		panic(err)
	}
	return wire
}

// wire is the wire form of a message written as JSON.
func wire(t testing.TB, m protoreflect.MessageDescriptor, text string) []byte {
	t.Helper()
	all := types(t)
	made := dynamicpb.NewMessage(m)
	if err := (protojson.UnmarshalOptions{Resolver: all}).Unmarshal([]byte(text), made); err != nil {
		t.Fatal(err)
	}
	encoded, err := proto.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

const reply = `{"total": "9007199254740993", "items": [
  {"text": "boots", "topK": 3, "id": "5", "scalars": {"fDouble": 1.5, "fFloat": 0.1, "fSint32": -7, "fBool": true, "fBytes": "AAE=", "fEnum": "RED", "fFixed64": "18446744073709551615", "fInt32": -3},
   "lists": {"fInt32": [1, 2, 3], "fDouble": [0.5, "NaN"], "fString": ["a", "b"], "fWrapped": ["12"]}, "maps": {"byString": {"k": "v"}, "byInt64": {"-4": {"fInt32": 9}}, "byBool": {"true": "1"}},
   "known": {"time": "2026-01-02T03:04:05Z", "any": {"@type": "type.googleapis.com/all.Scalars", "fInt64": "3"}, "int64": "8"}, "old": {"id": 1, "item": {"n": 4}, "[old.note]": "n"}},
  {"text": "tent", "name": "n", "maybe": 0}]}`

// check makes a judge of a step and lets it judge an answer.
func check(t *testing.T, step string, a message.Answer) (wrong string, saved saver) {
	t.Helper()
	c, _ := call(t, step)
	g := c.Content.(*plan.GRPC)
	j, problems := method(t, "Unary").Judge(g.Expect, c.Save)
	if len(problems) > 0 {
		return problems.Error(), nil
	}
	saved = saver{}
	return j.Check(a, saved, &message.Scratch{}), saved
}

func TestJudge(t *testing.T) {
	m := method(t, "Unary")
	a := message.Answer{Wire: wire(t, m.Output(), reply), Head: head{map[string]string{"x-served-by": "a1"}, map[string]string{"x-cost": "7"}}}
	for condition, want := range map[string]string{
		`json: {"items.#": 2, total: 9007199254740993}`:                          "",
		`json: {total: "9007199254740993"}`:                                      "",
		`json: {total: 9007199254740992}`:                                        "expected total == 9007199254740992",
		`json: {"items.0.text": boots, "items.0.top_k": 3, "items.0.topK": "3"}`: "",
		`json: {"items.0.scalars.f_double": 1.5, "items.0.scalars.f_float": "< 0.11", "items.0.scalars.f_sint32": -7, "items.0.scalars.f_int32": -3}`:                       "",
		`json: {"items.0.scalars.f_bool": true, "items.0.scalars.f_bytes": "AAE=", "items.0.scalars.f_enum": RED, "items.0.scalars.f_fixed64": 18446744073709551615}`:       "",
		`json: {"items.1.scalars": "!= x", "items.1.top_k": 0, "items.1.lists.f_int32.#": "!= 0"}`:                                                                          "",
		`json: {"items.1.maybe": 0, "items.0.maybe": exists}`:                                                                                                               "expected items.0.maybe exists",
		`json: {"items.0.id": 5, "items.1.id": "!= 0", "items.1.name": n}`:                                                                                                  "",
		`json: {"items.0.lists.f_int32.2": 3, "items.0.lists.f_int32.#": 3, "items.0.lists.f_double.#": 2, "items.0.lists.f_double.1": NaN, "items.0.lists.f_string.1": b}`: "",
		`json: {"items.0.lists.f_int32.3": exists}`:                                                                                                                         "expected items.0.lists.f_int32.3 exists",
		`json: {"items.0.lists.f_wrapped.0": 12, "items.0.known.int64": 8, "items.0.known.time": "~ ^2026"}`:                                                                "",
		`json: {"items.0.maps.by_string.k": v, "items.0.maps.by_int64.-4.f_int32": 9, "items.0.maps.by_bool.true": 1}`:                                                      "",
		`json: {"items.0.maps.by_string.nothing": exists}`:                                                                                                                  "expected items.0.maps.by_string.nothing exists",
		`json: {"items.0.known.any.f_int64": 3, "items.0.known.any.@type": exists}`:                                                                                         "",
		`json: {"items.0.old.item.n": 4, "items.0.old.id": 1, "items.0.scalars": exists, "items.5": "!= x"}`:                                                                "",
		`json: {"items.#(text==tent).name": n, "items.#.text": "~ boots.*tent", "items.0.known.any.fInt64": 3}`:                                                             "",
		`json: {"items.#(id==5).text": boots}`:                                                                                                                              "",
		`json: {"items.1.nested": exists}`:                                                                                                                                  "expected items.1.nested exists",
		`metadata: {X-Served-By: a1}, trailers: {x-cost: "< 10"}`:                                                                                                           "",
		`metadata: {x-cost: exists}`:  "expected the metadata x-cost exists",
		`trailers: {x-cost: 8}`:       "expected the trailer x-cost == 8",
		`text: ["quota", "~ ^quota"]`: "",
		`text: none`:                  `expected the text of the code contains "none"`,
		`details: {"0.reason": QUOTA, "#": 3, "0.metadata.limit": "5", "1.value": "AQ=="}`: "",
		`details: {"0.reason": RATE}`: "expected 0.reason of the details == RATE",
		`details: {"2.resource_type": product, "2.resourceType": product, "#(resourceType==product).resourceName": ""}`: "",
		`details: {"0.resourceType": product}`: "expected 0.resourceType of the details == product; the details are \"google.rpc.ErrorInfo\", \"nobody.Knows\", \"google.rpc.ResourceInfo\"",
		`json: {"items.#(topK==3).top_k": 3, "items.#(top_k==3)#.topK": "~ ^.3.$", "items.#(scalars.fInt32==-3).scalars.f_sint32": -7}`:                    "",
		`json: {"items.#(topK==3)#.topK": "~ ^.3.$", "items.#(text==tent).maybe": 0, "items.#.topK": "~ ^.3,0.$", "items.#(text==\"topK\").topK": "!= 0"}`: "",
		`details: {"#(resourceType==product).resource_name": "", "#(resource_type==product)#.resourceType": "~ ^..product..$"}`:                            "",
		`json: {itemz: 1}`:      `p.yaml:8:54: users[0].tasks[0].expect.json.itemz: all.Reply has no field "itemz"; did you mean "items"?`,
		`json: {items.text: 1}`: `expect.json.items.text: items is a list; write items.0.text for the first item, or items.#.text for all`,
		`json: {total.x: 1}`:    `expect.json.total.x: total is a int64, and has no "x"`,
	} {
		got, _ := check(t, "{grpc: all.Everything/Unary, expect: {"+condition+"}}", a)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", condition, got, want)
		}
	}
	if got, _ := check(t, "{grpc: all.Everything/Unary, expect: {json: {total: 1}}}", message.Answer{Wire: []byte{0x08}}); got != "the answer is no all.Reply" {
		t.Error(got)
	}
	if got, _ := check(t, "{grpc: all.Everything/Unary, expect: {json: {\"items.#.text\": 1}}}", message.Answer{Wire: []byte{0x08}}); got != "the answer is no all.Reply" {
		t.Error(got)
	}
	if got, _ := check(t, "{grpc: all.Everything/Unary, expect: {code: [OK, NOT_FOUND], json: {total: 1}}}", message.Answer{None: true, Head: head{}}); got != "" {
		t.Error(got)
	}
}

func TestJudgeSaves(t *testing.T) {
	m := method(t, "Unary")
	a := message.Answer{Wire: wire(t, m.Output(), reply), Head: head{map[string]string{"x-served-by": "a1"}, map[string]string{"x-cost": "7"}}}
	wrong, saved := check(t, `{grpc: all.Everything/Unary, save: {a: total, b: items.0.text, c: {metadata: x-served-by, match: "[0-9]"}, d: {trailer: x-cost}, e: {details: 0.reason}, f: {text: "for ([0-9]+)s"}, g: {json: items.1.id, optional: true}, h: items.0.scalars, i: items.#.text}}`, a)
	want := []profile.Value{
		{Kind: profile.NumberValue, Text: "9007199254740993"}, {Kind: profile.TextValue, Text: "boots"}, {Kind: profile.UntypedValue, Text: "1"}, {Kind: profile.UntypedValue, Text: "7"},
		{Kind: profile.TextValue, Text: "QUOTA"}, {Kind: profile.UntypedValue, Text: "30"}, {}, {}, {Kind: profile.JSONValue, Text: `["boots","tent"]`},
	}
	for i, v := range want {
		got := saved[i+1]
		if v.Kind != 0 && got != v || wrong != "" {
			t.Errorf("%d: %+v, want %+v (%s)", i, got, v, wrong)
		}
	}
	if scalars := saved[8]; scalars.Kind != profile.JSONValue || gjson.Get(scalars.Text, "f_fixed64").Raw != "18446744073709551615" {
		t.Errorf("saved %+v", scalars)
	}
	for save, want := range map[string]string{
		"a: items.1.id": "nothing to save at items.1.id", `a: {text: "x(y)"}`: "nothing to save: the text of the code does not match x(y)",
		"a: {trailer: none}": "nothing to save at the trailer none", "a: {details: 5.reason}": "nothing to save at 5.reason of the details; the details are \"google.rpc.ErrorInfo\", \"nobody.Knows\", \"google.rpc.ResourceInfo\"",
	} {
		if wrong, _ := check(t, "{grpc: all.Everything/Unary, save: {"+save+"}}", a); wrong != want {
			t.Errorf("%s: %q, want %q", save, wrong, want)
		}
	}
}

// Plain paths are walked without an allocation.
func TestJudgeAllocatesNothing(t *testing.T) {
	m := method(t, "Unary")
	a := message.Answer{Wire: wire(t, m.Output(), reply)}
	c, _ := call(t, `{grpc: all.Everything/Unary, expect: {json: {"items.#": 2, total: 9007199254740993, "items.1.text": tent, "items.0.scalars.f_double": "> 1", "items.0.maps.by_int64.-4.f_int32": 9, "items.0.scalars": exists}}, save: {x: total}}`)
	g := c.Content.(*plan.GRPC)
	j, problems := m.Judge(g.Expect, c.Save)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	user, scratch := datagen.New(&plan.Plan{AllUsers: 1}).User(0, 3), &message.Scratch{}
	if n := testing.AllocsPerRun(100, func() {
		if wrong := j.Check(a, user, scratch); wrong != "" {
			t.Fatal(wrong)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// plainPaths lists the paths of JSON that consist of keys and numbers.
func plainPaths(value gjson.Result, path string) (paths []string) {
	paths = append(paths, path)
	if value.IsArray() {
		paths = append(paths, path+".#", path+".99")
	}
	i := 0
	value.ForEach(func(key, inner gjson.Result) bool {
		name := key.String()
		if value.IsArray() {
			name = strconv.Itoa(i)
		}
		i++
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == "" && name != "" {
			paths = append(paths, plainPaths(inner, strings.TrimPrefix(path+"."+name, "."))...)
		}
		return true
	})
	return paths
}

// generic is JSON with every number as its digits, in quotes or without.
func generic(t testing.TB, text []byte) any {
	t.Helper()
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	var plain func(any) any
	plain = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for key := range v {
				v[key] = plain(v[key])
			}
		case []any:
			for i := range v {
				v[i] = plain(v[i])
			}
		case json.Number:
			if f, err := v.Float64(); err == nil && strings.ContainsAny(v.String(), ".eE") {
				return fmt.Sprint(f)
			}
			return v.String()
		case string:
			if profile.IsNumber(v) && !strings.ContainsAny(v, ".eE") {
				return v
			}
		}
		return v
	}
	return plain(value)
}

// Random answers have the JSON of protojson, and a walk on the wire finds what their JSON has.
func TestJudgeEqualsProtojson(t *testing.T) {
	all := types(t)
	user := datagen.New(&plan.Plan{AllUsers: 1}).User(0, 0)
	for _, name := range []string{"Unary", "Old"} {
		m := method(t, name)
		rapid.Check(t, func(rt *rapid.T) {
			d := &draw{T: rt}
			_, plain := d.message(m.Output(), 4)
			made, problems := m.Answered(plain)
			if len(problems) > 0 {
				rt.Fatal(problems)
			}
			encoded, _ := made.Append(nil, user)
			decoded := dynamicpb.NewMessage(m.Output())
			if err := (proto.UnmarshalOptions{Resolver: all}).Unmarshal(encoded, decoded); err != nil {
				rt.Fatal(err)
			}
			want, err := protojson.MarshalOptions{Resolver: all, EmitDefaultValues: true}.Marshal(decoded)
			if err != nil {
				rt.Fatal(err)
			}
			got, err := m.JSON(encoded)
			if err != nil || fmt.Sprint(generic(t, got)) != fmt.Sprint(generic(t, want)) {
				rt.Fatalf("%v\n%s\nwant\n%s", err, got, want)
			}
			odd := slices.Concat([]byte{0xf8, 0xff, 0x01, 0x07}, encoded) // with a field that nobody knows
			for _, path := range plainPaths(gjson.ParseBytes(got), "") {
				if path == "" {
					continue
				}
				j, problems := m.Judge(nil, []plan.Save{{Path: path, Optional: true}})
				if len(problems) > 0 {
					rt.Fatal(problems)
				}
				for _, wire := range [][]byte{encoded, odd} {
					saved := saver{}
					if wrong := j.Check(message.Answer{Wire: wire}, saved, &message.Scratch{}); wrong != "" {
						rt.Fatalf("%s: %s", path, wrong)
					}
					result := gjson.GetBytes(got, path)
					have, want := saved[0].Text, result.String()
					if result.Type == gjson.Null {
						want = ""
					}
					if result.Type == gjson.Number {
						want = result.Raw
					}
					if result.Type != gjson.JSON && have != want {
						rt.Fatalf("%s: %q, want %q in %s", path, have, want, got)
					}
				}
			}
		})
	}
}

// No bytes make a judge panic, and what it finds is what the decoded message has.
func FuzzJudge(f *testing.F) {
	m := method(f, "Unary")
	f.Add(wire(f, m.Output(), reply))
	f.Add([]byte{0x08, 0x80})
	var paths []string
	var judges []*message.Judge
	text, err := m.JSON(wire(f, m.Output(), reply))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range plainPaths(gjson.ParseBytes(text), "")[1:] {
		j, problems := m.Judge(nil, []plan.Save{{Path: path, Optional: true}})
		if len(problems) > 0 {
			f.Fatal(problems)
		}
		paths, judges = append(paths, path), append(judges, j)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		text, err := m.JSON(wire)
		for i, j := range judges {
			saved := saver{}
			wrong := j.Check(message.Answer{Wire: wire}, saved, &message.Scratch{})
			if err != nil {
				continue // a walk may not come to what is wrong
			}
			if wrong != "" {
				t.Fatalf("%s: %s", paths[i], wrong)
			}
			if result := gjson.GetBytes(text, paths[i]); result.Type == gjson.String && result.Str != saved[0].Text || result.Type == gjson.Number && result.Raw != saved[0].Text || !result.Exists() && saved[0].Kind != 0 {
				t.Fatalf("%s: %+v, want %s in %s of %x", paths[i], saved[0], result.Raw, text, wire)
			}
		}
	})
}

// Messages of Any within each other are shown up to a depth: decoding one copies all that is in it.
func TestAnyWithinAny(t *testing.T) {
	m := method(t, "Unary")
	known := m.Input().Fields().ByName("known")
	inner := &anypb.Any{TypeUrl: "type.googleapis.com/google.protobuf.Any"}
	for range 100 {
		value, err := proto.Marshal(inner)
		if err != nil {
			t.Fatal(err)
		}
		inner = &anypb.Any{TypeUrl: inner.TypeUrl, Value: value}
	}
	item := dynamicpb.NewMessage(m.Input())
	item.Mutable(known).Message().Set(known.Message().Fields().ByName("any"), protoreflect.ValueOfMessage(inner.ProtoReflect()))
	answer := dynamicpb.NewMessage(m.Output())
	answer.Set(m.Output().Fields().ByName("request"), protoreflect.ValueOfMessage(item))
	encoded, err := proto.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	text, err := m.JSON(encoded)
	if n := strings.Count(string(text), "@type"); err != nil || n < 10 || n > 40 || !json.Valid(text) {
		t.Errorf("%v, %d levels in %.300s", err, n, text)
	}
}
