package proc

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// devices holds what seldom changes: which disks and interfaces count.
type devices struct {
	disks map[string]device
	links map[string]device
}

// device is what is known of a disk or an interface.
type device struct {
	name       string
	real       bool // hardware, or what a hypervisor shows as such, and nothing that stands on other devices
	bitsPerSec int64
}

// sectorBytes is the unit of diskstats, whatever the device's own is.
const sectorBytes = 512

// readDisks reads diskstats, whose fields the kernel's Documentation/admin-guide/iostats.rst describes.
func (r *Reader) readDisks(m *Machine, text []byte) bool {
	for len(text) > 0 {
		var line []byte
		line, text = cutLine(text)
		var fields [14][]byte
		for i := range fields {
			fields[i], line = word(line)
		}
		if len(fields[13]) == 0 {
			continue
		}
		disk := r.disk(fields[2])
		if !disk.real {
			continue
		}
		n := func(i int) uint64 { return number(fields[i]) }
		m.Disks = append(m.Disks, Disk{
			Name: disk.name, Reads: n(3), ReadBytes: n(5) * sectorBytes, Writes: n(7), WrittenBytes: n(9) * sectorBytes,
			Busy: time.Duration(n(12)) * time.Millisecond, Waited: time.Duration(n(13)) * time.Millisecond,
		})
	}
	return true
}

// disk finds out whether a device is a real one: no partition, which /sys/block does not have, and nothing that lies in
// memory or on other devices.
func (r *Reader) disk(name []byte) device {
	if known, ok := r.devices.disks[string(name)]; ok {
		return known
	}
	d := device{name: string(name), real: true}
	for _, prefix := range [...]string{"loop", "ram", "zram", "dm-", "md", "sr", "fd"} {
		d.real = d.real && !strings.HasPrefix(d.name, prefix)
	}
	d.real = d.real && r.exists("sys/block", strings.ReplaceAll(d.name, "/", "!")) // such as cciss!c0d0
	if r.devices.disks == nil {
		r.devices.disks = map[string]device{}
	}
	r.devices.disks[d.name] = d
	return d
}

// readNetworks reads net/dev: two lines of headings, and a line for each interface.
func (r *Reader) readNetworks(m *Machine, text []byte) bool {
	_, text = cutLine(text)
	_, text = cutLine(text)
	anyReal := false
	for len(text) > 0 {
		var line []byte
		line, text = cutLine(text)
		at := slices.Index(line, ':')
		if at < 0 {
			return false
		}
		name, _ := word(line[:at])
		link := r.networkDevice(name)
		if string(name) == "lo" {
			continue
		}
		var n [12]uint64
		rest := line[at+1:]
		for i := range n {
			var next []byte
			next, rest = word(rest)
			n[i] = number(next)
		}
		anyReal = anyReal || link.real
		m.Networks = append(m.Networks, Network{
			Name: link.name, InBytes: n[0], InErrors: n[2], InDropped: n[3],
			OutBytes: n[8], OutErrors: n[10], OutDropped: n[11], BitsPerSec: link.bitsPerSec,
		})
	}
	if anyReal {
		m.Networks = slices.DeleteFunc(m.Networks, func(n Network) bool { return !r.devices.links[n.Name].real })
	}
	return true
}

// networkDevice finds out whether an interface is a device, and how fast its link is.
func (r *Reader) networkDevice(name []byte) device {
	if known, ok := r.devices.links[string(name)]; ok {
		return known
	}
	d := device{name: string(name)}
	d.real = r.exists("sys/class/net", d.name, "device")
	if text, err := os.ReadFile(filepath.Join(r.root, "sys/class/net", d.name, "speed")); err == nil { // in Mbit/s, -1 for unknown
		if mbits, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && mbits > 0 {
			d.bitsPerSec = mbits * 1_000_000
		}
	}
	if r.devices.links == nil {
		r.devices.links = map[string]device{}
	}
	r.devices.links[d.name] = d
	return d
}

func (r *Reader) exists(parts ...string) bool {
	_, err := os.Stat(filepath.Join(r.root, filepath.Join(parts...)))
	return err == nil
}
