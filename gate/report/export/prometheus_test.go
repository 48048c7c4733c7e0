package export_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
)

// Prometheus' own check of pages takes every page: it reads the older text format, as node_exporter does. That format has
// help for a counter under its name with _total, OpenMetrics under its name without, so the check misses it.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is not there; `make programs` installs Debian's prometheus")
	}
	for name, m := range map[string]report.Material{
		"nothing": {}, "a verdict": {Report: failed()}, "a run": {Run: shop()}, "no request": {Run: runOf()}, "hostile": strange(),
		"a search": {Capacity: reporttest.Capacity(reporttest.Confirmed)}, "a search cut short": {Capacity: reporttest.Capacity(reporttest.CutShort)},
	} {
		command := exec.Command(promtool, "check", "metrics")
		command.Stdin = strings.NewReader(openMetrics(t, m))
		output, err := command.CombinedOutput()
		if said := strings.TrimSpace(string(output)); err != nil && said != "plimsoll_requests_total no help text" {
			t.Errorf("%s: %v\n%s", name, err, said)
		}
	}
}

// A real Prometheus scrapes a page as OpenMetrics, and answers queries with its values.
func TestPrometheus(t *testing.T) {
	prometheus, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatal("prometheus is not there; `make programs` installs Debian's")
	}
	found := reporttest.Capacity(reporttest.Confirmed)
	page := openMetrics(t, report.Material{Report: failed(), Run: shop(), Capacity: found})
	evil := openMetrics(t, strange())
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
		io.WriteString(w, map[string]string{"/metrics": page, "/evil": evil}[r.URL.Path])
	}))
	defer site.Close()
	address := startPrometheus(t, prometheus, strings.TrimPrefix(site.URL, "http://"))
	for query, want := range map[string]string{
		`up{job="shop"}`: "1",
		`up{job="evil"}`: "1",
		`plimsoll_response_seconds{job="shop",route="GET /search",q="0.99"}`: fmt.Sprint(shop().Tally.Routes["GET /search"].Response.Quantile(0.99).Seconds()),
		`sum(plimsoll_requests_total{job="shop"})`:                           "1003",
		`plimsoll_verdict{job="shop",outcome="fail"}`:                        "1",
		`plimsoll_capacity{job="shop",bound="holds"}`:                        fmt.Sprint(found.Holds.Load),
		`plimsoll_capacity{job="shop",bound="breaks"}`:                       fmt.Sprint(found.Breaks.Load),
		`plimsoll_capacity_confirmed{job="shop"}`:                            "1",
		`plimsoll_change_ratio{job="shop",metric="p99"}`:                     "0.409",
		`count(plimsoll_requests_total{job="evil",outcome="ok"})`:            fmt.Sprint(len(hostile())),
		`count(plimsoll_verdict{job="evil"} > 1) or vector(0)`:               "0",
	} {
		if got := ask(t, address, query, want); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// startPrometheus starts a Prometheus that scrapes two pages each second, and returns its address.
func startPrometheus(t *testing.T, program, target string, flags ...string) (address string) {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	jobs := ""
	for job, path := range map[string]string{"shop": "/metrics", "evil": "/evil"} {
		jobs += fmt.Sprintf("  - {job_name: %s, scrape_interval: 1s, scrape_timeout: 1s, metrics_path: %s, static_configs: [{targets: [%q]}]}\n", job, path, target)
	}
	if err := os.WriteFile(config, []byte("scrape_configs:\n"+jobs), 0o644); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	flags = append(flags, "--config.file", config, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", address)
	command := exec.Command(program, flags...)
	command.Stdout, command.Stderr = t.Output(), t.Output()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := command.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		_ = command.Wait() // of an interrupt
	})
	return address
}

// ask asks Prometheus until the value is the wanted one, or for half a minute.
func ask(t *testing.T, address, query, want string) (got string) {
	t.Helper()
	for range 150 {
		response, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(query))
		if err == nil {
			var answer struct {
				Data struct {
					Result []struct{ Value [2]any }
				}
			}
			err = json.NewDecoder(response.Body).Decode(&answer)
			response.Body.Close()
			if err == nil && len(answer.Data.Result) == 1 {
				if got = fmt.Sprint(answer.Data.Result[0].Value[1]); got == want {
					return got
				}
			}
		}
		time.Sleep(200 * time.Millisecond)
	}
	return got
}
