package gate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// queue is a service of two routes that share cores, which closed users ask for in turn, at random. A request
// sleeps, then works; the cores share themselves evenly among the requests that work. All times are in ms.
//
//	go test ./gate -run SharedCores -v -reports 1000
type queue struct {
	cores, users int
	wait         float64
	routes       [2]queueRoute
	random       *rand.Rand
}

type queueRoute struct {
	name        string
	sleep, work float64
}

// job is a request under way, or the user of it.
type job struct {
	route   int
	began   float64
	sleeps  float64 // until
	left    float64 // work
	working bool
	waiting bool
}

// round loads the service for some time, and says how busy the cores were.
func (q *queue) round(length float64) (round result.Round, busy float64) {
	vary := func(ms float64) float64 { return ms * math.Exp(0.3*q.random.NormFloat64()) }
	jobs := make([]job, q.users)
	for i := range jobs {
		jobs[i] = job{waiting: true, sleeps: q.random.Float64() * (q.wait + 1)}
	}
	var took [2][]float64
	const warmUp = 200
	for now := 0.0; now < length+warmUp; {
		working, next := 0, math.Inf(1)
		for i := range jobs {
			if jobs[i].working {
				working++
			}
		}
		share := min(1, float64(q.cores)/float64(max(working, 1)))
		for i := range jobs {
			if j := &jobs[i]; j.working {
				next = min(next, now+j.left/share)
			} else {
				next = min(next, j.sleeps)
			}
		}
		if now > warmUp {
			busy += float64(min(working, q.cores)) * (next - now)
		}
		for i := range jobs {
			j := &jobs[i]
			switch {
			case j.working:
				if j.left -= (next - now) * share; j.left < 1e-9 {
					if j.began > warmUp {
						took[j.route] = append(took[j.route], next-j.began)
					}
					*j = job{waiting: true, sleeps: next + q.wait*(0.5+q.random.Float64())}
				}
			case j.sleeps > next+1e-9:
			case j.waiting:
				k := q.random.IntN(2)
				*j = job{route: k, began: next, sleeps: next + vary(q.routes[k].sleep)}
			default:
				j.working, j.left = true, vary(q.routes[j.route].work)
			}
		}
		now = next
	}
	return q.figures(took, length), busy / length / float64(q.cores)
}

func (q *queue) figures(took [2][]float64, length float64) result.Round {
	round := result.Round{Length: time.Duration(length) * time.Millisecond, Figures: map[string]result.Figures{}}
	sum := func(all []float64) result.Figures {
		slices.Sort(all)
		at := func(p float64) time.Duration {
			return time.Duration(all[min(int(p*float64(len(all))), len(all)-1)] * float64(time.Millisecond))
		}
		return result.Figures{Requests: int64(len(all)), Throughput: float64(len(all)) / length * 1000, P50: at(0.5), P95: at(0.95), P99: at(0.99)}
	}
	for k, r := range q.routes {
		round.Figures[r.name] = sum(took[k])
	}
	round.Total = sum(slices.Concat(took[0], took[1]))
	return round
}

// pair judges one version of the service against another.
func (q *queue) pair(t *testing.T, head [2]queueRoute, pairs int, length float64) Verdict {
	t.Helper()
	base := &service{model: "closed"}
	before, now := base.run(1), base.run(2)
	before.PlannedRoutes, now.PlannedRoutes = nil, nil
	before.Users, now.Users = q.users, q.users
	was := q.routes
	for range pairs {
		q.routes = was
		one, _ := q.round(length)
		q.routes = head
		two, _ := q.round(length)
		second := q.random.IntN(2) == 0
		one.Second, two.Second = !second, second
		base.add(before, one)
		base.add(now, two)
	}
	q.routes = was
	return JudgePairs(DefaultPolicy(), before, now, true)
}

