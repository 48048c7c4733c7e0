package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// couldNotMeasure is plimsoll's exit status if the generator was the bottleneck. At full speed it always
// is.
const couldNotMeasure = 3

// The tasks of the profiles.
const (
	getTask  = `{http: GET ` + path + `}`
	postTask = `{http: POST /items, json: {sku: "SKU-${int(1,1000)}", note: "${word}", n: "${int(1,9)}"}, ` +
		`save: {id: id}, expect: {status: 200, json: {stock: "> 0"}}}`
)

// profile is a closed load of one task; extra is further lines of the user.
func (j job) profile(task, extra string) string {
	// All users are there within five seconds.
	spawnRate := max(1000, j.connections/5)
	load := fmt.Sprintf("{users: %d, spawn_rate: %d, warm_up: 1s, run_time: %ds, rounds: 1}", j.connections, spawnRate, j.seconds)
	return profile(j.url, load, task, extra)
}

// openProfile is an open load of GETs.
func openProfile(url, get, load string) string {
	return profile(url, load, "{http: GET "+get+"}", "")
}

func profile(url, load, task, extra string) string {
	return fmt.Sprintf(`name: peerbench
target: {url: "%s"}
load: %s
users:
  - name: user
%s    tasks:
      - %s
`, url, load, extra, task)
}

// plimsoll runs a profile. The generator may be the bottleneck; see parseResult.
func plimsoll(program, profile string) invocation {
	return invocation{
		files:   map[string]string{"plimsoll.yaml": profile},
		args:    []string{program, "run", "-q", "-f", "plimsoll.yaml", "-o", "result.json"},
		output:  "result.json",
		allowed: []int{couldNotMeasure},
	}
}

// resultFile is the part of result.json that is used here. It is not read with package result, as
// peerbench also measures older and newer binaries.
type resultFile struct {
	Rounds []struct {
		Total struct {
			Requests   int64         `json:"requests"`
			Failures   int64         `json:"failures"`
			P95        time.Duration `json:"p95_ns"`
			P99        time.Duration `json:"p99_ns"`
			Throughput float64       `json:"throughput_per_sec"`
		} `json:"total"`
	} `json:"rounds"`
	Tally struct {
		Routes map[string]struct {
			Outcomes map[string]int64 `json:"outcomes"`
		} `json:"routes"`
	} `json:"tally"`
	Generator *struct {
		CPUShare   float64       `json:"cpu_share"`
		GCPauseMax time.Duration `json:"gc_pause_max_ns"`
		LagP50     time.Duration `json:"lag_p50_ns"`
		LagP99     time.Duration `json:"lag_p99_ns"`
		LagMax     time.Duration `json:"lag_max_ns"`
	} `json:"generator"`
	Problems []struct {
		Kind string `json:"kind"`
		Text string `json:"text"`
	} `json:"problems"`
}

// parseResult reads a result.json of one round. The only problem allowed is that the generator was the
// bottleneck.
func parseResult(text []byte) (r resultFile, err error) {
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("result.json: %w", err)
	}
	for _, problem := range r.Problems {
		if problem.Kind != "saturated" && problem.Kind != "busy" {
			return r, fmt.Errorf("result.json: %s: %s", problem.Kind, problem.Text)
		}
	}
	if len(r.Rounds) != 1 || r.Rounds[0].Total.Requests == 0 {
		return r, errors.New("result.json: not one round with requests")
	}
	return r, nil
}

// dropped is the number of dropped arrivals.
func (r resultFile) dropped() (n int64) {
	for _, route := range r.Tally.Routes {
		n += route.Outcomes["dropped"]
	}
	return n
}

// parsePlimsoll reads the rate of result.json.
func parsePlimsoll(text []byte) (float64, error) {
	r, err := parseResult(text)
	if err != nil {
		return 0, err
	}
	total := r.Rounds[0].Total
	return total.Throughput, noFailures(total.Failures, total.Requests)
}

// parsePlimsollQuantiles reads the response times of result.json, in milliseconds.
func parsePlimsollQuantiles(text []byte) (p95, p99 float64, err error) {
	r, err := parseResult(text)
	if err != nil {
		return 0, 0, err
	}
	total := r.Rounds[0].Total
	return ms(total.P95), ms(total.P99), noFailures(total.Failures, total.Requests)
}
