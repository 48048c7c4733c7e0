package locust

import (
	"slices"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

// shape is the load of a LoadTestShape with a list of stages: until each one's duration is over, it has so many users.
// It is empty when there is none.
func (r *reader) shape() draft.Map {
	var shapes []*script.ClassOf
	for _, v := range r.m.Globals() {
		if c, is := v.(*script.ClassOf); is && c.Inherits("LoadTestShape") {
			if abstract, own := c.Fields.Get("abstract"); !own || abstract != true {
				shapes = append(shapes, c)
			}
		}
	}
	slices.SortFunc(shapes, func(a, b *script.ClassOf) int { return a.Line - b.Line })
	if len(shapes) == 0 {
		return nil
	}
	c := shapes[0]
	for _, other := range shapes[1:] {
		r.m.Note(other.At, "the shape %s is left out: a profile has one load, that of %s", other.Name, c.Name)
	}
	v, _, _ := c.Field("stages")
	list, _ := v.(*script.List)
	if list == nil || len(list.Items) == 0 {
		r.m.Note(c.At, "the shape %s computes its load; write it as load.stages", c.Name)
		return nil
	}
	var stages []any
	users, until, most := 0.0, 0.0, 0.0
	for _, item := range list.Items {
		d, _ := item.(*script.Dict)
		n, hasUsers := field(d, "users", "user_count")
		end, hasEnd := field(d, "duration", "time", "end_time")
		rate, hasRate := field(d, "spawn_rate", "hatch_rate")
		if !hasUsers || !hasEnd {
			r.m.Note(c.At, "the stages of %s have no users or no duration; write them as load.stages", c.Name)
			return nil
		}
		n = min(max(n, 0), 100_000)
		most = max(most, n)
		span := end - until
		if span <= 0 { // durations one after the other, not since the beginning
			span = end
		}
		until = max(end, until+span)
		ramp := 0.0
		if hasRate && rate > 0 {
			ramp = min(span, max(n-users, users-n)/rate)
		}
		if ramp > 0 {
			stages = append(stages, draft.Map{{Key: "users", Value: int(n)}, {Key: "for", Value: script.Wait(ramp, ramp)}})
		}
		if hold := span - ramp; hold > 0 {
			stages = append(stages, draft.Map{{Key: "users", Value: int(n)}, {Key: "for", Value: script.Wait(hold, hold)}})
		}
		users = n
	}
	if most < 1 {
		r.m.Note(c.At, "no stage of %s has any users; the profile has the usual load", c.Name)
		return nil
	}
	return draft.Map{{Key: "stages", Value: draft.Block{Value: stages}}}
}

// field is a number under one of several names.
func field(d *script.Dict, names ...string) (float64, bool) {
	for _, name := range names {
		if v, ok := d.Get(name); ok {
			return script.NumberOf(v)
		}
	}
	return 0, false
}