// TestSharedCores shows how much slower an unchanged route becomes if another is faster and brings its users
// back sooner: mostAdded must not be below that.
func TestSharedCores(t *testing.T) {
	for _, c := range []struct {
		cores, users int
		slept        float64
	}{{2, 4, 60}, {2, 8, 60}, {2, 12, 60}, {2, 16, 60}, {2, 18, 60}, {2, 20, 60}, {2, 20, 150}, {1, 4, 60}, {1, 8, 60}, {1, 10, 60}, {1, 10, 150}, {2, 60, 150}} {
		q := &queue{cores: c.cores, users: c.users, wait: 20, random: rand.New(rand.NewPCG(uint64(c.users), 1))}
		length := 60_000.0
		q.routes = [2]queueRoute{{"GET /a", c.slept, 1}, {"GET /b", 0, 6}}
		before, was := q.round(length)
		q.routes[0].sleep = 2
		now, is := q.round(length)
		times := now.Total.Throughput / before.Total.Throughput
		longer := func(p func(result.Figures) time.Duration) float64 {
			return float64(p(now.Figures["GET /b"])) / float64(p(before.Figures["GET /b"]))
		}
		p50 := longer(func(f result.Figures) time.Duration { return f.P50 })
		p95 := longer(func(f result.Figures) time.Duration { return f.P95 })
		t.Logf("%d cores, %2d users, /a %3.0f -> 2 ms: %2.0f -> %2.0f %% busy, %.2f times the requests, /b p50 %.2f times, p95 %.2f times; at most %.2f in doubt", c.cores, c.users, c.slept, 100*was, 100*is, times, p50, p95, mostAdded(times))
		if is <= busiest && max(p50, p95) > mostAdded(times) {
			t.Errorf("%+v: an unchanged route became %.2f and %.2f times as slow, past the bound of %.2f", c, p50, p95, mostAdded(times))
		}
	}
}

// TestJudgeSharedCores checks the verdict on a route that another one slows through the cores that both need.
func TestJudgeSharedCores(t *testing.T) {
	const a, b = "GET /a", "GET /b"
	sleeping := [2]queueRoute{{a, 60, 1}, {b, 0, 6}}
	for _, c := range []struct {
		name       string
		users      int
		base, head [2]queueRoute
		want       string // outcome, and the status of the other route's p50
	}{
		{"one is faster, and adds load", 16, sleeping, [2]queueRoute{{a, 2, 1}, {b, 0, 6}}, "inconclusive unclear"},
		{"and the other ten times as slow", 16, sleeping, [2]queueRoute{{a, 2, 1}, {b, 0, 60}}, "fail worse"},
		{"one is faster, and adds next to nothing", 4, [2]queueRoute{{a, 60, 1}, {b, 100, 6}}, [2]queueRoute{{a, 50, 1}, {b, 160, 6}}, "fail worse"},
		{"one is slower, and works more", 10, [2]queueRoute{{a, 1, 0.5}, {b, 0, 0.7}}, [2]queueRoute{{a, 1, 6}, {b, 0, 0.7}}, "fail follows"},
		{"both are slower alike", 4, [2]queueRoute{{a, 20, 1}, {b, 20, 1}}, [2]queueRoute{{a, 35, 1}, {b, 35, 1}}, "fail worse"},
	} {
		red := 0
		for seed := range uint64(5) {
			q := &queue{cores: 2, users: c.users, wait: 20, routes: c.base, random: rand.New(rand.NewPCG(seed, 2))}
			v := q.pair(t, c.head, 24, 4000)
			if err := v.Validate(); err != nil {
				t.Fatal(err)
			}
			got := v.Outcome.String()
			for i := range v.Comparisons {
				if r := &v.Comparisons[i]; r.Route == b && r.Metric == P50 {
					got += " " + r.Status.String()
				}
			}
			if got != c.want {
				t.Errorf("%s: got %q, want %q: %s", c.name, got, c.want, v)
			}
			red += len(v.Of(Worse))
		}
		t.Logf("%s: %d rows are worse in 5 reports", c.name, red)
	}
}
