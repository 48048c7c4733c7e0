// Package gpu reads the GPUs of this machine: how much of the time they are busy, their memory, power and temperature.
//
// NVIDIA's cards are read through one nvidia-smi that prints a line for each card about once a second, for all Sources
// of one Cards together. Its start takes up to seconds, so it is never started for one reading. It gets no
// environment but what it needs to be found and loaded, and ends with this program: on Linux the kernel sees to that,
// elsewhere its next line finds nobody who reads. If there is no nvidia-smi, or it finds no card, AMD's cards are read
// from the files of their driver.
//
// Busy means that some kernel ran: a card that is busy all the time may still have more to give. What a card, its driver
// or its partition by MIG does not tell is missing, and a sentence says why. It never counts as zero.
//
// The forms of nvidia-smi are held against what a real H100 printed with driver 580 (testdata/nvidia-smi). AMD's files
// are known from the kernel's documentation alone.
package gpu

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Cards are the GPUs of this machine. The zero value is ready. It is safe for concurrent use.
type Cards struct {
	Root string // of the files of drivers; / if empty

	mu      sync.Mutex // guards the fields below, and those of Sources
	sources []*Source
	child   *child
	amd     []amdCard // found when there is no other card
}

// Source reads some cards, or all.
type Source struct {
	cards *Cards
	only  []int
	first bool // it started the child
	seen  map[int]*card
	more  map[int]bool // cards past the bound
}

// card is what was told of one card.
type card struct {
	fresh []sample  // since the last Read
	last  sample    // the newest
	at    time.Time // when it came
}

const (
	mostFresh = 64              // samples of a card that wait for a Read
	mostCards = 128             // that are kept: a Result has room for all figures of so many
	staleFrom = 3 * time.Second // a sample says nothing about what comes later
	slowFrom  = 2 * time.Second // a first answer that takes so long is told
)

// Open returns a Source of the cards with the given indexes, or of all if there are none. An nvidia-smi prints every so
// often, within half a second and a second: the first Source decides. The caller must close the Source.
func (c *Cards) Open(every time.Duration, only []int) *Source {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &Source{cards: c, only: only, seen: map[int]*card{}, more: map[int]bool{}}
	c.sources = append(c.sources, s)
	if len(c.sources) > 1 {
		return s
	}
	s.first = true
	c.amd = nil
	if path, err := exec.LookPath("nvidia-smi"); err == nil {
		c.child = c.start(path, min(max(every, 500*time.Millisecond), time.Second))
	} else {
		c.child = &child{none: "no nvidia-smi"}
		c.seekAMD()
	}
	return s
}

// seekAMD looks for other cards, and says so if there are none.
func (c *Cards) seekAMD() {
	root := c.Root
	if root == "" {
		root = "/"
	}
	if c.amd = amdCards(os.DirFS(root)); len(c.amd) == 0 && c.child.none != "" {
		c.child.none += ", no AMD device"
	}
}

