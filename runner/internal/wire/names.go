package wire

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// freshFor is how long the addresses of a name are used before it is looked up again. An hour of load
// follows a name that moves, and still does not load its name server.
const freshFor = 30 * time.Second

// patient is how long to wait for one address before trying another. It is less if the others would
// have no time left.
const patient = 2 * time.Second

// names gives the addresses of names in turn, so that each new connection goes to the next one. An
// address that failed comes last until the name is looked up again.
type names struct {
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

	mu    sync.Mutex // guards the fields below
	known map[string]*name
}

// name is one name's addresses.
type name struct {
	addresses []netip.Addr
	failed    map[netip.Addr]bool
	until     time.Time // when it must be looked up again
	turn      int
}

func newNames() *names {
	return &names{lookup: net.DefaultResolver.LookupNetIP, known: map[string]*name{}}
}

// addresses are those of a host, in the order in which to try them.
func (n *names) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if order := n.next(host, time.Now()); order != nil {
		return order, nil
	}
	found, err := n.lookup(ctx, "ip", host)
	if err == nil {
		n.learn(host, found, time.Now())
	}
	if order := n.next(host, time.Time{}); order != nil { // known addresses serve while the lookup fails
		return order, nil
	}
	return nil, err
}

// learn notes the addresses of a name.
func (n *names) learn(host string, found []netip.Addr, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	known := n.known[host]
	if known == nil {
		known = &name{}
		n.known[host] = known
	}
	known.addresses, known.failed, known.until = nil, map[netip.Addr]bool{}, now.Add(freshFor)
	for _, a := range found {
		known.addresses = append(known.addresses, a.Unmap())
	}
}

// next is the order of the next connection; nil if the name is unknown, or must be looked up again.
func (n *names) next(host string, now time.Time) []netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	known := n.known[host]
	if known == nil || len(known.addresses) == 0 || !now.Before(known.until) {
		return nil
	}
	var order, last []netip.Addr
	for i := range known.addresses {
		a := known.addresses[(known.turn+i)%len(known.addresses)]
		if known.failed[a] {
			last = append(last, a)
		} else {
			order = append(order, a)
		}
	}
	if !isLocal(host) { // a local name's addresses are one machine, perhaps with different servers
		known.turn = (known.turn + 1) % len(known.addresses)
	}
	return append(order, last...)
}

func isLocal(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// fail notes that an address could not be connected to.
func (n *names) fail(host string, a netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if known := n.known[host]; known != nil {
		known.failed[a] = true
	}
}

// dial connects to a host and a port over TCP.
func (d *Dialer) dial(ctx context.Context, host, port string) (net.Conn, error) {
	return inTurn(ctx, d.names, host, port, func(ctx context.Context, address string) (net.Conn, error) {
		return d.net.DialContext(ctx, "tcp", address)
	})
}

// inTurn connects to a host and a port: to the next address of a name, or if that fails to any other.
func inTurn[C any](ctx context.Context, n *names, host, port string, connect func(ctx context.Context, address string) (C, error)) (none C, err error) {
	if _, err := netip.ParseAddr(host); err == nil {
		return connect(ctx, net.JoinHostPort(host, port))
	}
	order, err := n.addresses(ctx, host)
	if err != nil {
		return none, err
	}
	var first error
	for i, a := range order {
		c, err := try(ctx, net.JoinHostPort(a.String(), port), len(order)-i, connect)
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
		n.fail(host, a)
	}
	return none, first
}

// try connects to one of the addresses that are left.
func try[C any](ctx context.Context, address string, left int, connect func(ctx context.Context, address string) (C, error)) (C, error) {
	if left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, share(ctx, left))
		defer cancel()
	}
	c, err := connect(ctx, address)
	if err != nil && ctx.Err() != nil {
		return c, ErrNotConnected
	}
	return c, err
}

// share is how long to try one of the addresses that are left.
func share(ctx context.Context, left int) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return patient
	}
	return min(patient, time.Until(end)/time.Duration(left))
}
