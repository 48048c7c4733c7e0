package proc

import "bytes"

// whole reads a text that is nothing but decimal digits.
func whole(text []byte) (n uint64, ok bool) {
	if len(text) == 0 || len(text) > 20 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// number reads a text as whole does, and nonsense as 0.
func number(text []byte) uint64 {
	n, _ := whole(text)
	return n
}

// word cuts the next word off a line.
func word(line []byte) (first, rest []byte) {
	start := 0
	for start < len(line) && (line[start] == ' ' || line[start] == '\t') {
		start++
	}
	end := start
	for end < len(line) && line[end] != ' ' && line[end] != '\t' && line[end] != '\n' {
		end++
	}
	return line[start:end], line[end:]
}

// cutLine cuts the next line off a text, without its end.
func cutLine(text []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(text, []byte{'\n'})
	return line, rest
}

// field is the number after a name at the start of a line, such as "Threads:" of a text of many lines.
func field(text []byte, name string) (n uint64, ok bool) {
	value, ok := after(text, name)
	if !ok {
		return 0, false
	}
	first, _ := word(value)
	return whole(first)
}

// after is the rest of the line that begins with a name.
func after(text []byte, name string) (rest []byte, ok bool) {
	for len(text) > 0 {
		var line []byte
		line, text = cutLine(text)
		if len(line) >= len(name) && string(line[:len(name)]) == name {
			return line[len(name):], true
		}
	}
	return nil, false
}

// stat is what /proc/PID/stat tells, as proc_pid_stat(5) numbers it.
type stat struct {
	state                  byte   // (3)
	parent, group, session int    // (4) to (6)
	own, waited            spent  // of the process, and of its children that ended and were waited for
	threads                int    // (20)
	start                  uint64 // (22), in ticks since the machine started: with the pid, the identity of a process
}

// spent is CPU time in ticks, and page faults.
type spent struct{ user, system, minor, major uint64 }

// parseStat reads /proc/PID/stat. The name in brackets may hold anything, brackets and line ends too: it ends with the
// last bracket.
func parseStat(text []byte) (s stat, ok bool) {
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return s, false
	}
	var fields [23]uint64
	rest := text[end+1:]
	for i := 3; i < len(fields); i++ {
		var next []byte
		next, rest = word(rest)
		if len(next) == 0 {
			return s, false
		}
		if i == 3 {
			s.state = next[0]
		}
		fields[i] = number(next) // of what may be negative, nothing is used
	}
	s.parent, s.group, s.session = int(fields[4]), int(fields[5]), int(fields[6])
	s.own = spent{minor: fields[10], major: fields[12], user: fields[14], system: fields[15]}
	s.waited = spent{minor: fields[11], major: fields[13], user: fields[16], system: fields[17]}
	s.threads, s.start = int(fields[20]), fields[22]
	return s, true
}

// stateOf is the state of a thread, from its stat.
func stateOf(text []byte) byte {
	if end := bytes.LastIndexByte(text, ')'); end >= 0 && end+2 < len(text) {
		return text[end+2]
	}
	return 0
}

// cpuSet is a set of cores.
type cpuSet [16]uint64

// maxCPUs is the highest number of a core, and one.
const maxCPUs = 64 * len(cpuSet{})

// add adds a list of cores, such as 0-3,8.
func (c *cpuSet) add(list []byte) {
	for len(list) > 0 {
		var part []byte
		part, list, _ = bytes.Cut(list, []byte{','})
		first, last, isRange := bytes.Cut(bytes.TrimSpace(part), []byte{'-'})
		from, ok := whole(first)
		to := from
		if isRange {
			to = number(last)
		}
		for ; ok && from <= to && from < uint64(maxCPUs); from++ {
			c[from/64] |= 1 << (from % 64)
		}
	}
}
