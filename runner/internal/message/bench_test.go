package message_test

import "testing"

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
