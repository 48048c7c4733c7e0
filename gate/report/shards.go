package report

import (
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// maxShardLines is the most shards that are listed.
const maxShardLines = 64

// shards says who sent which part of a merged load, how that went, and how far apart the parts began.
func shards(r *result.Result) (lines []string) {
	if len(r.Shards) == 0 {
		return nil
	}
	first := r.Shards[0].Began
	for _, s := range r.Shards {
		if s.Began.Before(first) {
			first = s.Began
		}
	}
	for _, s := range r.Shards {
		line := fmt.Sprintf("Shard %d on %s: ", s.Index+1, name80(s.By))
		if s.Users > 0 {
			line += count(s.Users, "user") + ", "
		}
		line += fmt.Sprintf("%s requests (%s failed), %s/s, p50 %s", thousands(s.Total.Requests), thousands(s.Total.Failures), perSec(s.Total.Throughput), trimmedSpan(s.Total.P50))
		if g := s.Generator; g.Cores > 0 {
			line += fmt.Sprintf("; generator %s late (p99), %s of %s", trimmedSpan(g.LagP99), portion(g.CPUShare), count(g.Cores, "core"))
		}
		if after := s.Began.Sub(first); after > 0 {
			line += fmt.Sprintf("; began %s after the first", apart(after))
		}
		lines = append(lines, line)
	}
	lines = atMost(lines, maxShardLines, "shards")
	skew, wrong := r.Skew()
	line := "Start skew: " + apart(skew)
	if wrong > 0 {
		line += " ± " + apart(wrong)
	}
	return append([]string{line + " among " + count(len(r.Shards), "shard")}, lines...)
}

// apart is the time between two instants.
func apart(d time.Duration) string {
	if d < 10*time.Second {
		return trimmedSpan(d)
	}
	return d.Round(time.Second).String()
}
