package shop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// eventsOperation is each event of /events.
const eventsOperation = "SSE /events"

// events sends the stock of a product as server-sent events: ?sku=SKU-1, ?count=0 for no end, ?every=50ms. After a
// Last-Event-ID it goes on with the next number.
func (s *Shop) events(w http.ResponseWriter, r *http.Request) {
	plan, err := watchOf(r)
	if err == nil {
		_, err = s.withSKU(plan.sku)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	_ = s.ticks(plan, r.Context().Done(), func(t tick) error { // the client is gone, or this event was chosen to fail
		again, err := s.trouble.begin(eventsOperation)
		if err != nil {
			return err
		}
		var text []byte
		for range again + 1 {
			if text, err = json.Marshal(t); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(w, "id: %d\nevent: stock\ndata: %s\n\n", t.Sequence, text); err != nil {
			return err
		}
		return out.Flush()
	})
}

func watchOf(r *http.Request) (plan watch, err error) {
	q := r.URL.Query()
	plan = watch{sku: "SKU-1", every: defaultEvery}
	if q.Has("sku") {
		plan.sku = q.Get("sku")
	}
	if text := q.Get("count"); text != "" {
		if plan.count, err = strconv.Atoi(text); err != nil || plan.count < 0 {
			return plan, invalid("count is not a number from 0: %s", text)
		}
	}
	if text := q.Get("every"); text != "" {
		if plan.every, err = time.ParseDuration(text); err != nil || plan.every < 0 {
			return plan, invalid("every is not a duration such as 50ms: %s", text)
		}
	}
	if text := r.Header.Get("Last-Event-ID"); text != "" {
		if plan.after, err = strconv.ParseInt(text, 10, 64); err != nil {
			return plan, invalid("Last-Event-ID is not a number: %s", text)
		}
	}
	return plan, nil
}
