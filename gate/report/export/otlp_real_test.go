//go:build real

package export_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// A Prometheus of today receives an export, and answers queries with its values. Debian's is too old for OTLP.
func TestRealPrometheusReceivesOTLP(t *testing.T) {
	const program = "../../../bin/tools/prometheus"
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%v: run `make test-otlp`", err)
	}
	address := startPrometheus(t, program, "127.0.0.1:1", "--web.enable-otlp-receiver")
	r := shop()
	r.Finished = time.Now()
	r.Started = r.Finished.Add(-time.Minute)
	if got := ask(t, address, "vector(1)", "1"); got != "1" {
		t.Fatalf("it does not answer: %q", got)
	}
	body := otlp(t, report.Material{Report: failed(), Run: r})
	response, err := http.Post("http://"+address+"/api/v1/otlp/v1/metrics", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", response.Status, answer, err)
	}
	for query, want := range map[string]string{
		`plimsoll_requests_total{job="shop",route="GET /search",outcome="ok"}`:                             "1000",
		`sum(plimsoll_requests_total)`:                                                                     "1003",
		`histogram_count(plimsoll_response_seconds{route="GET /search"})`:                                  "1000",
		`abs(histogram_quantile(0.99, plimsoll_response_seconds{route="GET /search"}) - 0.99) < bool 0.05`: "1",
		`abs(histogram_avg(plimsoll_response_seconds{route="GET /search"}) - 0.5) < bool 0.01`:             "1",
		`plimsoll_verdict{outcome="fail"}`:                                                                 "1",
		`plimsoll_change_ratio{route="GET /search",metric="p99"}`:                                          "0.409",
		`count(target_info{job="shop"})`:                                                                   "1",
	} {
		if got := ask(t, address, query, want); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}
