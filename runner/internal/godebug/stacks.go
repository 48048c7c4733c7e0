package godebug

import (
	"bytes"
	"errors"
	"path"
	"strconv"
	"strings"
	"unicode"
)

// group is goroutines with one stack.
type group struct {
	n      int
	pc     string // where the innermost function stands
	frames []frame
}

// frame is a function that is called, innermost first. Functions of the runtime at the inner end are left out.
type frame struct {
	function string // net/http.(*Transport).getConn
	file     string
	line     string
}

const profileOf = "goroutine profile: total "

// parse reads the page of /debug/pprof/goroutine?debug=1.
func parse(text []byte) (total int, groups []group, err error) {
	first, rest, _ := bytes.Cut(text, []byte{'\n'})
	count, ok := strings.CutPrefix(string(first), profileOf)
	if total, err = strconv.Atoi(count); !ok || err != nil || total < 0 {
		return 0, nil, errors.New("it is no page of pprof")
	}
	for line := range bytes.Lines(rest) {
		switch line := strings.TrimSuffix(string(line), "\n"); {
		case strings.HasPrefix(line, "#\t"):
			if f, ok := frameOf(line); ok && len(groups) > 0 {
				last := &groups[len(groups)-1]
				last.frames = append(last.frames, f)
			}
		default:
			if g, ok := groupOf(line); ok {
				groups = append(groups, g)
			}
		}
	}
	return total, groups, nil
}

// groupOf reads a line such as "63 @ 0x43e0d6 0x44f0a5".
func groupOf(line string) (group, bool) {
	count, addresses, ok := strings.Cut(line, " @ ")
	n, err := strconv.Atoi(count)
	if !ok || err != nil || n < 1 {
		return group{}, false
	}
	pc, _, _ := strings.Cut(addresses, " ")
	return group{n: n, pc: pc}, true
}

// frameOf reads a line such as "#	0x47d684	sync.(*Mutex).Lock+0x15d	/usr/lib/go/src/sync/mutex.go:46", which is padded with tabs.
func frameOf(line string) (frame, bool) {
	parts := strings.FieldsFunc(line, func(c rune) bool { return c == '\t' })
	if len(parts) != 4 {
		return frame{}, false
	}
	plus, colon := strings.LastIndexByte(parts[2], '+'), strings.LastIndexByte(parts[3], ':')
	if plus < 0 || colon < 0 {
		return frame{}, false
	}
	return frame{parts[2][:plus], strings.ReplaceAll(parts[3][:colon], `\`, "/"), parts[3][colon+1:]}, true
}

// place is where goroutines wait, and in what.
type place struct {
	n  int
	in string
}

// places counts the goroutines that wait at a line of the service's own code: those that serve a request, are parked by
// the runtime, and wait for something within the service. Who waits for the network, for an answer of somebody else, for
// goroutines of its own or for time to pass is not counted: that is no limit of this service.
func places(groups []group) map[string]place {
	parked := parking(groups)
	found := map[string]place{}
	for _, g := range groups {
		if g.pc != parked || len(g.frames) == 0 || !serves(g.frames) || elsewhere(g.frames) {
			continue
		}
		at := g.frames[0]
		for _, f := range g.frames {
			if f.own() {
				at = f
				break
			}
		}
		name := clip(path.Join(path.Base(path.Dir(at.file)), path.Base(at.file)) + ":" + at.line)
		p := found[name]
		p.n += g.n
		if p.in == "" {
			p.in = clip(waitsIn(g.frames))
		}
		found[name] = p
	}
	return found
}

// pollWait parks who waits for the network. There is always such a goroutine: the one that accepts connections.
const pollWait = "internal/poll.runtime_pollWait"

// parking is the address at which parked goroutines stand. One function of the runtime parks all, so it is the
// address of those who wait for the network.
func parking(groups []group) string {
	for _, g := range groups {
		if len(g.frames) > 0 && g.frames[0].function == pollWait {
			return g.pc
		}
	}
	return "unknown"
}

// servers are functions below which a request is served. A connection without one is idle.
var servers = []string{
	"net/http.serverHandler.ServeHTTP", "golang.org/x/net/http2.(*serverConn).runHandler",
	"google.golang.org/grpc.(*Server).handleStream", "github.com/valyala/fasthttp.(*Server).serveConn",
}

func serves(frames []frame) bool {
	for _, f := range frames {
		for _, server := range servers {
			if strings.HasSuffix(f.function, server) {
				return true
			}
		}
	}
	return false
}

// elsewhere tells whether what is waited for is not within the service.
func elsewhere(frames []frame) bool {
	switch innermost := frames[0].function; innermost {
	case "time.Sleep":
		return true
	default:
		if strings.HasPrefix(innermost, "internal/poll.") { // for a file, a connection, or another who uses it
			return true
		}
		if strings.HasSuffix(strings.ToLower(innermost), ".roundtrip") || strings.Contains(innermost, ".(*recvBufferReader).") {
			return true // a client of HTTP, or of gRPC
		}
	}
	for _, f := range frames {
		if f.function == "sync.(*WaitGroup).Wait" {
			return true
		}
	}
	return false
}

// waitsIn names the innermost function that somebody may know. The runtime's own are not told: a channel has none.
func waitsIn(frames []frame) string {
	for _, f := range frames {
		if f.own() {
			break
		}
		base := f.function[strings.LastIndexByte(f.function, '.')+1:]
		if !strings.HasPrefix(f.function, "internal/") && !strings.HasPrefix(base, "runtime_") {
			return f.function
		}
	}
	return "a channel"
}

// standard are the first parts of the names of Go's own packages.
var standard = map[string]bool{
	"archive": true, "bufio": true, "bytes": true, "cmp": true, "compress": true, "container": true, "context": true, "crypto": true,
	"database": true, "debug": true, "embed": true, "encoding": true, "errors": true, "expvar": true, "flag": true, "fmt": true, "go": true,
	"hash": true, "html": true, "image": true, "index": true, "internal": true, "io": true, "iter": true, "log": true, "maps": true,
	"math": true, "mime": true, "net": true, "os": true, "path": true, "plugin": true, "reflect": true, "regexp": true, "runtime": true,
	"slices": true, "sort": true, "strconv": true, "strings": true, "structs": true, "sync": true, "syscall": true, "testing": true,
	"text": true, "time": true, "unicode": true, "unique": true, "unsafe": true, "vendor": true, "weak": true,
}

// own tells whether a function is of the service itself: not of Go, and not of a module that it uses.
func (f frame) own() bool {
	first, _, nested := strings.Cut(f.function, "/")
	if !nested {
		first, _, _ = strings.Cut(f.function, ".")
	}
	return !standard[first] && !strings.Contains(f.file, "@") && !strings.Contains(f.file, "/vendor/")
}

// clip is a short text without control characters.
func clip(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(text, "\ufffd"))
	const most = 120
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}
