package k6

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script"
)

var (
	rule   = regexp.MustCompile(`^(p\(\d{1,2}(\.\d+)?\)|avg|med|max)(<|<=)\d+(\.\d+)?$`)
	rates  = regexp.MustCompile(`^rate(>|>=)\d+(\.\d+)?$`)
	failed = regexp.MustCompile(`^rate(<|<=|==)(\d*\.?\d+)$`)
	tagged = regexp.MustCompile(`^([a-z_]+)(?:\{ *(\w+) *: *([^}]*?) *\})?$`)
)

// gate makes the thresholds of the options those of the gate, as far as it has them.
func (r *reader) gate(d *draft.Draft) {
	thresholds, _ := first(r.options.Get("thresholds")).(*script.Dict)
	if thresholds == nil {
		return
	}
	limits, failure := draft.Map{}, "1%"
	for _, key := range thresholds.Keys {
		metric, tag, value := metricOf(key)
		for _, text := range r.rules(first(thresholds.Get(key))) {
			share, isShare := failureRate(metric, text)
			names := namedRoutes(d, tag, value)
			switch whole := slices.Equal(names, []string{"*"}); {
			case len(names) > 0 && limitsRoutes(metric, text):
				for _, name := range names {
					limits = addRule(limits, name, text)
				}
			case whole && isShare:
				failure = share
			default:
				r.noteGate(d, key, fmt.Sprintf("the threshold %s of %s has no words in a profile", text, key))
				continue
			}
			if tag == "scenario" && len(d.Users) > 1 {
				r.noteGate(d, key, fmt.Sprintf("the threshold %s of %s is that of all scenarios in the profile: its limits are for routes", text, key))
			}
		}
	}
	d.Gate = draft.Map{{Key: "degradation", Value: "20%"}, {Key: "failure_rate", Value: failure}}
	if len(limits) > 0 {
		d.Gate = append(d.Gate, draft.Entry{Key: "thresholds", Value: draft.Block{Value: limits}})
	}
}

func (r *reader) noteGate(d *draft.Draft, key, text string) {
	at := r.place(key)
	d.Notes = append(d.Notes, draft.Note{File: at.File, Line: at.Line, Text: text})
}

// metricOf is the metric of a threshold, and the one tag that it names: http_req_duration{name:login}.
func metricOf(key string) (metric, tag, value string) {
	match := tagged.FindStringSubmatch(strings.TrimSpace(key))
	if match == nil {
		return key, "", ""
	}
	return match[1], match[2], strings.Trim(match[3], `"'`)
}

// limitsRoutes reports whether a rule of a metric limits routes: their response times, or how often they are asked.
func limitsRoutes(metric, text string) bool {
	switch metric {
	case "http_req_duration", "grpc_req_duration":
		return rule.MatchString(text)
	case "http_reqs":
		return rates.MatchString(text)
	}
	return false
}

// failureRate is the failure_rate of a rule of http_req_failed.
func failureRate(metric, text string) (share string, ok bool) {
	match := failed.FindStringSubmatch(text)
	if metric != "http_req_failed" || match == nil {
		return "", false
	}
	f, err := strconv.ParseFloat(match[2], 64)
	if err != nil || f > 1 {
		return "", false
	}
	share = strconv.FormatFloat(math.Round(f*1e6)/1e4, 'f', -1, 64) + "%"
	if share == "0%" {
		share = "0.01%"
	}
	return share, true
}

// namedRoutes are the routes that a tag of k6 stands for: "*" for all of them, none if a profile has no words for the
// tag. A request without a name of its own has its address for a name.
func namedRoutes(d *draft.Draft, tag, value string) (names []string) {
	switch tag {
	case "", "expected_response", "scenario":
		return []string{"*"}
	case "name", "url":
	default:
		return nil
	}
	routes := d.Routes()
	if slices.Contains(routes, value) {
		return []string{value}
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		return nil
	}
	for _, route := range routes {
		if _, below, _ := strings.Cut(route, " "); below != "" && d.Path+below == "/"+strings.TrimPrefix(u.Path, "/") {
			names = append(names, route)
		}
	}
	return names
}

func addRule(limits draft.Map, route, text string) draft.Map {
	all, _ := limits.Get(route).([]any)
	if !slices.Contains(all, any(text)) {
		limits.Set(route, append(all, text))
	}
	return limits
}

// rules are the conditions of a threshold: texts, or mappings with one.
func (r *reader) rules(v script.Value) (texts []string) {
	values := []script.Value{v}
	if l, is := v.(*script.List); is {
		values = l.Items
	}
	for _, v := range values {
		if d, is := v.(*script.Dict); is {
			v, _ = d.Get("threshold")
		}
		if text, ok := r.m.StringOf(v); ok {
			texts = append(texts, strings.ReplaceAll(text, " ", ""))
		}
	}
	return texts
}
