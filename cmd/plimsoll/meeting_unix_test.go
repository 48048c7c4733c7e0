//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

var (
	faults   = flag.Int("faults", 6, "how many meetings TestMeetingFaults disturbs")
	faultsBy = flag.Uint64("faults-seed", 1, "the seed of what it does to which meeting, and when")
)

const (
	meetingShards = 3
	meetingLease  = 3 * time.Second
	// meetingEnds is when all processes of a meeting must have ended: the wait for all shards, the load, and a few leases.
	meetingEnds = 90 * time.Second
)

// meetingProfile is a load of three seconds with a setup.
const meetingProfile = `
name: faulty
target: {url: "http://127.0.0.1:1"}
load: {rate: 90/s, warm_up: 200ms, run_time: 3s, rounds: 1, stop_within: 1s}
setup: [{http: GET /setup, save: {id: id}}]
users: [{name: u, tasks: [{http: "GET /things/${id}", name: "GET /things/{id}"}]}]`

// TestMeetingFaults holds meetings of real processes and disturbs each in one way at a random moment. However a meeting ends,
// every process ends in time and with a status that it may have. There is a merged run only if every shard has delivered. It
// is, to the byte, that of the shards' files, and the same for whoever asks. No value of setup stays behind.
func TestMeetingFaults(t *testing.T) {
	l := newMeetingLab(t)
	turns := make(chan struct{}, 2) // at once: more would be about this machine
	var all sync.WaitGroup
	for i := range *faults {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			l.disturb(i, meetingFaults[i%len(meetingFaults)])
		})
	}
	all.Wait()
	l.noValuesLeft()
	t.Logf("from the end that somebody asked for to the last request: %v at most", l.longest)
}

// meetingLab is what all meetings of the test share.
type meetingLab struct {
	*testing.T
	plimsoll, profile string
	database, pooled  string // the same database, directly and through a PgBouncer that pools by transaction
	target            *httptest.Server

	mu      sync.Mutex // guards the fields below
	last    map[string]time.Time
	longest time.Duration
}

func newMeetingLab(t *testing.T) *meetingLab {
	l := &meetingLab{T: t, plimsoll: filepath.Join(buildPrograms(t), "plimsoll"), profile: filepath.Join(t.TempDir(), "faulty.yaml"), database: pgtest.Database(t), last: map[string]time.Time{}}
	l.pooled = pgtest.Pooler(t, l.database)
	writeFile(t, l.profile, meetingProfile)
	l.target = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		l.mu.Lock()
		l.last[name] = time.Now()
		l.mu.Unlock()
		fmt.Fprint(w, `{"id": 7}`)
	}))
	t.Cleanup(l.target.Close)
	return l
}

// meetingProcess is one life of a shard.
type meetingProcess struct {
	*exec.Cmd
	number int
	out    string
	stderr bytes.Buffer
	killed bool
	ended  chan error // its end
}

// delivered reports whether it says that it has delivered.
func (p *meetingProcess) delivered() bool {
	return strings.Contains(p.stderr.String(), " is in the meeting ")
}

// sitting is one meeting.
type sitting struct {
	*meetingLab
	name, dir string
	bridge    *pgtest.Bridge
	random    *rand.Rand
	lives     []*meetingProcess
	asked     time.Time // when somebody asked for the end
	forgotten bool
}

// start starts a shard.
func (s *sitting) start(number int) {
	p := &meetingProcess{number: number, out: filepath.Join(s.dir, fmt.Sprintf("life-%d.json", len(s.lives))), ended: make(chan error, 1)}
	p.Cmd = exec.Command(s.plimsoll, "run", "-f", s.profile, "-H", s.target.URL+"/"+s.name, "--shard", fmt.Sprintf("%d/%d", number, meetingShards),
		"--meet", s.name, "--meet-within", "20s", "--meet-lease", meetingLease.String(), "-o", p.out, "-q")
	p.Dir, p.Stderr = s.dir, &p.stderr
	p.Env = append(os.Environ(), "PLIMSOLL_DATABASE_URL="+s.bridge.URL)
	s.lives = append(s.lives, p)
	if err := p.Start(); err != nil {
		p.ended <- err // status tells it
		return
	}
	go func() { p.ended <- p.Wait() }()
}

