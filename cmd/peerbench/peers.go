package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// job is what a generator is asked to do.
type job struct {
	program     string // path of the generator
	url         string // of the server, without a path
	connections int
	seconds     int
}

// span is seconds as the tools write them.
func (j job) span() string { return fmt.Sprintf("%ds", j.seconds) }

// tool is one way to use one generator. What a tool cannot do is nil.
type tool struct {
	name    string // what the table calls it
	program string
	source  string // how to get it

	embedded bool // it is a library that peerbench uses itself

	get  func(job) invocation // keep-alive GET as fast as it can
	post func(job) invocation // POST of a new body each time, the answer checked
	idle func(job) invocation // each user sends one GET and then waits

	rate func(output []byte) (perSec float64, err error) // reads what get and post give
}

// path is the path that all tools request.
const path = "/items/42"

// words are what a k6 script chooses a note from, as Plimsoll's ${word} does.
const words = `["boots", "tent", "stove", "lamp", "rope", "jacket", "bottle", "map", "compass", "knife"]`

// tools is Plimsoll and its peers, fast ones first.
var tools = []tool{
	{
		name: "plimsoll", program: "plimsoll", source: "go build ./cmd/plimsoll", rate: parsePlimsoll,
		get:  func(j job) invocation { return plimsoll(j.program, j.profile(getTask, "")) },
		post: func(j job) invocation { return plimsoll(j.program, j.profile(postTask, "")) },
		idle: func(j job) invocation { return plimsoll(j.program, j.profile(getTask, "    wait: 60s\n")) },
	},
	{
		name: "wrk", program: "wrk", source: "apt-get install wrk", rate: parseWrk,
		get: func(j job) invocation {
			return invocation{args: []string{j.program, "-t1", "-c" + strconv.Itoa(j.connections), "-d" + j.span(), j.url + path}}
		},
	},
	{
		// -t sets -n to 50,000, so -n comes after it. ab keeps 40 bytes for each request.
		name: "ab", program: "ab", source: "apt-get install apache2-utils", rate: parseAB,
		get: func(j job) invocation {
			return invocation{args: []string{j.program, "-q", "-k", "-t", strconv.Itoa(j.seconds), "-n", strconv.Itoa(j.seconds * 300_000),
				"-c", strconv.Itoa(j.connections), j.url + path}}
		},
	},
	{
		name: "bombardier-fasthttp", program: "bombardier", source: "go install github.com/codesenberg/bombardier@latest", rate: parseBombardier,
		get: func(j job) invocation { return bombardier(j, "--fasthttp") },
	},
	{
		name: "bombardier-nethttp", program: "bombardier", source: "go install github.com/codesenberg/bombardier@latest", rate: parseBombardier,
		get: func(j job) invocation { return bombardier(j, "--http1") },
	},
	{
		name: "hey", program: "hey", source: "apt-get install hey", rate: parseHey,
		get: func(j job) invocation {
			return invocation{args: []string{j.program, "-z", j.span(), "-c", strconv.Itoa(j.connections), "-cpus", "1", j.url + path}}
		},
	},
	{
		name: "vegeta", program: "vegeta", source: "go install github.com/tsenart/vegeta/v12@latest", rate: parseVegeta,
		get: vegeta,
	},
	{
		name: "k6", program: "k6", source: "go install go.k6.io/k6@latest", rate: parseSummary,
		get:  func(j job) invocation { return k6(j, k6Get) },
		post: func(j job) invocation { return k6(j, fmt.Sprintf(k6Post, words)) },
		idle: func(j job) invocation { return k6(j, k6Idle) },
	},
	{name: "h2load", program: "h2load", source: "apt-get install nghttp2-client", rate: parseH2load},
	{name: "ghz", program: "ghz", source: "go install github.com/bojand/ghz/cmd/ghz@v0.121.0", rate: parseGhz},
	{name: "grpc-go", program: "peerbench", embedded: true, rate: parseSummary},
	{name: "gorilla", program: "peerbench", embedded: true, rate: parseSummary},
	{
		name: "locust-fast", program: "locust", source: "apt-get install python3-locust", rate: parseSummary,
		get:  func(j job) invocation { return locust(j, "FastHttpUser", "") },
		idle: func(j job) invocation { return locust(j, "FastHttpUser", "    wait_time = constant(60)\n") },
	},
	{
		name: "locust-requests", program: "locust", source: "apt-get install python3-locust", rate: parseSummary,
		get: func(j job) invocation { return locust(j, "HttpUser", "") },
	},
}

