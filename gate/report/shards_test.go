package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// A merged run says who sent which part, how that went, and how far apart the parts began. A run in one piece says nothing
// of shards.
func TestShardsAreTold(t *testing.T) {
	r := reporttest.Run(reporttest.Shape{Routes: 2, Rounds: 2, Requests: 40, Seed: 1})
	tell := func() string {
		var b bytes.Buffer
		if err := report.Run(&b, r, report.Found{}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if text := tell(); strings.Contains(strings.ToLower(text), "shard") {
		t.Errorf("a run in one piece tells of shards:\n%s", text)
	}
	began := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	total := result.Figures{Requests: 1234, Failures: 5, P50: 8400 * time.Microsecond, P95: time.Second, P99: time.Second, Throughput: 61.5}
	r.Shards = []result.Shard{
		{Index: 0, By: "eu-1", Users: 34, Began: began.Add(2500 * time.Microsecond), Total: total, Generator: result.Generator{Cores: 4, CPUShare: 0.31, LagP99: 700 * time.Microsecond}},
		{Index: 1, By: "us-1", Users: 33, Began: began, Total: total},
		{Index: 2, By: "us-2", Began: began.Add(time.Hour + time.Second), Total: total},
	}
	text := tell()
	for _, line := range []string{
		"- Start skew: 1h0m1s among 3 shards",
		"- Shard 1 on eu-1: 34 users, 1,234 requests (5 failed), 61.5/s, p50 8.4 ms; generator 700 µs late (p99), 31% of 4 cores; began 2.5 ms after the first",
		"- Shard 2 on us-1: 33 users, 1,234 requests (5 failed), 61.5/s, p50 8.4 ms",
		"- Shard 3 on us-2: 1,234 requests (5 failed), 61.5/s, p50 8.4 ms; began 1h0m1s after the first",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	r.Shards = r.Shards[:2]
	r.Shards[0].Clock, r.Shards[1].Clock = &result.Clock{Error: 300 * time.Microsecond}, &result.Clock{Error: 100 * time.Microsecond}
	if text := tell(); !strings.Contains(text, "- Start skew: 2.5 ms ± 400 µs among 2 shards\n") {
		t.Errorf("the shards of a meeting are told as\n%s", text)
	}
	r.Shards = make([]result.Shard, 100)
	if text := tell(); !strings.Contains(text, "- and 36 more shards\n") {
		t.Errorf("100 shards are told as\n%s", text)
	}
}
