package monitor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/cgroup"
	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Which says which processes a subject is. Exactly one field is set.
type Which struct {
	PID       int
	Port      int    // on which its oldest process listens
	Container string // by its name or ID, which docker knows
	Cgroup    string // a group, without its processes
}

// AddProcesses adds processes and their descendants as a subject. Those that are not there yet, or have ended, are looked
// for again each few seconds. Its own process does not count if it is a guard.
func (s *Sampler) AddProcesses(subject string, which Which, guard int) {
	s.add(subject, &processes{
		subject: subject, which: which, guard: guard, reader: proc.NewReader("/"), files: os.DirFS("/"), ctx: s.ctx,
	})
}

// Detach ends the reading of a subject, such as a system that is about to end. Its figures stay.
func (s *Sampler) Detach(subject string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.workers {
		if w.name == subject {
			w.detach()
		}
	}
}

// processes reads a subject that is made of processes, or a cgroup.
type processes struct {
	subject string
	which   Which
	guard   int
	reader  *proc.Reader
	files   fs.FS
	ctx     context.Context // ends a program that is asked for a container

	tree    *proc.Tree // nil while there is none
	sought  time.Time
	failed  error // why they were not found then
	group   cgroup.Group
	grouped bool
	network proc.Connections
	asked   time.Time // for connections

	// The reading before.
	known  bool
	at     time.Time
	before proc.Sample
	used   cgroup.Usage
	usedOK bool
	tcp    proc.TCP
}

const (
	seekEvery    = 5 * time.Second
	connectEvery = 10 * time.Second
)

func (p *processes) Close() {
	if p.tree != nil {
		p.tree.Close()
	}
	p.reader.Close()
}

// take reads the processes and their cgroup.
func (p *processes) take(now time.Time, r *Reading) {
	if err := p.seek(now); err != nil {
		r.miss(p.subject, err.Error())
		p.known, p.usedOK = false, false
		return
	}
	length := now.Sub(p.at).Seconds()
	if p.at.IsZero() {
		length = 0
	}
	p.at = now
	capacity := 0.0
	if p.tree != nil {
		capacity = p.readTree(now, length, r)
	}
	if p.grouped {
		p.readGroup(length, capacity, r)
	}
}

// seek finds the processes, if they are not known or have ended.
func (p *processes) seek(now time.Time) error {
	there := p.tree != nil && (!p.known || p.before.Alive) || p.tree == nil && p.grouped
	if there {
		return nil
	}
	if !p.sought.IsZero() && now.Sub(p.sought) < seekEvery && now.After(p.sought) {
		return p.missing()
	}
	p.sought = now
	p.failed = p.search()
	return p.failed
}

// search looks for the processes, or for the cgroup that stands for them.
func (p *processes) search() error {
	if p.which.Cgroup != "" {
		var err error
		p.group, err = cgroup.At(p.files, p.which.Cgroup)
		p.grouped = err == nil
		return err
	}
	pid, err := p.find()
	if err != nil {
		return err
	}
	if p.tree != nil {
		if p.which.PID != 0 { // another process may have its number now
			return p.missing()
		}
		err = p.tree.Adopt(pid)
	} else {
		p.tree, err = p.reader.Tree(pid)
	}
	if err != nil {
		return err
	}
	if p.guard != 0 {
		p.tree.Except(p.guard)
	}
	p.known, p.usedOK, p.asked = false, false, time.Time{}
	p.group, err = cgroup.Of(p.files, pid)
	p.grouped = err == nil
	return nil
}

// missing says why they are not there, between two searches.
func (p *processes) missing() error {
	if p.tree != nil {
		return fmt.Errorf("its processes have ended")
	}
	return p.failed
}

// find returns the process that the subject begins with.
func (p *processes) find() (pid int, err error) {
	switch {
	case p.which.Port != 0:
		return p.reader.Listening(p.which.Port)
	case p.which.Container != "":
		return inspect(p.ctx, p.which.Container)
	}
	return p.which.PID, nil
}

// inspectWithin is how long docker may take.
const inspectWithin = 5 * time.Second

// inspect asks docker for the first process of a container.
func inspect(ctx context.Context, container string) (pid int, err error) {
	ctx, cancel := context.WithTimeout(ctx, inspectWithin)
	defer cancel()
	command := exec.CommandContext(ctx, "docker", "inspect", "--type", "container", "-f", "{{.State.Pid}}", "--", container)
	command.WaitDelay = time.Second
	out, err := command.Output()
	if ctx.Err() != nil {
		return 0, fmt.Errorf("docker inspect did not answer within %v", inspectWithin)
	}
	if err != nil {
		why := err.Error()
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			why, _, _ = strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
		}
		return 0, fmt.Errorf("docker inspect %s: %s", container, why)
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil || pid < 0 {
		return 0, fmt.Errorf("docker inspect %s: it told no process", container)
	}
	if pid == 0 {
		return 0, fmt.Errorf("the container %s does not run", container)
	}
	return pid, nil
}

