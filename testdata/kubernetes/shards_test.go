//go:build kubernetes

package kubernetes_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
	"github.com/plimsoll-ci/plimsoll/testdata/kubernetes"
)

// shards is how many pods send each load.
const shards = 4

// TestKubernetes loads from the pods of a real cluster, by the manifest of plimsoll init kubernetes.
func TestKubernetes(t *testing.T) {
	l := newLab(t)
	t.Run("Whole", l.testWhole)
	t.Run("Pooler", l.testPooler)
	t.Run("Stop", l.testStop)
	t.Run("Mistake", l.testMistake)
	t.Run("Faults", l.testFaults)
}

// plan is a load of the open model.
type plan struct {
	url     string
	rate    int // tasks a second, of all shards
	seconds int
}

// load is a load in the cluster: one Job, which is one meeting.
type load struct {
	*lab
	plan
	dir     string // of its profile
	meeting string
}

const profile = `name: cluster
target: { url: %q }
load: { rate: %d, run_time: %ds, warm_up: 0s, rounds: 2, max_in_flight: 2000 }
users:
  - name: visitor
    tasks:
      - { http: GET / }
gate: { control: false }
`

// start writes a profile and its manifest, and starts the load.
func (l *lab) start(t *testing.T, p plan) *load {
	t.Helper()
	a := &load{lab: l, plan: p, dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(a.dir, "plimsoll.yaml"), fmt.Appendf(nil, profile, p.url, p.rate, p.seconds), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, output := l.run(t, a.dir, "init", "kubernetes", "--shards", fmt.Sprint(shards), "--image", l.image); status != 0 {
		t.Fatalf("plimsoll init kubernetes exits with %d\n%s", status, output)
	}
	file := filepath.Join(a.dir, "plimsoll-job.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	manifest := string(text)
	for _, change := range [][2]string{{`cpu: "2"`, "cpu: 400m"}, {"memory: 1Gi", "memory: 192Mi"}} { // this machine may have two cores
		if strings.Count(manifest, change[0]) != 2 {
			t.Fatalf("the manifest does not have twice %s", change[0])
		}
		manifest = strings.ReplaceAll(manifest, change[0], change[1])
	}
	if err := os.WriteFile(file, []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	l.Kubectl(t, "delete", "secret", "plimsoll", "--ignore-not-found")
	l.Kubectl(t, "create", "secret", "generic", "plimsoll", "--from-literal=PLIMSOLL_DATABASE_URL="+l.database.url())
	l.Kubectl(t, "replace", "--force", "--cascade=foreground", "-f", file)
	a.meeting = l.Kubectl(t, "get", "job", "plimsoll", "-o", "jsonpath={.metadata.uid}")
	t.Cleanup(func() {
		if t.Failed() {
			l.tell(t)
		}
	})
	return a
}

// tell logs what the cluster knows of the Job and its pods.
func (l *lab) tell(t *testing.T) {
	for _, args := range [][]string{
		{"get", "jobs,pods", "-o", "wide"}, {"get", "job", "plimsoll", "-o", "jsonpath={.status}"}, {"get", "events", "--field-selector=type=Warning"},
		{"logs", "-l", "app.kubernetes.io/name=plimsoll", "--prefix", "--tail=3"},
	} {
		output, err := l.Try(args...)
		t.Logf("kubectl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
}

// judge waits for the end of the load, as the manifest says, and judges it. A cluster that does not notice the end is no
// reason not to judge.
func (a *load) judge(t *testing.T) (status int, output string) {
	t.Helper()
	if output, err := a.Try("wait", "--for=jsonpath={.status.conditions[0].type}", "--timeout=40s", "job/plimsoll"); err != nil {
		t.Logf("kubectl wait: %v: %s", err, strings.TrimSpace(output))
	}
	return a.run(t, a.dir, "gate", "--meeting", a.meeting, "-o", "result.json")
}

// whole judges the load, which must be whole. There is no baseline, so the gate cannot tell whether it is good.
func (a *load) whole(t *testing.T) *result.Result {
	t.Helper()
	status, output := a.judge(t)
	r := a.honest(t, status, output)
	if r == nil {
		t.Fatalf("there is no whole run; the gate exits with %d\n%s", status, output)
	}
	return r
}

// honest holds what the gate said against the plan: either there is a run in which each planned request was sent, was
// dropped, or is counted as missed by a busy generator, or there is none and the gate says so. It returns the run; nil for none.
func (a *load) honest(t *testing.T, status int, output string) *result.Result {
	t.Helper()
	t.Logf("the gate exits with %d: %s", status, lastLine(output))
	file, err := os.Open(filepath.Join(a.dir, "result.json"))
	if errors.Is(err, fs.ErrNotExist) {
		if status != 3 {
			t.Errorf("the gate exits with %d without a run\n%s", status, output)
		}
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := result.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if status != 3 && status != 4 {
		t.Errorf("the gate exits with %d, and there is no baseline\n%s", status, output)
	}
	sent, dropped := sum(r)
	paced, planned := r.Generator.Paced, int64(a.rate*a.seconds)
	if paced.Due != planned || sent+dropped+paced.Missed != planned {
		t.Errorf("%d requests were sent, %d dropped, and for %d the generators were too late; %d of %d planned fell due",
			sent, dropped, paced.Missed, paced.Due, planned)
	}
	if len(r.Shards) != shards {
		t.Errorf("the run has %d shards", len(r.Shards))
	}
	return r
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndex(text, "\n")+1:]
}

// sum counts the requests that were sent and those that were not.
func sum(r *result.Result) (sent, dropped int64) {
	total := r.Tally.Total()
	sent = total.Unfinished
	for class, n := range total.Outcomes {
		if class == tally.Dropped || class == tally.Generator {
			dropped += n
		} else {
			sent += n
		}
	}
	return sent, dropped
}

// seen holds what a system has counted against a run. A request that was not answered may have reached the system or not.
func seen(t *testing.T, requests int64, r *result.Result) {
	t.Helper()
	sent, _ := sum(r)
	total := r.Tally.Total()
	unsure := total.Unfinished + total.Outcomes[tally.Timeout] + total.Outcomes[tally.Transport]
	if requests < sent-unsure || requests > sent+total.Resent {
		t.Errorf("the system has seen %d requests; %d were sent, %d of them without an answer, and %d again", requests, sent, unsure, total.Resent)
	}
}

// begun waits until requests come.
func (a *load) begun(t *testing.T) {
	t.Helper()
	before := a.target.requests.Load()
	eventually(t, "requests come", func() bool { return a.target.requests.Load() > before })
}

// gone waits until no pod of the load runs any more, and makes sure that nobody sends.
func (a *load) gone(t *testing.T) {
	t.Helper()
	if a.Own {
		eventually(t, "no generator is left", func() bool {
			left, err := kubernetes.Containers("MEETING=" + a.meeting)
			return err == nil && len(left) == 0
		})
	}
	eventually(t, "no request comes", func() bool {
		before := a.target.requests.Load()
		time.Sleep(time.Second)
		return a.target.requests.Load() == before
	})
}

// testWhole: four pods ask one nginx for 20,000 requests a second. What they sent, dropped and missed is the plan, nginx has
// seen what they sent, and the percentiles are those of all samples put together.
func (l *lab) testWhole(t *testing.T) {
	address, requests := nginx(t, l.Host)
	a := l.start(t, plan{address, 20_000, 6})
	r := a.whole(t)
	sent, dropped := sum(r)
	t.Logf("%d sent, %d dropped, %d missed", sent, dropped, r.Generator.Paced.Missed)
	seen(t, requests(), r)
	var all tally.Tally
	for _, part := range l.delivered(t, a.meeting) {
		all.Merge(&part.Tally)
	}
	if got, want := asJSON(t, r.Tally), asJSON(t, all); got != want {
		t.Errorf("the merged tally is not the sum of the shards':\n%s\n%s", got, want)
	}
	for _, q := range []float64{0.5, 0.95, 0.99} {
		got, want := r.Tally.Total().Response.Quantile(q), all.Total().Response.Quantile(q)
		if got != want {
			t.Errorf("p%g is %v, that of all samples %v", q*100, got, want)
		}
	}
	_, report := l.run(t, a.dir, "report", "result.json")
	for line := range strings.Lines(report) {
		if strings.Contains(line, "skew") {
			t.Log(strings.TrimSpace(line))
		}
	}
	l.Kubectl(t, "wait", "--for=condition=complete", "job/plimsoll", "--timeout=60s") // however busy this machine is
}

// delivered reads what the shards of a meeting have delivered.
func (l *lab) delivered(t *testing.T, meeting string) (parts []*result.Result) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), l.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), "SELECT document FROM plimsoll_shard_part WHERE meeting = $1 ORDER BY number", meeting)
	if err != nil {
		t.Fatal(err)
	}
	documents, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil || len(documents) != shards {
		t.Fatalf("%d shards have delivered: %v", len(documents), err)
	}
	for _, packed := range documents {
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		part, err := result.Decode(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part)
	}
	return parts
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// testPooler: the pods and the gate reach the database through a PgBouncer in transaction mode.
func (l *lab) testPooler(t *testing.T) {
	l.database.leadTo(t, pgtest.Pooler(t, l.server.URL()))
	defer l.database.leadTo(t, l.server.URL())
	before := l.target.requests.Load()
	a := l.start(t, plan{l.target.url, 400, 4})
	r := a.whole(t)
	seen(t, l.target.requests.Load()-before, r)
	a.gone(t)
}

// testStop: a meeting that is stopped ends the load of all pods within two seconds. A machine that is busy with other
// things may need another try.
func (l *lab) testStop(t *testing.T) {
	for try := 1; ; try++ {
		a := l.start(t, plan{l.target.url, 400, 60})
		a.begun(t)
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Millisecond)
		status, output := l.run(t, a.dir, "meeting", "stop", a.meeting)
		stopped := time.Now()
		if status != 0 {
			t.Fatalf("plimsoll meeting stop exits with %d\n%s", status, output)
		}
		if status, output := a.judge(t); status != 3 {
			t.Fatalf("the gate exits with %d\n%s", status, output)
		}
		a.gone(t)
		took := time.Unix(0, l.target.last.Load()).Sub(stopped)
		t.Logf("the last request came %.2f s after the meeting was stopped", took.Seconds())
		if took <= 2*time.Second {
			return
		}
		if try == 3 {
			t.Fatal("it was never within 2 s")
		}
	}
}

// testMistake: a pod that cannot do what the profile says exits with 2, and the whole Job fails at once.
func (l *lab) testMistake(t *testing.T) {
	a := l.start(t, plan{"http://192.0.2.1:1", 10, 60}) // a public address, which limits.hosts does not name
	l.Kubectl(t, "wait", "--for=condition=failed", "job/plimsoll", "--timeout=120s")
	if reason := l.jobReason(t); reason != "PodFailurePolicy" {
		t.Errorf("the Job failed with the reason %q", reason)
	}
	a.gone(t)
}

// jobReason is why the Job failed.
func (l *lab) jobReason(t *testing.T) string {
	t.Helper()
	return l.Kubectl(t, "get", "job", "plimsoll", "-o", `jsonpath={.status.conditions[?(@.type=="Failed")].reason}`)
}
