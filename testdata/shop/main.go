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
`

// stopWithin is how long requests may still take at the end.
const stopWithin = 5 * time.Second

// Main runs the service until ctx ends. Once it listens, it prints where. The error says what is
// wrong with the arguments or why it cannot listen. Asking for help is not an error.
func Main(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	options, addr, err := parse(args, getenv, stderr)
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
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("shop: %w", err)
	}
	fmt.Fprintf(stdout, "shop listens on http://%s\n", listener.Addr())
	return serve(ctx, listener, service)
}

// serve answers requests until ctx ends, and then finishes those under way.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("shop: %w", err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	err := server.Shutdown(ending)
	<-served //nolint:errcheck // http.ErrServerClosed
	return err
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (o Options, addr string, err error) {
	flags := flag.NewFlagSet("shop", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage+"\n"); flags.PrintDefaults() }
	flags.StringVar(&addr, "addr", "127.0.0.1:8080", "where to listen")
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of the catalogue")
	flags.IntVar(&o.Products, "products", DefaultProducts, "products in the catalogue")
	flags.Func("slow", "make a route slower", o.addSlow)
	flags.Func("fail", "make a route fail", o.addFail)
	flags.Func("stall", "freeze the service now and then", o.setStall)
	if err := flags.Parse(args); err != nil {
		return o, "", err
	}
	if flags.NArg() > 0 {
		return o, "", fmt.Errorf("unexpected argument %q: shop takes only flags", flags.Arg(0))
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
				return o, "", fmt.Errorf("%s: %w", variable.name, err)
			}
		}
	}
	if o.Products < 1 {
		return o, "", fmt.Errorf("-products is %d: a shop needs at least 1", o.Products)
	}
	return o, addr, nil
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
