package runner_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Load a server that runs already, as a profile says.
func ExampleRun() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	text := fmt.Sprintf(`
name: shop
target: {url: %q}
load: {rate: 5/s, warm_up: 200ms, run_time: 2s, rounds: 2}
users: [{name: reader, tasks: [{http: GET /items/42, expect: {status: 404}}]}]`, server.URL)
	p, problems := profile.Parse("plimsoll.yaml", []byte(text), profile.Surroundings{})
	if err := problems.Err(); err != nil {
		fmt.Println(err)
		return
	}
	pl, err := plan.Make(p, plan.Values{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := runner.Run(context.Background(), runner.System{Plan: pl, Identity: result.Identity{Commit: "0123abc"}}, runner.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, round := range r.Rounds {
		fmt.Printf("round %d: %d requests, %d failures\n", i+1, round.Total.Requests, round.Total.Failures)
	}
	// Output:
	// round 1: 5 requests, 0 failures
	// round 2: 5 requests, 0 failures
}
