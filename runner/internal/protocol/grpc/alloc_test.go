package grpc_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A unary call whose message and metadata do not vary allocates nothing, in either way to connect.
func TestStaticCallAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	url := interopServerApart(t)
	eachWay(t, func(t *testing.T, target string) {
		u := newUser(t, url, target, "{"+unary+", message: {response_size: 20, payload: {body: AAECAwQFBgcICQ==}}, metadata: {x-a: b}}")
		for range 100 {
			if o := u.do(0); o.Class != tally.OK {
				t.Fatal(o.Error)
			}
		}
		if n := testing.AllocsPerRun(2000, func() { u.do(0) }); n > 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func BenchmarkUnary(b *testing.B) {
	url := interopServerApart(b)
	for name, call := range map[string]string{
		"static":  "message: {response_size: 20, payload: {body: AAECAwQFBgcICQ==}}",
		"varying": "message: {response_size: \"${int(20,20)}\", payload: {body: \"${int(1000,9999)}\"}}, metadata: {x-a: \"${int(1,9)}\"}, expect: {json: {payload.type: COMPRESSABLE}}, save: {a: payload.body}",
	} {
		b.Run(name, func(b *testing.B) {
			u := newUser(b, url, "", "{"+unary+", "+call+"}")
			b.ReportAllocs()
			for b.Loop() {
				if o := u.do(0); o.Class != tally.OK {
					b.Fatal(o.Error)
				}
			}
		})
	}
}

// BenchmarkUsers makes calls of 50 users over 4 connections, or over one of each user's own.
func BenchmarkUsers(b *testing.B) {
	url := interopServerApart(b)
	for name, target := range map[string]string{"per-user": "", "shared": ", connections: shared 4"} {
		b.Run(name, func(b *testing.B) {
			const users = 50
			made := manyUsers(b, url, target, "{"+unary+", message: {response_size: 20, payload: {body: AAECAwQFBgcICQ==}}}", users)
			var left atomic.Int64
			left.Store(int64(b.N))
			var working sync.WaitGroup
			b.ResetTimer()
			for _, u := range made {
				working.Go(func() {
					for left.Add(-1) >= 0 {
						if o := u.do(0); o.Class != tally.OK {
							b.Error(o.Error)
							return
						}
					}
				})
			}
			working.Wait()
		})
	}
}
