package profile

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Monitor says what is watched while the load lasts. It changes no load, so it does not count in the digest.
type Monitor struct {
	Off    bool // nothing is watched
	Every  time.Duration
	System Subject
	Also   []Subject // with names
	GPU    GPU
	Pages  []Page
	Go     Template // the address below which a Go service has /vars and /pprof; empty for none
}

// GPU says which GPUs of this machine are watched: all, unless Off or Only is set.
type GPU struct {
	Off  bool
	Only []int // indexes of cards
}

// Subject says which processes are watched. At most one of PID, Port, Container and Cgroup is set; if none is, what the
// start command started.
type Subject struct {
	Name      string // in monitor.also
	None      bool
	PID       int
	Port      int
	Container string
	Cgroup    string
}

// Page is a text page of Prometheus.
type Page struct {
	URL  Template
	As   string   // the subject of its readings
	Keep []string // names to keep as they are
}

const (
	leastEvery = 200 * time.Millisecond
	mostEvery  = time.Minute
)

// subjectName keeps the names of readings in one form. A dot separates their parts.
var subjectName = strict.NewPattern(`^[A-Za-z0-9_-]{1,64}$`, "1 to 64 letters, digits, hyphens and underscores")

// ownSubjects are the names of subjects that this program gives itself.
var ownSubjects = regexp.MustCompile(`^(system|machine|generator|gpu|go)$`)

var (
	noMonitor  = strict.NewPattern(`^none$`, "none, or what to watch")
	gpuWord    = strict.NewPattern(`^(auto|none)$`, "auto, none, or the indexes of cards, such as [0, 1]")
	systemWord = strict.NewPattern(`^(auto|none)$`, "auto, none, or which processes, such as {port: 8000}")
)

func (r *reader) monitor(n *yaml.Node, m *Monitor) {
	r.Either(n, r.Match(noMonitor, func(*yaml.Node, string) { m.Off = true }), func(n *yaml.Node) { r.monitorWords(n, m) })
}

func (r *reader) monitorWords(n *yaml.Node, m *Monitor) {
	r.Mapping(n,
		strict.Key("every", "From one reading to the next; 200ms to 1m.", func(n *yaml.Node) {
			r.Duration(&m.Every, leastEvery)(n)
			if m.Every > mostEvery {
				r.Problem(n, "%s is too long: expected at most %s", n.Value, strict.InWords(mostEvery))
			}
		}),
		strict.Key("system", "Which processes are the system: auto for what start has started, none, or one of pid, port, container and cgroup.", func(n *yaml.Node) {
			r.Either(n, r.Match(systemWord, func(_ *yaml.Node, word string) { m.System.None = word == "none" }), func(n *yaml.Node) { r.subject(n, &m.System) })
		}),
		strict.Key("also", "Further processes, by a name for their readings.", func(n *yaml.Node) {
			r.Entries(n, func(key, value *yaml.Node) {
				also := Subject{}
				r.subjectName(&also.Name)(key)
				r.subject(value, &also)
				m.Also = append(m.Also, also)
			})
		}),
		strict.Key("gpu", "Which GPUs of this machine are watched: auto for all, none, or their indexes.", func(n *yaml.Node) {
			r.Choice(n, isList, r.Match(gpuWord, func(_ *yaml.Node, word string) { m.GPU.Off = word == "none" }), func(n *yaml.Node) { r.cards(n, &m.GPU.Only) })
		}),
		strict.Key("go", "The address below which the system, a Go service, has the pages of expvar and pprof: /vars and /pprof.", r.url(&m.Go)),
		strict.Key("prometheus", "Text pages of Prometheus that are read each interval.", func(n *yaml.Node) {
			r.NonEmpty(n, "write for example: [{url: \"http://127.0.0.1:9100/metrics\", as: db-host}]", func(item *yaml.Node) {
				page := Page{}
				r.Mapping(item,
					strict.Need("url", "The address of the page.", "write where the page is, for example: url: http://127.0.0.1:9100/metrics", r.url(&page.URL)),
					strict.Need("as", "The name of its readings.", "name its readings, for example: as: db-host", r.subjectName(&page.As)),
					strict.Key("keep", "Names of the page that are kept as they are; * stands for any characters.", func(n *yaml.Node) {
						r.NonEmpty(n, "name what to keep, such as queue_depth or \"go_sql_*\"", func(item *yaml.Node) {
							var name string
							r.Text(&name)(item)
							page.Keep = append(page.Keep, name)
						})
					}),
				)
				m.Pages = append(m.Pages, page)
			})
		}),
	)
	names := map[string]bool{}
	for _, also := range m.Also {
		names[also.Name] = true
	}
	for _, page := range m.Pages {
		if page.As != "" && names[page.As] {
			r.Problem(n, "two subjects are named %s; give each its own name", page.As)
		}
		names[page.As] = true
	}
}

