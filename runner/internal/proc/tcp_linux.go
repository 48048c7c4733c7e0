package proc

import "bytes"

// TCP reads what happened to TCP in the network namespace of the tree. It is the machine's own, unless the tree runs in a
// container.
func (t *Tree) TCP() (c TCP) {
	for _, p := range t.known {
		if p.zombie {
			continue
		}
		text, err := t.reader.file(p.pid, "/net/snmp")
		if err != nil || !c.readSegments(text) {
			continue
		}
		text, err = t.reader.file(p.pid, "/net/netstat")
		if err == nil && c.readListening(text) {
			return c
		}
	}
	return TCP{}
}

// readSegments reads net/snmp.
func (c *TCP) readSegments(text []byte) bool {
	c.Known = pairs(text, "Tcp:", map[string]*uint64{"OutSegs": &c.OutSegments, "RetransSegs": &c.Retransmitted})
	return c.Known
}

// readListening reads net/netstat.
func (c *TCP) readListening(text []byte) bool {
	c.Known = pairs(text, "TcpExt:", map[string]*uint64{
		"ListenOverflows": &c.ListenOverflows, "ListenDrops": &c.ListenDrops, "TCPTimeouts": &c.Timeouts,
	})
	return c.Known
}

// pairs reads two lines that begin with the same name. The first holds names, the second their values. It tells whether
// all that was wanted was there.
func pairs(text []byte, name string, wanted map[string]*uint64) bool {
	for len(text) > 0 {
		var names, values []byte
		names, text = cutLine(text)
		values, text = cutLine(text)
		if !bytes.HasPrefix(names, []byte(name)) || !bytes.HasPrefix(values, []byte(name)) {
			continue
		}
		left := len(wanted)
		for names, values = names[len(name):], values[len(name):]; ; {
			var key, value []byte
			key, names = word(names)
			value, values = word(values)
			if len(key) == 0 || len(value) == 0 {
				return left == 0
			}
			if to := wanted[string(key)]; to != nil {
				*to = number(value)
				left--
			}
		}
	}
	return false
}

// read reads net/sockstat.
func (s *Sockets) read(text []byte) bool {
	line, ok := after(text, "TCP:") // such as: TCP: inuse 27 orphan 0 tw 14 alloc 35 mem 9
	*s = Sockets{Known: ok}
	for {
		var name, value []byte
		name, line = word(line)
		value, line = word(line)
		switch string(name) {
		case "inuse":
			s.TCPInUse = int(number(value))
		case "orphan":
			s.Orphans = int(number(value))
		case "tw":
			s.TimeWait = int(number(value))
		case "":
			return ok
		}
	}
}
