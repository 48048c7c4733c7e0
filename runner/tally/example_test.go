package tally_test

import (
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Two workers count apart. Merged, they are one load.
func ExampleTally_Merge() {
	var a, b tally.Tally
	a.Add(tally.Sample{Route: "GET /items", Class: tally.OK, Ended: 20 * time.Millisecond})
	b.Add(tally.Sample{Route: "GET /items", Class: tally.Status, Ended: 30 * time.Millisecond, Error: "status 503"})
	a.Merge(&b)

	items := a.Routes["GET /items"]
	fmt.Println(items.Requests(), items.Failures(), items.Response.Max(), items.Errors["status 503"].Count)
	// Output: 2 1 30ms 1
}

// The request was due after 1 s, and the generator could send it only after 3 s. The system caused the
// wait, so the response time includes it.
func ExampleSample() {
	s := tally.Sample{Route: "GET /items", Class: tally.OK, Due: time.Second, Sent: 3 * time.Second, Ended: 3100 * time.Millisecond}
	fmt.Println(s.Response(), s.Service())
	// Output: 2.1s 100ms
}

func ExampleTally_Validate() {
	var t tally.Tally
	t.Add(tally.Sample{Route: "GET /items", Class: tally.OK})
	t.Routes["GET /items"].Outcomes[tally.OK] = 1 << 62
	fmt.Println(t.Validate())
	// Output: route "GET /items": impossible count: 4611686018427387904 requests of class ok
}

func ExampleRecorder() {
	r := tally.NewRecorder([]tally.Name{{Route: "GET /items"}})
	r.Add(0, tally.Sample{Class: tally.OK, Ended: 20 * time.Millisecond})
	fmt.Println(r.Drain().Total().Requests(), r.Drain().Total().Requests())
	// Output: 1 0
}
