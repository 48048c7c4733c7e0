package result

import (
	"fmt"
	"strconv"
	"strings"
)

// Environment is the machine that generated the load. Two runs are compared only if their Class is equal.
// Fields outside the class are for people. Clock frequencies and free memory are left out on purpose: they
// differ from run to run on the same machine.
type Environment struct {
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	CPUModel  string `json:"cpu_model"`
	CPUCores  int    `json:"cpu_cores"`
	MemoryGiB int    `json:"memory_gib"`       // rounded
	Runner    string `json:"runner,omitempty"` // the CI runner's label or image
	ToolMajor string `json:"tool_major"`       // the load generator's major version
	Proxy     string `json:"proxy,omitempty"`  // between the generator and the target, without credentials

	// The limits of the container, if they are below the machine's; 0 for no limit.
	CPULimit    float64 `json:"cpu_limit,omitempty"` // in cores: 0.5 is half the time of one
	MemoryLimit int64   `json:"memory_limit_bytes,omitempty"`

	Kernel      string  `json:"kernel,omitempty"`
	LoadAverage float64 `json:"load_average,omitempty"` // over 1 minute, before the load began
}

// classField is a field of the class.
type classField struct{ name, value string }

func (e Environment) class() []classField {
	return []classField{
		{"operating system", e.OS},
		{"architecture", e.Arch},
		{"CPU model", e.CPUModel},
		{"cores", fmt.Sprint(e.CPUCores)},
		{"memory", fmt.Sprintf("%d GiB", e.MemoryGiB)},
		{"runner", e.Runner},
		{"generator version", e.ToolMajor},
		{"proxy", e.Proxy},
		{"CPU limit", cores(e.CPULimit)},
		{"memory limit", mebibytes(e.MemoryLimit)},
	}
}

// cores is a limit of CPU time, to a thousandth of a core; empty for none.
func cores(limit float64) string {
	if limit <= 0 {
		return ""
	}
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(limit, 'f', 3, 64), "0"), ".")
}

// mebibytes is a limit of memory; empty for none.
func mebibytes(limit int64) string {
	if limit <= 0 {
		return ""
	}
	return fmt.Sprintf("%d MiB", limit>>20)
}

// Class is the comparable part of the environment in one line.
func (e Environment) Class() string {
	var values []string
	for _, f := range e.class() {
		values = append(values, fmt.Sprintf("%s=%q", f.name, f.value))
	}
	return strings.Join(values, " ")
}

// Words is the class for people: the fields that have a value.
func (e Environment) Words() string {
	var values []string
	for _, f := range e.class() {
		if f.value != "" {
			values = append(values, f.name+" "+f.value)
		}
	}
	return strings.Join(values, ", ")
}

// Differences lists the fields of the class that differ from another environment's, such as
// "cores: 2 here, 4 there". It is empty if the classes are equal.
func (e Environment) Differences(other Environment) []string {
	var differ []string
	there := other.class()
	for i, here := range e.class() {
		if here.value != there[i].value {
			differ = append(differ, fmt.Sprintf("%s: %s here, %s there", here.name, orNone(here.value), orNone(there[i].value)))
		}
	}
	return differ
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}
