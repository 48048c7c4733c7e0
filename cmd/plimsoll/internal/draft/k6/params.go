package k6

import (
	"cmp"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// asked is what requests say of themselves, and what a profile says once for all.
type asked struct {
	requests []request
	longest  time.Duration // a timeout past the usual one
	callback script.Value  // http.setResponseCallback
	tagged   bool
}

// request is what one request says of itself.
type request struct {
	step      *script.Step
	timeout   time.Duration
	redirects int // -1 if it does not say so
	statuses  script.Value
}

// usualTimeout is that of a profile which gives none.
const usualTimeout = 10 * time.Second

// params reads the parameters of a request: params of http.get and its like, of ws.connect and of client.invoke.
func (l *library) params(c *script.Invocation, s *script.Step, p *script.Dict) {
	r := request{step: s, redirects: -1, statuses: l.asked.callback}
	defer func() { l.asked.requests = append(l.asked.requests, r) }()
	if p == nil {
		return
	}
	for _, key := range p.Keys {
		v := get(p, key)
		switch key {
		case "headers", "metadata":
			if headers, is := v.(*script.Dict); is {
				s.Headers = headers.Clone()
			} else if v != nil {
				c.M.Note(c.At, "the %s of this are not known, and are left out", key)
			}
		case "tags":
			l.tags(c, s, v)
		case "timeout":
			r.timeout = spanOf(c.M, v)
		case "redirects":
			if n, ok := script.Integer(v); ok {
				r.redirects = n
			}
		case "responseCallback":
			r.statuses = v
		case "cookies", "responseType", "discardResponseMessage": // what is done with the answer is no work of the service
		case "jar":
			if n, is := v.(*script.Native); is && n.Name == ownJar {
				c.M.Note(c.At, "this request has a cookie jar of its own; in a profile all requests of a user share one")
			}
		case "auth":
			if how, _ := c.M.StringOf(v); how != "basic" {
				c.M.Note(c.At, "auth %s has no words in a profile, and is left out", cmp.Or(how, "of this kind"))
			}
		default:
			c.M.Note(c.At, "the parameter %s has no words in a profile, and is left out", key)
		}
	}
}

// tags takes the name of a route from tags. Other tags only mark what k6 measures.
func (l *library) tags(c *script.Invocation, s *script.Step, v script.Value) {
	tags, is := v.(*script.Dict)
	if !is {
		return
	}
	for _, key := range tags.Keys {
		switch {
		case key == "name":
			s.Name = c.M.Route(get(tags, key))
		case !l.asked.tagged:
			l.asked.tagged = true
			c.M.Note(c.At, "a profile counts by route: of the tags only name is read")
		}
	}
}

// expectedStatuses is http.expectedStatuses(200, {min: 300, max: 399}).
func expectedStatuses(c *script.Invocation) script.Value {
	return &script.List{Items: c.Args}
}

// settle writes timeouts and expected statuses once all requests are known.
func (r *reader) settle() {
	for _, one := range r.asked.requests {
		r.asked.longest = max(r.asked.longest, one.timeout)
	}
	if r.asked.longest <= usualTimeout {
		r.asked.longest = 0
	}
	all := r.redirects()
	for _, one := range r.asked.requests {
		if one.step.Protocol != "websocket" && one.timeout > 0 && one.timeout < max(r.asked.longest, usualTimeout) && one.step.Within == "" {
			one.step.Within = shown(max(one.timeout, time.Millisecond))
		}
		if one.redirects >= 0 && one.redirects != all {
			r.m.Note(one.step.At, "a profile follows as many redirects for each request: here %d, and not %d", all, one.redirects)
		}
		if one.step.Protocol == "http" && one.statuses != nil && len(one.step.Status) == 0 {
			r.expects(one)
		}
	}
}

// expects writes the statuses that k6 takes for no failure. A profile takes any below 400 unless it lists them.
func (r *reader) expects(one request) {
	list, _ := one.statuses.(*script.List)
	var statuses []int
	for _, item := range items(list) {
		if n, ok := script.Integer(item); ok {
			statuses = append(statuses, n)
			continue
		}
		d, _ := item.(*script.Dict)
		least, a := script.Integer(get(d, "min"))
		most, b := script.Integer(get(d, "max"))
		switch {
		case a && b && least <= 200 && most == 399 && len(list.Items) == 1:
			return // the usual
		case a && b && most-least < 10 && most >= least:
			for n := least; n <= most; n++ {
				statuses = append(statuses, n)
			}
		case a && b:
			r.m.Note(one.step.At, "a profile lists statuses one by one: of those from %d to %d it has the usual ones", least, most)
			for _, n := range []int{200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 409, 422, 429} {
				if n >= least && n <= most {
					statuses = append(statuses, n)
				}
			}
		}
	}
	slices.Sort(statuses)
	statuses = slices.DeleteFunc(slices.Compact(statuses), func(n int) bool { return n < 100 || n > 599 })
	if one.step.Status = statuses; len(statuses) == 0 {
		r.m.Note(one.step.At, "which statuses this expects is not known; the profile expects any below 400")
	}
}

// redirects is how many redirects are followed. A profile has one number for all requests.
func (r *reader) redirects() int {
	usual := 10
	if n, ok := script.Integer(first(r.options.Get("maxRedirects"))); ok {
		usual = n
	}
	requests := slices.DeleteFunc(slices.Clone(r.asked.requests), func(one request) bool { return one.step.Protocol != "http" })
	if len(requests) > 0 && !slices.ContainsFunc(requests, func(one request) bool { return one.redirects != requests[0].redirects }) && requests[0].redirects >= 0 {
		usual = requests[0].redirects
	}
	return min(max(usual, 0), 20)
}