// readTree adds what the processes used, and returns the cores that they may use, 0 for unknown.
func (p *processes) readTree(now time.Time, length float64, r *Reading) (capacity float64) {
	s := p.tree.Sample(now)
	before, since := p.before, length
	if !p.known {
		since = 0
	}
	p.before, p.known = *s, true
	p.before.Absent = nil
	for _, a := range s.Absent {
		r.miss(p.subject+" "+a.Source, a.Why)
	}
	name := func(figure string) string { return result.Reading(p.subject, figure) }
	r.gauge(name(result.Restarts), float64(s.Restarts))
	if !s.Alive {
		r.miss(p.subject, "its processes have ended")
		return 0
	}
	r.gauge(name(result.Processes), float64(s.Processes))
	if s.Threads > 0 {
		r.gauge(name(result.Threads), float64(s.Threads))
	}
	r.gauge(name(result.RSSBytes), float64(s.RSSBytes))
	r.counted(name(result.CPUCores), (s.CPU() - before.CPU()).Seconds(), since)
	if s.FaultsKnown && before.FaultsKnown {
		r.counted(name(result.MinorFaults), float64(s.MinorFaults)-float64(before.MinorFaults), since)
		r.counted(name(result.MajorFaults), float64(s.MajorFaults)-float64(before.MajorFaults), since)
	}
	if s.IO.Known && before.IO.Known {
		r.counted(name(result.ReadBytes), float64(s.IO.ReadBytes)-float64(before.IO.ReadBytes), since)
		r.counted(name(result.WrittenBytes), float64(s.IO.WrittenBytes)-float64(before.IO.WrittenBytes), since)
	}
	if s.Files.Known {
		r.gauge(name(result.OpenFiles), float64(s.Files.Open))
		if s.Files.Share > 0 {
			r.gauge(name(result.OpenFilesShare), s.Files.Share)
		}
	}
	if s.Scheduling.Known {
		r.gauge(name(result.BlockedThreads), float64(s.Scheduling.Blocked))
		if before.Scheduling.Known {
			r.counted(name(result.RunDelayCores), (s.Scheduling.RunDelay - before.Scheduling.RunDelay).Seconds(), since)
		}
		if busiest := s.Scheduling.Busiest; busiest.TID != 0 {
			r.countedOf(busiest.Name, name(result.BusiestThread), min(busiest.CPU.Seconds(), since), since)
		}
	}
	p.readNetwork(now, since, r)
	if s.CPUs > 0 && !p.grouped {
		p.tellCapacity(float64(s.CPUs), (s.CPU() - before.CPU()).Seconds(), since, r)
	}
	return float64(s.CPUs)
}

// tellCapacity adds the cores that may be used, and the part of them that was.
func (p *processes) tellCapacity(cores, used, since float64, r *Reading) {
	r.gauge(result.Reading(p.subject, result.CPUCapacity), cores)
	r.counted(result.Reading(p.subject, result.CPUShare), used, since*cores)
}

// readNetwork adds the connections, which are read anew each few seconds, and what TCP counted in the tree's network namespace.
func (p *processes) readNetwork(now time.Time, since float64, r *Reading) {
	if p.asked.IsZero() || now.Sub(p.asked) >= connectEvery || now.Before(p.asked) {
		p.network, p.asked = *p.tree.Connections(), now
	}
	for _, a := range p.network.Absent {
		r.miss(p.subject+" "+a.Source, a.Why)
	}
	const mostRemotes = 32
	for i, c := range p.network.Out {
		if i < mostRemotes {
			r.gauge(result.Reading(p.subject, result.Connections, c.Address), float64(c.Established))
		}
	}
	for _, l := range p.network.Listening {
		port := strconv.Itoa(l.Port)
		r.gauge(result.Reading(p.subject, result.AcceptQueue, port), float64(l.Waiting))
		if l.Backlog > 0 {
			r.gauge(result.Reading(p.subject, result.AcceptQueueFull, port), float64(l.Waiting)/float64(l.Backlog))
		}
	}
	tcp := p.tree.TCP()
	countTCP(p.subject, tcp, p.tcp, since, r)
	p.tcp = tcp
}

// countTCP adds what TCP counted between two readings.
func countTCP(subject string, now, before proc.TCP, since float64, r *Reading) {
	if !now.Known || !before.Known {
		return
	}
	r.counted(result.Reading(subject, result.ListenOverflows), float64(now.ListenOverflows)-float64(before.ListenOverflows), since)
	if since > 0 {
		r.counted(result.Reading(subject, result.RetransmittedShare),
			float64(now.Retransmitted)-float64(before.Retransmitted), float64(now.OutSegments)-float64(before.OutSegments))
	}
}
