package shop

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const usage = `shop is Plimsoll's sample service.

-slow and -fail take ROUTE=HOW and may be given more than once. The variables SHOP_SLOW and
SHOP_FAIL contain the same, separated by commas, and SHOP_STALL a stall: they make the service
slower without a change of the profile that starts it.

  -slow "POST /cart=30%"          30 % more of the route's own CPU work
  -slow "GET /search=5ms"         keeps a core busy for 5 ms more
  -slow "GET /search=sleep 5ms"   sleeps for 5 ms more
  -fail "GET /search=2%"          2 % of the requests fail with status 500
  -stall 200ms/2s                 the whole service freezes for 200 ms every 2 s

A ROUTE is also an operation of another door: "query search" or "mutation addToCart" of GraphQL,
"shop.v1.Shop/Search" of gRPC, "WS /live search" for a message, "SSE /events" for an event.
`

// stopWithin is how long requests may still take at the end.
const stopWithin = 5 * time.Second

// Main runs the service until ctx ends. Once it listens, it prints where. The error says what is
// wrong with the arguments or why it cannot listen. Asking for help is not an error.
func Main(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	options, addrs, err := parse(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("shop: %w", err)
	}
	service, err := New(options)
	if err != nil {
		return fmt.Errorf("shop: %w", err)
	}
	if err := service.listen(ctx, addrs, stdout); err != nil {
		return fmt.Errorf("shop: %w", err)
	}
	return nil
}

// addresses are where the shop listens.
type addresses struct{ http, grpc string }

// listen opens the doors and answers until ctx ends.
func (s *Shop) listen(ctx context.Context, addrs addresses, stdout io.Writer) error {
	listener, err := net.Listen("tcp", addrs.http)
	if err != nil {
		return err
	}
	doors := []door{s.webDoor(listener)}
	if addrs.grpc != "" {
		listener, err := net.Listen("tcp", addrs.grpc)
		if err != nil {
			return errors.Join(err, doors[0].listener.Close())
		}
		doors = append(doors, s.grpcDoor(listener))
	}
	for _, d := range doors {
		fmt.Fprintf(stdout, d.greeting+"\n", d.listener.Addr())
	}
	return s.serve(ctx, doors)
}

// door is a listener and what answers on it.
type door struct {
	greeting string
	listener net.Listener
	serve    func() error
	end      func(context.Context) error // finishes what is under way
}

// webDoor serves HTTP/1.1 and HTTP/2, the latter without TLS.
func (s *Shop) webDoor(listener net.Listener) door {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	return door{"shop listens on http://%s", listener, func() error { return server.Serve(listener) }, server.Shutdown}
}

func (s *Shop) grpcDoor(listener net.Listener) door {
	server := s.NewServer()
	return door{"shop answers gRPC on %s", listener, func() error { return server.Serve(listener) }, func(ctx context.Context) error {
		defer context.AfterFunc(ctx, server.Stop)()
		server.GracefulStop()
		return nil
	}}
}

// serve answers at the doors until ctx ends or one of them breaks, and then finishes what is under way.
func (s *Shop) serve(ctx context.Context, doors []door) error {
	served := make(chan error, len(doors))
	for _, d := range doors {
		go func() { served <- d.serve() }()
	}
	var broken error
	left := len(doors)
	select {
	case broken = <-served:
		left--
	case <-ctx.Done():
	}
	s.EndStreams()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	var problems []error
	for _, d := range doors {
		problems = append(problems, d.end(ending))
	}
	for range left {
		<-served //nolint:errcheck // they say that they were ended
	}
	return errors.Join(broken, errors.Join(problems...))
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (o Options, addrs addresses, err error) {
	flags := flag.NewFlagSet("shop", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage+"\n"); flags.PrintDefaults() }
	flags.StringVar(&addrs.http, "addr", "127.0.0.1:8080", "where to listen")
	flags.StringVar(&addrs.grpc, "grpc", "", "where to answer gRPC, such as 127.0.0.1:9090")
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of the catalogue")
	flags.IntVar(&o.Products, "products", DefaultProducts, "products in the catalogue")
	flags.Func("slow", "make a route slower", o.addSlow)
	flags.Func("fail", "make a route fail", o.addFail)
	flags.Func("stall", "freeze the service now and then", o.setStall)
	if err := flags.Parse(args); err != nil {
		return o, addrs, err
	}
	if flags.NArg() > 0 {
		return o, addrs, fmt.Errorf("unexpected argument %q: shop takes only flags", flags.Arg(0))
	}
	for _, variable := range []struct {
		name string
		set  func(string) error
	}{{"SHOP_SLOW", o.addSlow}, {"SHOP_FAIL", o.addFail}, {"SHOP_STALL", o.setStall}} {
		for text := range strings.SplitSeq(getenv(variable.name), ",") {
			if text == "" {
				continue
			}
			if err := variable.set(strings.TrimSpace(text)); err != nil {
				return o, addrs, fmt.Errorf("%s: %w", variable.name, err)
			}
		}
	}
	if o.Products < 1 {
		return o, addrs, fmt.Errorf("-products is %d: a shop needs at least 1", o.Products)
	}
	return o, addrs, nil
}

func (o *Options) addSlow(text string) error {
	route, how, err := cutRoute(text)
	if err != nil {
		return err
	}
	s := Slow{Route: route}
	span, sleep := strings.CutPrefix(how, "sleep ")
	if strings.HasSuffix(how, "%") {
		s.Share, err = parseShare(how)
	} else {
		s.Sleep = sleep
		s.Time, err = parseSpan(span)
	}
	o.Slow = append(o.Slow, s)
	return err
}

func (o *Options) addFail(text string) error {
	route, how, err := cutRoute(text)
	if err != nil {
		return err
	}
	share, err := parseShare(how)
	if err == nil && share > 1 {
		err = fmt.Errorf("%s is more than 100%%", how)
	}
	o.Fail = append(o.Fail, Fail{route, share})
	return err
}

func (o *Options) setStall(text string) (err error) {
	length, every, ok := strings.Cut(text, "/")
	if !ok {
		return fmt.Errorf("%q is not LENGTH/EVERY, such as 200ms/2s", text)
	}
	if o.Stall.For, err = parseSpan(length); err != nil {
		return err
	}
	if o.Stall.Every, err = parseSpan(every); err != nil {
		return err
	}
	if o.Stall.For >= o.Stall.Every {
		return fmt.Errorf("%q: a stall of %v each %v never ends", text, o.Stall.For, o.Stall.Every)
	}
	return nil
}

func cutRoute(text string) (route, how string, err error) {
	route, how, ok := strings.Cut(text, "=")
	if !ok {
		return "", "", fmt.Errorf("%q is not ROUTE=HOW, such as \"GET /search=30%%\"", text)
	}
	return route, how, nil
}

func parseShare(text string) (float64, error) {
	number, ok := strings.CutSuffix(text, "%")
	percent, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(percent > 0 && percent <= 10_000) {
		return 0, fmt.Errorf("%q is not a percentage from 0 to 10000, such as 30%%", text)
	}
	return percent / 100, nil
}

func parseSpan(text string) (time.Duration, error) {
	span, err := time.ParseDuration(text)
	if err != nil || span <= 0 {
		return 0, fmt.Errorf("%q is not a duration such as 5ms", text)
	}
	return span, nil
}
