package message_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Filling in a message allocates nothing.
func TestTemplateAllocatesNothing(t *testing.T) {
	made, user, problems := template(t, "Unary", `{text: "${word} ${seq}", top_k: "${data.row.int}", lists: {f_double: "${floats(8)}"}, nested: {name: "${uuid}", known: {time: "${data.row.time}"}}}`)
	if problems != "" {
		t.Fatal(problems)
	}
	dst := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() {
		if _, wrong := made.Append(dst, user); wrong != "" {
			t.Fatal(wrong)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkCall is the part of this package in a call with three variables, a condition and a save, as peerbench makes
// it: the message is filled in, and the answer, which is equal to it, is judged.
func BenchmarkCall(b *testing.B) {
	c, user := call(b, `{grpc: all.Everything/Say, message: {text: "warm ${word} for the hills by the sea after rain", number: "${int(1,1000000000)}", word: "${word}", count: 7}, expect: {json: {count: "== 7"}}, save: {got: word}}`)
	m, g := method(b, "Say"), c.Content.(*plan.GRPC)
	made, problems := m.Template(g.Message, g.Place)
	j, wrong := m.Judge(g.Expect, c.Save)
	if problems = append(problems, wrong...); len(problems) > 0 {
		b.Fatal(problems)
	}
	dst, scratch := make([]byte, 0, 1024), &message.Scratch{}
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = made.Append(dst[:0], user)
		if wrong := j.Check(message.Answer{Wire: dst}, user, scratch); wrong != "" {
			b.Fatal(wrong)
		}
	}
}

func BenchmarkTemplate(b *testing.B) {
	made, user, problems := template(b, "Unary", `{text: "${word}", top_k: 10, maybe: "${int(1,1000)}", nested: {name: "${uuid}"}}`)
	if problems != "" {
		b.Fatal(problems)
	}
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = made.Append(dst[:0], user)
	}
}

// BenchmarkTemplateByJSON does the work of BenchmarkTemplate through JSON and dynamicpb.
func BenchmarkTemplateByJSON(b *testing.B) {
	m := method(b, "Unary")
	for b.Loop() {
		wire(b, m.Input(), `{"text": "boots", "topK": 10, "maybe": 77, "nested": {"name": "0b2f3c9e-8a52-4e0f-9d0c-3f6d3a1b2c4d"}}`)
	}
}

func benchmarkJudge(b *testing.B, path string) {
	m := method(b, "Unary")
	a := message.Answer{Wire: wire(b, m.Output(), reply)}
	j, problems := m.Judge([]plan.Condition{{Path: path, Op: profile.Equal, Operand: "9007199254740993", Numeric: true}}, nil)
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	scratch := &message.Scratch{}
	b.ReportAllocs()
	for b.Loop() {
		if wrong := j.Check(a, nil, scratch); wrong != "" {
			b.Fatal(wrong)
		}
	}
}

func BenchmarkJudge(b *testing.B) { benchmarkJudge(b, "total") }

// BenchmarkJudgeByJSON asks for the same by way of dynamicpb and JSON.
func BenchmarkJudgeByJSON(b *testing.B) { benchmarkJudge(b, "total|@this") }
