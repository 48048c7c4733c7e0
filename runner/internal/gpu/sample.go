package gpu

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// field is a field of nvidia-smi.
type field struct {
	query  string
	figure string  // empty if it is no figure
	scale  float64 // from its unit to that of the figure
	most   float64 // of the figure: what is more cannot be true
}

// fields are those that are asked for. Values are known by their places. The name comes last: it may hold a comma.
// Units are those of --format=nounits: percent, MiB, watts, degrees.
var fields = []field{
	{query: "index"},
	{"utilization.gpu", result.GPUBusy, 0.01, 1},
	{"memory.used", result.GPUMemoryUsed, 1 << 20, 1 << 50},
	{"memory.total", result.GPUMemoryTotal, 1 << 20, 1 << 50},
	{"power.draw", result.GPUPower, 1, 1e6},
	{"temperature.gpu", result.GPUTemperature, 1, 1e4},
	{query: "mig.mode.current"},
	{query: "name"},
}

// sample is a line of nvidia-smi: one card at one instant.
type sample struct {
	index  int
	name   string
	values map[string]float64 // by figure
	absent map[string]string  // why a figure is missing
}

var errNoSample = errors.New("no line of values")

// parse reads a line with the given fields. A field that was not asked for, because nvidia-smi refuses it, is absent.
func parse(line string, asked []field) (sample, error) {
	cells := strings.SplitN(line, ",", len(asked))
	if len(cells) != len(asked) {
		return sample{}, errNoSample
	}
	s := sample{index: -1, values: map[string]float64{}, absent: map[string]string{}}
	for _, f := range fields {
		if f.figure != "" {
			s.absent[f.figure] = "this driver does not know " + f.query
		}
	}
	split := false
	for i, f := range asked {
		cell := strings.TrimSpace(cells[i])
		switch {
		case f.query == "index":
			index, err := strconv.ParseUint(cell, 10, 16)
			if err != nil {
				return sample{}, errNoSample
			}
			s.index = int(index)
		case f.query == "name":
			if s.name = plain(cell); shifted(s.name) {
				return sample{}, errNoSample
			}
		case f.query == "mig.mode.current":
			if split = strings.EqualFold(cell, "Enabled"); !split && !isWord(cell) {
				return sample{}, errNoSample
			}
		default:
			s.put(f, cell)
		}
	}
	if _, told := s.values[result.GPUBusy]; split && !told {
		s.absent[result.GPUBusy] = "split by MIG: not told"
	}
	if s.index < 0 {
		return sample{}, errNoSample
	}
	return s, nil
}

// isWord says whether a cell holds a word, such as Disabled or [N/A], and no number.
func isWord(cell string) bool { return cell != "" && !strings.ContainsAny(cell[:1], "+-.0123456789") }

// shifted says whether a name begins with another field: then numbers have commas, and the cells are not where they seem.
func shifted(name string) bool {
	first, _, more := strings.Cut(name, ",")
	_, err := strconv.ParseFloat(first, 64)
	return more && (err == nil || strings.HasPrefix(first, "["))
}

// put adds a figure, or the word that stands in its place, such as [N/A].
func (s *sample) put(f field, cell string) {
	number, _, _ := strings.Cut(cell, " ") // some unit may follow
	value, err := strconv.ParseFloat(number, 64)
	value *= f.scale
	switch {
	case err != nil || math.IsNaN(value):
		s.absent[f.figure] = "nvidia-smi says " + plain(cell)
	case value < 0 || value > f.most:
		s.absent[f.figure] = "nvidia-smi says " + plain(cell) + ", which cannot be"
	default:
		s.values[f.figure] = value
		delete(s.absent, f.figure)
	}
}

// plain is a short text without control characters.
func plain(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), 80)], "")
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, text))
}