// one is the first life of one of the shards.
func (s *sitting) one() *meetingProcess { return s.lives[s.random.IntN(meetingShards)] }

func (s *sitting) signal(p *meetingProcess, signal syscall.Signal) {
	if p.Process != nil {
		_ = p.Process.Signal(signal) // it may have ended
	}
}

// meetingFaults are what can happen to a meeting.
var meetingFaults = []struct {
	name string
	do   func(*sitting)
}{
	{"kill", func(s *sitting) { p := s.one(); p.killed = true; s.signal(p, syscall.SIGKILL) }},
	{"second life", func(s *sitting) { p := s.one(); p.killed = true; s.signal(p, syscall.SIGKILL); s.start(p.number) }},
	{"blink", func(s *sitting) { s.bridge.Cut(); time.Sleep(300 * time.Millisecond); s.bridge.Mend() }},
	{"interrupt", func(s *sitting) {
		p := s.one()
		p.killed = true // if it has not come to listen to signals
		s.asked = time.Now()
		s.signal(p, syscall.SIGINT)
	}},
	{"nothing", func(*sitting) {}},
	{"stop", func(s *sitting) {
		s.asked = time.Now()
		_, _ = s.run("meeting", "stop", s.name, "--by", "the test") // it may not have begun
	}},
	{"freeze", func(s *sitting) {
		p := s.one()
		s.signal(p, syscall.SIGSTOP)
		time.Sleep(2 * meetingLease)
		s.signal(p, syscall.SIGCONT)
	}},
	{"outage", func(s *sitting) { s.bridge.Cut(); time.Sleep(2 * meetingLease); s.bridge.Mend() }},
	{"forget", func(s *sitting) { s.forgotten = true; s.sql("DELETE FROM plimsoll_meeting WHERE id = $1", s.name) }},
	{"twice", func(s *sitting) { s.start(1 + s.random.IntN(meetingShards)) }},
	{"kill all", func(s *sitting) {
		for _, p := range s.lives {
			p.killed = true
			s.signal(p, syscall.SIGKILL)
		}
	}},
}

// disturb holds one meeting.
func (l *meetingLab) disturb(i int, fault struct {
	name string
	do   func(*sitting)
}) {
	at := l.database
	if i%2 == 1 {
		at = l.pooled
	}
	s := &sitting{meetingLab: l, name: fmt.Sprintf("m%d", i), dir: l.TempDir(), bridge: pgtest.NewBridge(l, at), random: rand.New(rand.NewPCG(*faultsBy, uint64(i)))}
	for number := range meetingShards {
		s.start(number + 1)
	}
	moment := time.Duration(s.random.Int64N(int64(8 * time.Second)))
	time.Sleep(moment)
	fault.do(s)
	told := fmt.Sprintf("%s: %s after %v", s.name, fault.name, moment)
	late := time.After(meetingEnds)
	for _, p := range s.lives {
		select {
		case err := <-p.ended:
			s.status(told, p, err)
		case <-late:
			s.signal(p, syscall.SIGCONT)
			s.signal(p, syscall.SIGKILL)
			<-p.ended
			l.Errorf("%s: shard %d still runs after %v:\n%s", told, p.number, meetingEnds, p.stderr.String())
		}
	}
	s.judge(told)
	l.mu.Lock()
	defer l.mu.Unlock()
	if last := l.last[s.name]; !s.asked.IsZero() && last.Sub(s.asked) > l.longest {
		l.longest = last.Sub(s.asked)
	}
}

// status checks how a process has ended.
func (s *sitting) status(told string, p *meetingProcess, err error) {
	var ended *exec.ExitError
	switch {
	case err == nil && p.delivered():
	case errors.As(err, &ended) && ended.ExitCode() == exit.Trouble && p.stderr.Len() > 0:
	case p.killed && errors.As(err, &ended) && ended.ExitCode() == -1:
	default:
		s.Errorf("%s: shard %d ends with %v:\n%s", told, p.number, err, p.stderr.String())
	}
}