// isList is 1 for a list and 0 for all else.
func isList(n *yaml.Node) int {
	if n.Kind == yaml.SequenceNode {
		return 1
	}
	return 0
}

// cards reads the indexes of GPUs.
func (r *reader) cards(n *yaml.Node, to *[]int) {
	r.NonEmpty(n, "write the indexes of cards, such as [0, 1]", func(item *yaml.Node) {
		index := 0
		r.Int(&index, 0, mostCards)(item)
		*to = append(*to, index)
	})
}

// mostCards is more GPUs than a machine has.
const mostCards = 255

// subjectName reads a name of the user's for readings.
func (r *reader) subjectName(to *string) strict.Read {
	return r.Match(subjectName, func(n *yaml.Node, name string) {
		if ownSubjects.MatchString(name) {
			r.Problem(n, "%s is a name of Plimsoll's own; choose another one", name)
			return
		}
		*to = name
	})
}

var cgroupName = strict.NewPattern(`^/.*$`, "the path of a cgroup, such as /system.slice/api.service")

// subject reads which processes are meant.
func (r *reader) subject(n *yaml.Node, s *Subject) {
	r.Mapping(n,
		strict.Key("pid", "The number of a process.", r.Int(&s.PID, 1, 1<<31-1)),
		strict.Key("port", "A TCP port on which the process listens.", r.Int(&s.Port, 1, 65535)),
		strict.Key("container", "The name or ID of a container of docker.", r.Text(&s.Container)),
		strict.Key("cgroup", "The path of a cgroup.", r.Match(cgroupName, func(_ *yaml.Node, text string) { s.Cgroup = text })),
	)
	r.ExactlyOne(n, "write which processes, for example: {port: 5432}", "pid", "port", "container", "cgroup")
}

// Abort says when a run is ended early. Zero values mean never.
type Abort struct {
	FailureRate float64       // the share of failures
	P95         time.Duration // response time
	Memory      float64       // the share of this machine's memory, or of the system's limit, that is in use
	DiskFree    int64         // bytes that are left in the file system of the working directory
	For         time.Duration // how long it must last
}

var bytesForm = strict.NewPattern(`^[0-9]+(\.[0-9]+)? *(B|KiB|MiB|GiB|TiB|kB|KB|MB|GB|TB)$`, "a size such as 1GiB or 500MB")

// size reads a number of bytes.
func (r *reader) size(to *int64) strict.Read {
	return r.Match(bytesForm, func(n *yaml.Node, text string) {
		number := strings.TrimRight(text, " BKMGTik")
		value, err := strconv.ParseFloat(number, 64)
		value *= units[strings.TrimSpace(text[len(number):])]
		if text != "" && (err != nil || value < 1 || value > 1<<60) {
			r.Problem(n, "%s is out of range: expected 1B to 1048576TiB", strict.Quote(text))
			return
		}
		*to = int64(value)
	})
}

// units are those of sizes, in bytes.
var units = map[string]float64{
	"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}

func (r *reader) abort(n *yaml.Node, a *Abort) {
	a.For = time.Second
	r.Mapping(n,
		strict.Key("failure_rate", "The share of failed requests that ends the run.", r.Percent(&a.FailureRate, 0.0001, 1)),
		strict.Key("p95", "The response time that ends the run when 5 % of the requests of a second take longer.", r.Duration(&a.P95, time.Millisecond)),
		strict.Key("memory", "The share of this machine's memory, or of the memory that the system may use, that ends the run.", r.Percent(&a.Memory, 0.01, 1)),
		strict.Key("disk_free", "The space left on the disk, such as 1GiB, below which the run ends.", r.size(&a.DiskFree)),
		strict.Key("for", "How long it must last.", r.Duration(&a.For, time.Second)),
	)
	if !strict.Has(n, "failure_rate") && !strict.Has(n, "p95") && !strict.Has(n, "memory") && !strict.Has(n, "disk_free") && n.Kind == yaml.MappingNode {
		r.Problem(n, "nothing ends the run; write for example: failure_rate: 50%%")
	}
}
