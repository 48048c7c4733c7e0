package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The parts of the tools' output. A failed request makes the whole run an error, as errors are often
// fast.
var (
	wrkRate      = regexp.MustCompile(`(?m)^Requests/sec:\s+([\d.]+)`)
	wrkTrouble   = regexp.MustCompile(`(?m)^\s+(?:Socket errors|Non-2xx or 3xx responses):.*`)
	heyRate      = regexp.MustCompile(`(?m)^\s+Requests/sec:\s+([\d.]+)`)
	heyTrouble   = regexp.MustCompile(`(?m)^Error distribution:|^\s+\[[1345]\d\d\]\s.*`)
	abRate       = regexp.MustCompile(`(?m)^Requests per second:\s+([\d.]+)`)
	abTrouble    = regexp.MustCompile(`(?m)^Failed requests:\s+[1-9].*|^Non-2xx responses:.*`)
	h2loadRate   = regexp.MustCompile(`(?m)^finished in [^,]+, ([\d.]+) req/s`)
	h2loadBad    = regexp.MustCompile(`(?m)^requests: .*(?: [1-9]\d* (?:failed|errored|timeout)| 0 succeeded).*`)
	h2loadStatus = regexp.MustCompile(`(?m)^status codes: .*, [1-9]\d* [345]xx.*`)
	ghzRate      = regexp.MustCompile(`(?m)^\s+Requests/sec:\s+([\d.]+)`)
	ghzTrouble   = regexp.MustCompile(`(?m)^Error distribution:\n.*`)
	wrkQuantiles = regexp.MustCompile(`(?m)^peerbench p95=([\d.]+) p99=([\d.]+)$`)
	heyQuantiles = regexp.MustCompile(`(?m)^\s+95% in ([\d.]+) secs\n\s+99% in ([\d.]+) secs$`)
)

func parseWrk(text []byte) (float64, error) { return parseText("wrk", text, wrkRate, wrkTrouble) }
func parseHey(text []byte) (float64, error) { return parseText("hey", text, heyRate, heyTrouble) }
func parseAB(text []byte) (float64, error)  { return parseText("ab", text, abRate, abTrouble) }

func parseGhz(text []byte) (float64, error) { return parseText("ghz", text, ghzRate, ghzTrouble) }

func parseH2load(text []byte) (float64, error) {
	if found := h2loadStatus.Find(text); found != nil {
		return 0, fmt.Errorf("h2load: %s", found)
	}
	return parseText("h2load", text, h2loadRate, h2loadBad)
}

func parseText(tool string, text []byte, rate, trouble *regexp.Regexp) (float64, error) {
	if found := trouble.Find(text); found != nil {
		return 0, fmt.Errorf("%s: %s", tool, strings.TrimSpace(string(found)))
	}
	match := rate.FindSubmatch(text)
	if match == nil {
		return 0, fmt.Errorf("%s printed no requests per second: %s", tool, lastOf(text))
	}
	return strconv.ParseFloat(string(match[1]), 64)
}

// wrkScript makes wrk print the quantiles that the table needs, in microseconds; --latency has
// no p95.
const wrkScript = `done = function(summary, latency, requests)
  io.write(string.format("peerbench p95=%.0f p99=%.0f\n", latency:percentile(95), latency:percentile(99)))
end
`

// parseWrkQuantiles reads what wrkScript wrote, in milliseconds.
func parseWrkQuantiles(text []byte) (p95, p99 float64, err error) {
	if _, err := parseWrk(text); err != nil {
		return 0, 0, err
	}
	return parseQuantiles("wrk", text, wrkQuantiles, 1e-3)
}

// parseHeyQuantiles reads what hey prints in seconds, in milliseconds.
func parseHeyQuantiles(text []byte) (p95, p99 float64, err error) {
	if _, err := parseHey(text); err != nil {
		return 0, 0, err
	}
	return parseQuantiles("hey", text, heyQuantiles, 1e3)
}

// parseQuantiles reads p95 and p99 and multiplies them by scale.
func parseQuantiles(tool string, text []byte, quantiles *regexp.Regexp, scale float64) (p95, p99 float64, err error) {
	match := quantiles.FindSubmatch(text)
	if match == nil {
		return 0, 0, fmt.Errorf("%s printed no quantiles: %s", tool, lastOf(text))
	}
	p95, err1 := strconv.ParseFloat(string(match[1]), 64)
	p99, err2 := strconv.ParseFloat(string(match[2]), 64)
	return p95 * scale, p99 * scale, errors.Join(err1, err2)
}

func parseBombardier(text []byte) (float64, error) {
	var report struct {
		Result struct {
			Seconds float64 `json:"timeTakenSeconds"`
			OK      int64   `json:"req2xx"`
			Req1xx  int64   `json:"req1xx"`
			Req3xx  int64   `json:"req3xx"`
			Req4xx  int64   `json:"req4xx"`
			Req5xx  int64   `json:"req5xx"`
			Others  int64   `json:"others"`
		} `json:"result"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return 0, fmt.Errorf("bombardier: %w", err)
	}
	r := report.Result
	failures := r.Req1xx + r.Req3xx + r.Req4xx + r.Req5xx + r.Others
	return float64(r.OK) / r.Seconds, noFailures(failures, r.OK+failures)
}

func parseVegeta(text []byte) (float64, error) {
	var report struct {
		Requests   int64            `json:"requests"`
		Throughput float64          `json:"throughput"` // of successes
		Codes      map[string]int64 `json:"status_codes"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return 0, fmt.Errorf("vegeta: %w", err)
	}
	return report.Throughput, noFailures(report.Requests-report.Codes["200"], report.Requests)
}

// parseSummary reads what the k6 script and the Locust file write.
func parseSummary(text []byte) (float64, error) {
	var summary struct {
		Rate     float64 `json:"rate"`
		Requests int64   `json:"requests"`
		Failures int64   `json:"failures"`
	}
	if err := json.Unmarshal(text, &summary); err != nil {
		return 0, fmt.Errorf("summary: %w", err)
	}
	return summary.Rate, noFailures(summary.Failures, summary.Requests)
}

// noFailures returns an error if a request failed, or if there was none.
func noFailures(failures, requests int64) error {
	if requests <= 0 {
		return fmt.Errorf("no requests were counted")
	}
	if failures != 0 {
		return fmt.Errorf("%d of %d requests failed", failures, requests)
	}
	return nil
}