// judge merges the meeting twice, and compares the run with the files of the shards.
func (s *sitting) judge(told string) {
	parts := map[string]*result.Result{}
	missing := map[int]bool{1: true, 2: true, 3: true}
	var says strings.Builder
	for _, p := range s.lives {
		fmt.Fprintf(&says, "shard %d:\n%s", p.number, p.stderr.String())
		if p.delivered() {
			r, err := readResult(p.out)
			if err != nil || !missing[p.number] {
				s.Errorf("%s: shard %d has delivered, twice or without its file: %v", told, p.number, err)
				return
			}
			parts[fmt.Sprintf("delivery %d", p.number)] = r
			delete(missing, p.number)
		}
	}
	first, said := s.merge()
	again, saidAgain := s.merge()
	switch {
	case !bytes.Equal(first, again) || said != saidAgain:
		s.Errorf("%s: asked twice, it gives two answers:\n%s\n%s", told, said, saidAgain)
	case first == nil && len(missing) == 0 && !s.forgotten:
		s.Errorf("%s: all shards have delivered, and there is no run: %s\n%s", told, said, says.String())
	case first == nil && !strings.Contains(said, "shard") && !strings.Contains(said, "there is no such meeting") && !strings.Contains(said, "by the test"):
		s.Errorf("%s: no run, and no reason: %s", told, said)
	case first != nil && len(missing) > 0:
		s.Errorf("%s: a run without shards %v:\n%s\n%s", told, missing, said, says.String())
	case first != nil:
		whole, err := result.Merge(parts)
		if err != nil {
			s.Errorf("%s: %v", told, err)
			return
		}
		var want bytes.Buffer
		if err := result.Encode(&want, whole); err != nil || !bytes.Equal(want.Bytes(), first) {
			s.Errorf("%s: the run is not that of the shards: %v", told, err)
		}
	}
	s.Logf("%s: %s", told, strings.SplitN(strings.TrimSpace(said), "\n", 2)[0])
}

// merge asks for the whole run; nil if there is none.
func (s *sitting) merge() (run []byte, said string) {
	out := filepath.Join(s.dir, "merged.json")
	_ = os.Remove(out) // it may not be there
	said, _ = s.run("merge", "--meeting", s.name, "-o", out)
	said = regexp.MustCompile("plimsoll: .* is not over: waiting for .*\n").ReplaceAllString(said, "") // only the first time
	run, err := os.ReadFile(out)
	if err != nil {
		return nil, said
	}
	return run, said
}

// run runs plimsoll past the bridge, and returns what it says on stderr.
func (s *sitting) run(args ...string) (said string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), meetingEnds)
	defer cancel()
	command := exec.CommandContext(ctx, s.plimsoll, args...)
	var stderr bytes.Buffer
	command.Dir, command.Stderr = s.dir, &stderr
	command.Env = append(os.Environ(), "PLIMSOLL_DATABASE_URL="+s.database)
	err = command.Run()
	return stderr.String(), err
}

// sql runs a statement past the bridge.
func (l *meetingLab) sql(statement string, args ...any) (count int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, pgtest.Unprepared(l, l.database))
	if err != nil {
		l.Error(err)
		return 0
	}
	defer conn.Close(ctx)
	if strings.HasPrefix(statement, "SELECT") {
		err = conn.QueryRow(ctx, statement, args...).Scan(&count)
	} else if _, err = conn.Exec(ctx, statement, args...); err != nil && strings.Contains(err.Error(), "does not exist") {
		err = nil // no shard has made the tables yet
	}
	if err != nil {
		l.Errorf("%s: %v", statement, err)
	}
	return count
}

// noValuesLeft checks that the next meeting has removed what killed ones left.
func (l *meetingLab) noValuesLeft() {
	time.Sleep(meetingLease) // of the last one that was killed
	s := &sitting{meetingLab: l, name: "last", dir: l.TempDir()}
	if said, err := s.run("run", "-f", l.profile, "-H", l.target.URL, "--shard", "2/3", "--meet", "last", "--meet-within", "100ms", "-q"); err == nil || !strings.Contains(said, "did not come") {
		l.Errorf("%v\n%s", err, said)
	}
	if left := l.sql("SELECT count(*) FROM plimsoll_handover"); left != 0 {
		l.Errorf("the values of %d setups are left", left)
	}
}
