package gpu

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// amdCard is a card of AMD, by the files of its driver amdgpu. See "GPU Power/Thermal Controls and Monitoring" and
// "Memory Info" of the kernel's documentation.
type amdCard struct {
	files fs.FS
	dir   string // sys/class/drm/card0/device
	hwmon string // the directory of its sensors; empty if there is none
	name  string
}

const (
	drm = "sys/class/drm"
	amd = "0x1002" // the PCI number of the vendor
)

var cardName = regexp.MustCompile(`^card([0-9]+)$`)

// amdCards finds the cards, in the order of their numbers.
func amdCards(files fs.FS) (cards []amdCard) {
	entries, err := fs.ReadDir(files, drm)
	if err != nil {
		return nil
	}
	number := func(name string) int {
		if match := cardName.FindStringSubmatch(name); match != nil {
			n, err := strconv.Atoi(match[1])
			if err == nil {
				return n
			}
		}
		return -1
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(number(a.Name()), number(b.Name())) })
	for _, e := range entries {
		dir := path.Join(drm, e.Name(), "device")
		if number(e.Name()) < 0 || read(files, path.Join(dir, "vendor")) != amd {
			continue
		}
		sensors, _ := fs.Glob(files, path.Join(dir, "hwmon", "hwmon*")) // the pattern is well formed
		c := amdCard{files: files, dir: dir, name: read(files, path.Join(dir, "product_name"))}
		if len(sensors) > 0 {
			c.hwmon = sensors[0]
		}
		if c.name == "" {
			c.name = strings.TrimSpace("AMD " + read(files, path.Join(dir, "device")))
		}
		cards = append(cards, c)
	}
	return cards
}

// read returns a short file as a line; empty if it is not there.
func read(files fs.FS, name string) string {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return ""
	}
	return plain(string(text))
}

// read adds the figures of a card.
func (c amdCard) read(index int, figures map[string]float64, facts map[string]string) (absent []result.Absent) {
	subject := subjectOf(index)
	facts[result.Reading(subject, "name")] = c.name
	for _, f := range []struct {
		figure string
		scale  float64
		names  []string // the first that is there
	}{
		{result.GPUBusy, 0.01, []string{path.Join(c.dir, "gpu_busy_percent")}},
		{result.GPUMemoryUsed, 1, []string{path.Join(c.dir, "mem_info_vram_used")}},
		{result.GPUMemoryTotal, 1, []string{path.Join(c.dir, "mem_info_vram_total")}},
		{result.GPUPower, 1e-6, []string{path.Join(c.hwmon, "power1_average"), path.Join(c.hwmon, "power1_input")}},
		{result.GPUTemperature, 1e-3, []string{path.Join(c.hwmon, "temp1_input")}},
	} {
		value, err := c.number(f.names)
		value *= f.scale
		if err == nil && f.figure == result.GPUBusy && value > 1 {
			err = fmt.Errorf("it says %g %%, which cannot be", 100*value)
		}
		if err != nil {
			absent = append(absent, result.Absent{Source: result.Reading(subject, f.figure), Why: err.Error()})
			continue
		}
		figures[result.Reading(subject, f.figure)] = value
	}
	return absent
}

// number reads the first of some files that is there.
func (c amdCard) number(names []string) (float64, error) {
	for _, name := range names {
		text, err := fs.ReadFile(c.files, name)
		if err != nil {
			continue
		}
		value, err := strconv.ParseFloat(plain(string(text)), 64)
		if err != nil || value < 0 || math.IsInf(value, 0) || math.IsNaN(value) {
			return 0, fmt.Errorf("its driver says %q", plain(string(text)))
		}
		return value, nil
	}
	return 0, fmt.Errorf("its driver has no %s", path.Base(names[0]))
}