func bombardier(j job, client string) invocation {
	return invocation{args: []string{j.program, client, "-c", strconv.Itoa(j.connections), "-d", j.span(), "-p", "r", "-o", "json", j.url + path}}
}

// vegeta writes its results to a file and reports afterwards, when it is no longer measured.
func vegeta(j job) invocation {
	n := strconv.Itoa(j.connections)
	return invocation{
		files: map[string]string{"targets": "GET " + j.url + path + "\n"},
		args: []string{j.program, "attack", "-targets", "targets", "-rate", "0", "-workers", n, "-max-workers", n, "-connections", n,
			"-max-body", "0", "-http2=false", "-duration", j.span(), "-output", "results"},
		then: []string{j.program, "report", "-type", "json", "results"},
	}
}

// The parts of a k6 script.
const (
	k6Head = `import http from 'k6/http';
import { check, sleep } from 'k6';
const url = '%s';
export const options = { vus: %d, duration: '%s' };
export function handleSummary(data) {
  const m = data.metrics;
  return { stdout: JSON.stringify({
    rate: m.http_reqs.values.rate, requests: m.http_reqs.values.count, failures: m.checks.values.fails,
  }) };
}
`
	k6Get = `export default function () {
  check(http.get(url, { responseType: 'none' }), { 'status is 200': (a) => a.status === 200 });
}
`
	k6Idle = `export default function () {
  check(http.get(url, { responseType: 'none' }), { 'status is 200': (a) => a.status === 200 });
  sleep(60);
}
`
	k6Post = `const words = %s;
const from1 = (n) => 1 + Math.floor(Math.random() * n);
export default function () {
  const body = JSON.stringify({ sku: 'SKU-' + from1(1000), note: words[from1(words.length) - 1], n: String(from1(9)) });
  const got = http.post(url, body, { headers: { 'Content-Type': 'application/json' } });
  const answer = JSON.parse(got.body);
  const id = answer.id;
  check(got, { 'status is 200': (a) => a.status === 200, 'id': () => id !== undefined, 'in stock': () => answer.stock > 0 });
}
`
)

func k6(j job, script string) invocation {
	return invocation{
		files: map[string]string{"script.js": fmt.Sprintf(k6Head, j.url+path, j.connections, j.span()) + script},
		args:  []string{j.program, "run", "--quiet", "--no-usage-report", "--no-color", "script.js"},
	}
}

// locustFile writes its figures itself when it ends, as what Locust prints differs between its versions.
// Its arguments are: class, wait_time, path.
const locustFile = `import json
from locust import %[1]s, constant, events, task


class Reader(%[1]s):
%[2]s    @task
    def item(self):
        self.client.get("%[3]s")


@events.quitting.add_listener
def write(environment, **_):
    total = environment.stats.total
    with open("summary.json", "w") as f:
        json.dump({"rate": total.total_rps, "requests": total.num_requests, "failures": total.num_failures}, f)
`

// locust counts once all users are there, which takes a second for 100.
func locust(j job, class, wait string) invocation {
	n := strconv.Itoa(j.connections)
	return invocation{
		files: map[string]string{"locustfile.py": fmt.Sprintf(locustFile, class, wait, path)},
		args: []string{j.program, "-f", "locustfile.py", "--headless", "-u", n, "-r", strconv.Itoa(min(j.connections, 500)), "-t", fmt.Sprintf("%ds", j.seconds+1),
			"--host", j.url, "--reset-stats", "--only-summary", "--loglevel", "WARNING"},
		output: "summary.json",
	}
}

// is reports whether a name of -only means this tool.
func (t tool) is(name string) bool { return t.name == name || t.program == name }

func toolNames() (names []string) {
	for _, t := range tools {
		names = append(names, t.name)
	}
	return names
}

// find returns the path of a tool's program.
func (t tool) find(dir string) (string, error) {
	if dir != "" {
		if found, err := exec.LookPath(filepath.Join(dir, t.program)); err == nil {
			return filepath.Abs(found)
		}
	}
	found, err := exec.LookPath(t.program)
	if err != nil {
		return "", err
	}
	return filepath.Abs(found)
}

// chosen returns the tools of -only, or all if it is empty.
func chosen(only []string) (some []tool) {
	for _, t := range tools {
		if len(only) == 0 || slices.ContainsFunc(only, t.is) {
			some = append(some, t)
		}
	}
	return some
}

// bound is the longest time for one run. Locust needs a minute to start 10,000 users.
func (j job) bound() time.Duration { return 3*time.Duration(j.seconds)*time.Second + 2*time.Minute }
