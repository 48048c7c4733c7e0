package proc

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// service is what is known of the main process: the one nearest to the root of those that listen on a TCP port, or the
// root if none does.
type service struct {
	main  *process
	ports []int // on which it listens
}

// states of TCP, as /proc/net/tcp writes them.
const (
	established = 0x01
	listen      = 0x0A
)

// socket is one line of /proc/net/tcp.
type socket struct {
	local, remote netip.AddrPort
	state         int
	waiting       int // of a listening socket: connections that wait to be accepted
	inode         uint64
}

// Connections reads the TCP connections of the tree. It takes longer than a sample: read them each ten seconds. It also
// settles which process is the main one.
func (t *Tree) Connections() *Connections {
	c := &Connections{Known: true}
	spaces, unread := t.sockets()
	if unread > 0 {
		c.Known = false
		c.Absent = append(c.Absent, Absent{"connections", fmt.Sprintf("this user may not read the files of %d of %d processes", unread, len(t.known))})
	}
	t.choose(spaces)
	counts := map[string]int{}
	for _, s := range spaces {
		ports := s.ports()
		for _, k := range s.mine {
			switch {
			case k.state == listen:
				c.Listening = append(c.Listening, Listener{k.local.String(), int(k.local.Port()), k.waiting, s.backlogs[k.inode]})
			case k.state == established && slices.Contains(ports, int(k.local.Port())):
				c.In++
			case k.state == established:
				counts[k.remote.String()]++
			}
		}
	}
	for address, n := range counts {
		c.Out = append(c.Out, Remote{address, n})
	}
	slices.SortFunc(c.Out, func(a, b Remote) int { return cmp.Compare(a.Address, b.Address) })
	slices.SortFunc(c.Listening, func(a, b Listener) int { return cmp.Compare(a.Address, b.Address) })
	if !c.Known {
		c.Out, c.In = nil, 0
	}
	return c
}

// space is a network namespace, and the sockets in it that the tree has open.
type space struct {
	mine     []socket
	owners   map[uint64][]*process
	backlogs map[uint64]int // by inode
}

func (s *space) ports() (ports []int) {
	for _, k := range s.mine {
		if k.state == listen {
			ports = append(ports, int(k.local.Port()))
		}
	}
	return ports
}

// sockets finds the sockets of the tree, in each network namespace that its processes are in.
func (t *Tree) sockets() (spaces []*space, unread int) {
	byName := map[string]*space{}
	for _, p := range t.known {
		if p.zombie {
			continue
		}
		inodes, err := t.reader.inodes(p.pid)
		if err != nil {
			if t.reader.alive(p) {
				unread++
			}
			continue
		}
		name := t.reader.namespace(p.pid)
		s := byName[name]
		if s == nil {
			s = &space{owners: map[uint64][]*process{}}
			s.mine = t.reader.tcp(func(name string) ([]byte, error) { return t.reader.file(p.pid, "/"+name) })
			if name == t.reader.ownNamespace() {
				s.backlogs = t.reader.backlogs()
			}
			byName[name] = s
			spaces = append(spaces, s)
		}
		for _, inode := range inodes {
			s.owners[inode] = append(s.owners[inode], p)
		}
	}
	for _, s := range spaces {
		s.mine = slices.DeleteFunc(s.mine, func(k socket) bool { return s.owners[k.inode] == nil })
	}
	return spaces, unread
}

// choose settles the main process. If it had ended, and another one listens now where it did, it was started anew.
func (t *Tree) choose(spaces []*space) {
	if !t.service.main.over() && len(t.service.ports) > 0 {
		return
	}
	var best *process
	var ports []int
	for _, s := range spaces {
		for _, k := range s.mine {
			if k.state != listen {
				continue
			}
			port := int(k.local.Port())
			if len(t.service.ports) > 0 && !slices.Contains(t.service.ports, port) {
				continue
			}
			for _, p := range s.owners[k.inode] {
				if best == nil || t.above(p, best) {
					best, ports = p, nil
				}
				if p == best && !slices.Contains(ports, port) {
					ports = append(ports, port)
				}
			}
		}
	}
	if best == nil {
		return
	}
	if len(t.service.ports) > 0 {
		t.restarts++
	}
	t.service = service{main: best, ports: ports}
}

// seek looks for the process that took the place of the main one.
func (t *Tree) seek() {
	t.forced = true
	if len(t.service.ports) > 0 {
		spaces, _ := t.sockets()
		t.choose(spaces)
	}
}

// above tells whether a process is nearer to the root than another, or older at the same distance.
func (t *Tree) above(a, b *process) bool {
	if d := cmp.Compare(t.depth(a), t.depth(b)); d != 0 {
		return d < 0
	}
	return a.start < b.start
}

func (t *Tree) depth(p *process) (steps int) {
	for p = t.find(p.stat.parent); p != nil && steps < len(t.known); p = t.find(p.stat.parent) {
		steps++
	}
	return steps
}
