package locust

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// counted counts lines of the hook, in a load of a second of warm-up and three rounds of a second.
func counted(t *testing.T, lines ...string) *counts {
	t.Helper()
	c := newCounts()
	c.shift = &plan.Plan{WarmUp: time.Second, Rounds: 3, RoundLength: time.Second}
	for _, text := range lines {
		kind, r, err := readRecord([]byte(text))
		if err != nil || kind != request {
			t.Fatalf("%s: %q, %v", text, kind, err)
		}
		c.add(r)
	}
	return c
}

func TestRounds(t *testing.T) {
	c := counted(t,
		`["r",0.5,0.1,100,"GET","/",5]`,      // warm-up
		`["r",1.2,null,100,"GET","/",5]`,     // sent at 1.1
		`["r",2.5,1.4,100,"GET","/",5]`,      // sent at 1.1, and told long after it had ended
		`["r",3.5,2,2000,"GET","/",5]`,       // sent at 1.5, through all rounds
		`["r",3.9,900,100,"GET","/",5]`,      // a clock that was set
		`["r",4.5,0.1,100,"GET","/",5]`,      // after the end
		`["r",-3,0.1,100,"GET","/early",-5]`, // before the beginning
	)
	want := map[int]int64{plan.WarmUpRound: 3, 0: 3, 2: 1}
	for round, n := range want {
		if got := c.rounds[round].Total().Requests(); got != n {
			t.Errorf("round %d has %d requests, want %d", round, got, n)
		}
	}
	for round, served := range map[int]float64{0: 2.25, 1: 0.5, 2: 1.25} {
		if got := c.rounds[round].Total().Served(); got < served-0.01 || got > served+0.01 {
			t.Errorf("round %d served %g, want %g", round, got, served)
		}
	}
	for round, one := range c.rounds {
		if err := one.Validate(); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
}

func TestClasses(t *testing.T) {
	for text, want := range map[string]struct {
		class tally.Class
		kind  string
	}{
		`"HTTPError('503 Server Error: Service Unavailable for url: http://127.0.0.1:8080/items/7')","HTTPError RequestException OSError Exception",503`: {tally.Status, "HTTPError: 503 Server Error: Service Unavailable for url: http://#/items/#"},
		`"BadStatusCode('http://127.0.0.1/bad', code=503)","BadStatusCode ConnectionError",503`:                                                          {tally.Status, "status 503: BadStatusCode('#', code=#)"},
		`"CatchResponseError('user 17 is \"gone\"')","CatchResponseError Exception",200`:                                                                 {tally.Expect, `user # is "#"`},
		`"ConnectionRefusedError(111, 'Connection refused')","ConnectionRefusedError ConnectionError OSError",null`:                                      {tally.Transport, "ConnectionRefusedError(#, '#')"},
		`"ReadTimeout(ReadTimeoutError())","ReadTimeout Timeout RequestException OSError",0`:                                                             {tally.Timeout, "ReadTimeout(ReadTimeoutError())"},
		`"JSONDecodeError('no')","JSONDecodeError OSError",200`:                                                                                          {tally.Expect, "JSONDecodeError: no"},
		`"'failed'","str object",null`: {tally.Expect, "'#'"},
		`null,null,null`:               {tally.Expect, "failed"},
		`7,[],"x"`:                     {tally.Expect, "failed"},
		`"E('a\\nb\\'c')","E",null`:    {tally.Expect, "E: a b'c"},
	} {
		c := counted(t, `["r",1.5,null,1,"GET","/",0,`+text+`]`)
		route := c.rounds[0].Routes["GET /"]
		if route.Outcomes[want.class] != 1 {
			t.Errorf("%s: %v, want %v", text, route.Outcomes, want.class)
		}
		if _, there := route.Errors[want.kind]; !there {
			t.Errorf("%s: %+v, want %q", text, route.Errors, want.kind)
		}
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("ö", 300)
	c := counted(t)
	for _, one := range []struct{ method, name, want string }{
		{"GET", "/items", "GET /items"}, {"", "plain", "plain"}, {"", "", `""`}, {"", "*", `"*"`}, {"", others, `"other names"`},
		{"GET", "a\nb\x1b\u0085c", "GET a b  c"}, {"GET", `"a", 'b'`, `GET "a", 'b'`},
	} {
		if got := c.route(one.method, one.name); got != one.want {
			t.Errorf("%q %q is %q, want %q", one.method, one.name, got, one.want)
		}
	}
	if a, b := c.route("GET", long+"a"), c.route("GET", long+"b"); a == b || len(a) > maxName || tally.ValidName(a) != nil {
		t.Errorf("long names are %q and %q", a, b)
	}
	for i := range 2 * mostNames {
		c.route("GET", fmt.Sprint("/items/", i))
	}
	if got := c.route("GET", "/new"); got != others || !c.more || c.route("GET", "/items") != "GET /items" {
		t.Errorf("past the most names it is %q", got)
	}
}

// Lines that are no record, and values of other kinds, break nothing.
func TestRecords(t *testing.T) {
	for _, text := range []string{"", "Starting", "[", "[]", `{"a": 1}`, `["r"`} {
		if _, _, err := readRecord([]byte(text)); err == nil {
			t.Errorf("%q is a record", text)
		}
	}
	c := counted(t, `["r"]`, `["r",null,null,null]`, `["r","1",2,3]`, `["r",1,null,1e300,"","",0]`, `["r",1e300,null,1,"","",0]`, `["r",1,null,-1,"","",0]`)
	if c.untimed != 6 || len(c.rounds) != 0 {
		t.Errorf("%d are untimed, %d rounds", c.untimed, len(c.rounds))
	}
	if c := counted(t, `["r",1,1e300,1,["a"],{"b":1},1e300]`); c.rounds[plan.WarmUpRound].Total().Requests() != 1 {
		t.Errorf("%+v", c.rounds)
	}
}

func TestHealth(t *testing.T) {
	for name, c := range map[string]struct {
		cores  []float64 // in each second, from 0 on
		warned bool
		want   string
	}{
		"idle":             {[]float64{1, 1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, false, ""},
		"busy in warm-up":  {[]float64{1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5}, false, ""},
		"busy":             {[]float64{0, 0, 1, 0.95, 0.99, 1, 1, 1}, false, "its process used 99 % of a core, and one process uses no more than one"},
		"busy for a while": {[]float64{0, 0, 0.1, 0.1, 0.1, 0.1, 1, 1, 1, 1, 1, 0.1, 0.1}, false, "its process used 100 % of a core, and one process uses no more than one"},
		"warned":           {[]float64{0, 0, 0.1, 0.1}, true, "it warned that its CPU usage was too high"},
		"silent":           {nil, false, ""},
	} {
		h := health{from: 2 * time.Second, to: time.Minute, warned: c.warned}
		used := time.Duration(0)
		for i, cores := range c.cores {
			h.beat(time.Duration(i)*time.Second, used)
			used += time.Duration(cores * float64(time.Second))
		}
		h.beat(time.Duration(len(c.cores))*time.Second, used)
		if got := h.saturated(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
