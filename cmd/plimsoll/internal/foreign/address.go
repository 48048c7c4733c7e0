package foreign

import (
	"bytes"
	"strings"
)

// Addresses makes routes such as "GET /items" of methods and URLs. The first host that comes is the Target. Routes of
// other hosts hold theirs.
type Addresses struct {
	Target string // scheme and host
	buffer []byte
}

// Route is the route of a request, valid until the next call. A name that is no URL and no path is the route itself.
func (a *Addresses) Route(method, name []byte) []byte {
	path := name
	if at := bytes.Index(name, []byte("://")); at > 0 && bytes.IndexByte(name[:at], '/') < 0 {
		end := at + len("://")
		for end < len(name) && name[end] != '/' && name[end] != '?' {
			end++
		}
		if a.Target == "" {
			a.Target = string(withoutUser(name[:end], at+len("://")))
		}
		if string(withoutUser(name[:end], at+len("://"))) == a.Target {
			path = name[end:]
			if len(path) == 0 || path[0] != '/' {
				path = append([]byte{'/'}, path...)
			}
		}
	} else if len(name) == 0 || name[0] != '/' {
		return name
	}
	if len(method) == 0 {
		return path
	}
	a.buffer = append(append(append(a.buffer[:0], method...), ' '), path...)
	return a.buffer
}

// withoutUser leaves out credentials: target is shown.
func withoutUser(address []byte, host int) []byte {
	if at := bytes.LastIndexByte(address, '@'); at > host {
		return append(bytes.Clone(address[:host]), address[at+1:]...)
	}
	return address
}

// SaysTimeout reports whether the text of an error says that the answer did not come in time.
func SaysTimeout(text string) bool {
	for _, words := range []string{"timeout", "Timeout", "timed out", "deadline exceeded"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}
