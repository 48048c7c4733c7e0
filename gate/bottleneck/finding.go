// Package bottleneck names what keeps a system from doing more: rules from a run's readings to findings.
//
// Find takes a Result whose rounds differ in load, by stages of users or of a rate, and says what its throughput
// stops at. A Finding has a Kind, a Grade and the numbers that it rests on, each with its name, so that a report can
// write the sentence. Shown means that a resource was read at its limit. Inferred means that everything that was
// read leaves nothing else, and one number fits. With a load that stays the same, the word bottleneck is not
// earned: the finding is then Nearest, the resource that is nearest to its limit.
//
// A missing reading is never zero. A rule that lacks one does not hold, Unread names it, and a finding by exclusion
// falls to CouldNotTell when what it would have to exclude was not read.
//
// The rules come from a lab of services with one known fault each, and were tuned on it: the tests have its rows. No
// other service has proved them yet. The laws behind them are Little's (N = X·R, A proof for the queuing formula L = λW,
// Operations Research 9, 1961) and the utilisation law (U = X·D: Denning and Buzen, The operational analysis of queueing
// network models, ACM Computing Surveys 10, 1978).
//
// All is pure: no I/O, no clock. Nothing here judges a change.
package bottleneck

// Finding is what a system's throughput stops at.
type Finding struct {
	Kind  Kind  `json:"kind"`
	Grade Grade `json:"grade,omitempty"`
	// Subject is what the finding is about: result.OfSystem, an entry of monitor.also or of monitor.prometheus, or a
	// GPU, such as gpu.0. Empty for none.
	Subject string `json:"subject,omitempty"`
	// What is the name of the thing: a thread, a device, a pool, a place in the code or an address. Empty if it has none.
	What string `json:"what,omitempty"`
	// Resource says of Nearest which resource is nearest to its limit.
	Resource Kind     `json:"resource,omitempty"`
	Evidence []Number `json:"evidence,omitempty"`
	// Unread are the readings that rules would have needed which come before this finding, or which it lacks itself.
	Unread []string `json:"unread,omitempty"`
	// Next is the resource that would stop the throughput if this one did not; nil if it is not known.
	Next *Ceiling `json:"next,omitempty"`
	// Scaling is how throughput grew with load, if one model is clearly better than the others.
	Scaling *Scaling `json:"scaling,omitempty"`
}

// Number is a figure with its name: that of a reading, such as system.cpu_share, or one of the names below.
type Number struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Names of numbers that are no readings.
const (
	Load          = "load"               // of the heaviest step: users, or tasks each second
	Throughput    = "throughput_per_sec" // the highest of all steps
	LastOf        = "last_throughput_per_sec"
	Elasticity    = "elasticity"      // by how many % throughput grows for 1 % of load, over the last two doublings
	AloneSeconds  = "alone_seconds"   // response time without a queue and without waits for a core: the least of all steps
	LoadedSeconds = "loaded_seconds"  // response time of the heaviest step
	AtATime       = "at_a_time"       // requests inside when throughput has stopped: Throughput × AloneSeconds
	Overflows     = "overflows"       // connections that found the accept queue full
	OtherCores    = "other_cores"     // that this machine's other programs used, the generator among them
	OneCore       = "one_core_share"  // of one core, by all threads that could have the same lock
	DemandSeconds = "demand_seconds"  // of a resource, for each request
	UsedShare     = "used_share"      // of a resource
	WaitingAtOnce = "waiting_at_once" // goroutines at one place of the code
)

// Number finds a number of the evidence.
func (f Finding) Number(name string) (value float64, ok bool) {
	for _, n := range f.Evidence {
		if n.Name == name {
			return n.Value, true
		}
	}
	return 0, false
}

// Kind tells findings apart.
type Kind string

// The findings, in the order in which the rules are tried.
const (
	Generator   Kind = "generator"    // the run itself was not whole: nothing is said of the system
	None        Kind = "none"         // throughput still grows with load
	AcceptQueue Kind = "accept queue" // connections are lost before the system takes them
	CPUQuota    Kind = "cpu quota"
	GC          Kind = "gc"
	CPU         Kind = "cpu"
	OneThread   Kind = "one thread" // or one core's worth of work under a lock
	Memory      Kind = "memory"
	Disk        Kind = "disk"
	Network     Kind = "network"
	GPU         Kind = "gpu"
	Pool        Kind = "pool"
	Lock        Kind = "lock"    // or anything else that goroutines wait for at one place of the code
	Waiting     Kind = "waiting" // for a pool, a lock or somebody downstream
	Unknown     Kind = "unknown" // throughput stops, and nothing that was read says why
	Nearest     Kind = "nearest" // to its limit, with a load that stays the same
)

// Grade is how sure a finding is.
type Grade string

// The grades.
const (
	Shown        Grade = "shown"          // a resource was read at its limit
	Inferred     Grade = "inferred"       // all that was read leaves nothing else
	CouldNotTell Grade = "could not tell" // Unread says what would help
)

// Ceiling is what a resource allows at most, by the law of utilisation.
type Ceiling struct {
	Kind       Kind    `json:"kind"`
	Subject    string  `json:"subject"`
	What       string  `json:"what,omitempty"`
	Demand     float64 `json:"demand_seconds"`     // of the resource, for each request
	Throughput float64 `json:"throughput_per_sec"` // at which it would be used up
	Used       float64 `json:"used_share"`         // at the highest throughput seen
}

// Scaling is a model of throughput by load. It says nothing beyond the heaviest step.
type Scaling struct {
	Model  string  `json:"model"`
	Serial float64 `json:"serial_share,omitempty"` // of the work goes one at a time
	Limit  float64 `json:"limit,omitempty"`        // load from which on throughput stays what it is
	Peak   float64 `json:"peak,omitempty"`         // load with the highest throughput. Only where it was seen to fall
}
