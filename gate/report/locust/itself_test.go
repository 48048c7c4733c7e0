package locust_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// request is a request as testdata/locust.py reads it.
type request struct {
	Method, Name string
	Millis       float64
	Bytes        int64
	Error        string
}

// byLocust are the files that Locust writes of requests, by their suffixes.
func byLocust(t *testing.T, requests []request) (files map[string]string) {
	t.Helper()
	python, err := exec.LookPath("/usr/bin/python3")
	if err == nil {
		err = exec.Command(python, "-c", "import locust.stats").Run()
	}
	if err != nil {
		t.Fatal("Debian's python3-locust is not there; `make programs` installs it")
	}
	input, err := json.Marshal(requests)
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("testdata/locust.py")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, "-c", string(script))
	command.Stdin, command.Stderr = bytes.NewReader(input), t.Output()
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(output, &files); err != nil {
		t.Fatal(err)
	}
	return files
}

// Locust itself, as Debian packages it, writes the same requests. Headers, the order of rows, names, counts, quotes and
// line ends are equal to the byte. Debian's Locust is older than 2.46.3 and has no First Seen and Last Seen in
// _failures.csv yet; TestFiles has those. Its failures are in the order of a hash, so they are compared as a set.
func TestLocustItself(t *testing.T) {
	names := []string{
		"POST /orders", "GET /orders", "GET /a,b", `PUT /say "hi"`, "GET /größe", "GET /Zebra", "GET /zebra", "shop.Shop/Search", "GET /'x'", "DELETE /with space",
	}
	var samples []tally.Sample
	var requests []request
	for i, name := range names {
		for k := range i + 1 {
			failed := ""
			if k%3 == 2 {
				failed = "status 500, as \"" + name + "\" says"
			}
			samples = append(samples, sample(name, time.Duration(1+k)*time.Millisecond, int64(100*k), failed))
			method, path, split := strings.Cut(name, " ")
			if !split {
				method, path = "", name
			}
			requests = append(requests, request{method, path, float64(1 + k), int64(100 * k), failed})
		}
	}
	theirs := byLocust(t, requests)
	r := runOf(samples...)
	r.Timeline = append(r.Timeline, shop().Timeline...)
	ours := written(t, report.Material{Run: r})
	const columns = 4 // Type, Name, Request Count, Failure Count
	if a, b := firstColumns(t, ours["_stats.csv"], columns), firstColumns(t, theirs["_stats.csv"], columns); a != b {
		t.Errorf("_stats.csv: ours\n%s\nLocust's\n%s", a, b)
	}
	for _, suffix := range []string{"_stats.csv", "_stats_history.csv", "_exceptions.csv"} {
		a, _, _ := strings.Cut(ours[suffix], "\n")
		b, _, _ := strings.Cut(theirs[suffix], "\n")
		if a != b || !strings.HasSuffix(a, "\r") {
			t.Errorf("the header of %s is\n%q, Locust's is\n%q", suffix, a, b)
		}
	}
	header, rows, _ := strings.Cut(theirs["_failures.csv"], "\r\n")
	if !strings.HasPrefix(ours["_failures.csv"], header+",First Seen,Last Seen\r\n") {
		t.Errorf("the header of _failures.csv is %.80q, Locust's %q", ours["_failures.csv"], header)
	}
	for row := range strings.SplitSeq(strings.TrimSuffix(rows, "\r\n"), "\r\n") {
		if !strings.Contains(ours["_failures.csv"], "\r\n"+row+",2023-") {
			t.Errorf("_failures.csv has no row %q:\n%s", row, ours["_failures.csv"])
		}
	}
}

// firstColumns are the first columns of a file, as they stand in it.
func firstColumns(t *testing.T, text string, n int) string {
	t.Helper()
	var all []string
	for line := range strings.SplitSeq(text, "\r\n") {
		quoted, seen, end := false, 0, len(line)
		for i, c := range line {
			if c == '"' {
				quoted = !quoted
			}
			if c == ',' && !quoted {
				if seen++; seen == n {
					end = i
					break
				}
			}
		}
		all = append(all, line[:end])
	}
	return strings.Join(all, "\n")
}