// Close ends the reading. The last Source ends nvidia-smi, and waits a second at most for it.
func (s *Source) Close() {
	c := s.cards
	c.mu.Lock()
	c.sources = slices.DeleteFunc(c.sources, func(o *Source) bool { return o == s })
	last := c.child
	if len(c.sources) > 0 || last.stop == nil {
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	last.stop()
	select {
	case <-last.done:
	case <-time.After(time.Second): // the kernel does not let go of it
	}
}

// take adds a sample to all Sources that want it.
func (c *Cards) take(of *child, got sample, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if of.first.IsZero() {
		of.first, of.lead = now, got.index
	}
	if of.last = now; got.index == of.lead {
		of.cycles++
	}
	for _, s := range c.sources {
		if len(s.only) == 0 || slices.Contains(s.only, got.index) {
			s.take(got, now, of.every)
		}
	}
}

// take adds a sample. One that comes with another at once, as from a buffer, stands for it: only the newest is of now.
func (s *Source) take(got sample, now time.Time, every time.Duration) {
	k := s.seen[got.index]
	if k == nil {
		if !s.room(got.index) {
			return
		}
		k = &card{}
		s.seen[got.index] = k
	}
	if n := len(k.fresh); n > 0 && (now.Sub(k.at) < every/2 || n == mostFresh) {
		k.fresh = k.fresh[:n-1]
	}
	k.fresh, k.last, k.at = append(k.fresh, got), got, now
}

// room says whether a card is kept: those with the lowest numbers are.
func (s *Source) room(index int) bool {
	if len(s.seen) < mostCards {
		return true
	}
	highest := slices.Max(slices.Collect(maps.Keys(s.seen)))
	if index < highest {
		delete(s.seen, highest)
	}
	s.more[max(index, highest)] = true
	return index < highest
}

// Read returns the means of what was told since the last Read, or what was told last if that is new enough.
func (s *Source) Read(now time.Time) (figures map[string]float64, facts map[string]string, absent []result.Absent) {
	s.cards.mu.Lock()
	defer s.cards.mu.Unlock()
	figures, facts = map[string]float64{}, map[string]string{}
	for _, index := range slices.Sorted(maps.Keys(s.seen)) {
		absent = append(absent, s.seen[index].read(now, figures, facts)...)
	}
	read := 0
	for i, a := range s.cards.amd {
		if len(s.only) > 0 && !slices.Contains(s.only, i) {
			continue
		}
		if read++; read > mostCards {
			s.more[i] = true
			continue
		}
		absent = append(absent, a.read(i, figures, facts)...)
	}
	absent = append(absent, s.unseen()...)
	if n := len(s.more); n > 0 {
		why := fmt.Sprintf("only the %d GPUs with the lowest numbers are read, %d are left out", mostCards, n)
		absent = append(absent, result.Absent{Source: "further GPUs", Why: why})
	}
	if why := s.cards.child.trouble(now); why.Why != "" && len(s.cards.amd) == 0 {
		absent = append(absent, why)
	}
	return figures, facts, absent
}

// Spent is the CPU time of nvidia-smi so far. Of several Sources that share it, the first tells it.
func (s *Source) Spent() time.Duration {
	c := s.cards
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.child; s.first {
		if n.pid != 0 {
			return n.spent + cpuOf(n.pid)
		}
		return n.spent
	}
	return 0
}

// read adds the figures of a card.
func (k *card) read(now time.Time, figures map[string]float64, facts map[string]string) (absent []result.Absent) {
	subject := subjectOf(k.last.index)
	if k.last.name != "" {
		facts[result.Reading(subject, "name")] = k.last.name
	}
	for _, figure := range slices.Sorted(maps.Keys(k.last.absent)) {
		absent = append(absent, result.Absent{Source: result.Reading(subject, figure), Why: k.last.absent[figure]})
	}
	fresh := k.fresh
	k.fresh = nil
	if len(fresh) == 0 && now.Sub(k.at) <= staleFrom {
		fresh = []sample{k.last}
	}
	count := map[string]float64{}
	for _, one := range fresh {
		for figure, value := range one.values {
			name := result.Reading(subject, figure)
			count[name]++
			figures[name] += (value - figures[name]) / count[name]
		}
	}
	return absent
}

func subjectOf(index int) string { return result.Reading(result.OfGPU, strconv.Itoa(index)) }

// unseen names the cards that were asked for and are not there, once all have been told of.
func (s *Source) unseen() (absent []result.Absent) {
	c := s.cards
	if len(c.amd) == 0 && c.child.cycles < 2 {
		return nil
	}
	for _, index := range s.only {
		if s.seen[index] == nil && !s.more[index] && index >= len(c.amd) {
			absent = append(absent, result.Absent{Source: subjectOf(index), Why: "there is no such card"})
		}
	}
	return absent
}

// start starts an nvidia-smi.
func (c *Cards) start(path string, every time.Duration) *child {
	ctx, stop := context.WithCancel(context.Background())
	n := &child{path: path, every: every, began: time.Now(), stop: stop, done: make(chan struct{})}
	go c.follow(ctx, n) // ends with the last Source
	return n
}
