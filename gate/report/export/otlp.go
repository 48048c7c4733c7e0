package export

import (
	"encoding/json"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// The parts of ExportMetricsServiceRequest that we write, in OTLP's JSON mapping: 64-bit numbers are strings, and enums are
// numbers.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
type (
	otlpRequest struct {
		ResourceMetrics []otlpResourceMetrics `json:"resourceMetrics"`
	}
	otlpResourceMetrics struct {
		Resource     otlpResource       `json:"resource"`
		ScopeMetrics []otlpScopeMetrics `json:"scopeMetrics"`
	}
	otlpResource struct {
		Attributes []otlpAttribute `json:"attributes"`
	}
	otlpScopeMetrics struct {
		Scope   otlpScope    `json:"scope"`
		Metrics []otlpMetric `json:"metrics"`
	}
	otlpScope struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}
	otlpMetric struct {
		Name        string         `json:"name"`
		Description string         `json:"description"`
		Unit        string         `json:"unit,omitempty"`
		Gauge       *otlpGauge     `json:"gauge,omitempty"`
		Sum         *otlpSum       `json:"sum,omitempty"`
		Exponential *otlpHistogram `json:"exponentialHistogram,omitempty"`
	}
	otlpGauge struct {
		DataPoints []otlpNumber `json:"dataPoints"`
	}
	otlpSum struct {
		DataPoints  []otlpNumber `json:"dataPoints"`
		Temporality int          `json:"aggregationTemporality"`
		Monotonic   bool         `json:"isMonotonic"`
	}
	otlpHistogram struct {
		DataPoints  []otlpExponential `json:"dataPoints"`
		Temporality int               `json:"aggregationTemporality"`
	}
	otlpNumber struct {
		Attributes []otlpAttribute `json:"attributes"`
		Start      string          `json:"startTimeUnixNano,omitempty"`
		Time       string          `json:"timeUnixNano"`
		Double     *float64        `json:"asDouble,omitempty"`
		Int        string          `json:"asInt,omitempty"`
	}
	otlpExponential struct {
		Attributes []otlpAttribute `json:"attributes"`
		Start      string          `json:"startTimeUnixNano"`
		Time       string          `json:"timeUnixNano"`
		Count      string          `json:"count"`
		Sum        float64         `json:"sum"`
		Scale      int             `json:"scale"`
		Zero       string          `json:"zeroCount"`
		Positive   otlpBuckets     `json:"positive"`
		Min        float64         `json:"min"`
		Max        float64         `json:"max"`
	}
	otlpBuckets struct {
		Offset int      `json:"offset"`
		Counts []string `json:"bucketCounts"`
	}
	otlpAttribute struct {
		Key   string    `json:"key"`
		Value otlpValue `json:"value"`
	}
	otlpValue struct {
		String string `json:"stringValue"`
	}
)

// cumulativeSince is the temporality of sums and histograms: each counts from the start of the run. A run has one point,
// so a delta would be equal, but Prometheus refuses deltas.
const cumulativeSince = 2

// OTLP writes the run, and the changes of a verdict, as the body of one OTLP export. Without a run it has no metrics: only
// a run has a time.
func OTLP(w io.Writer, m report.Material) error {
	request := otlpRequest{ResourceMetrics: []otlpResourceMetrics{}}
	if r := m.Run; r != nil {
		about := attributes("service.name", r.Series, "plimsoll.run", r.ShortID(), "plimsoll.commit", r.Commit, "plimsoll.branch", r.Branch)
		metrics := []otlpMetric{responses(r), requests(r)}
		if m.Report != nil {
			metrics = append(metrics, verdictPoints(m.Report, r.Finished)...)
		}
		request.ResourceMetrics = append(request.ResourceMetrics, otlpResourceMetrics{
			Resource:     otlpResource{about},
			ScopeMetrics: []otlpScopeMetrics{{otlpScope{"plimsoll", report.Plain(r.Tool, maxLabel)}, metrics}},
		})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(request)
}

// attributes are names and values in turn; empty values are left out. label has bounded the longest of them.
func attributes(pairs ...string) (all []otlpAttribute) {
	for i := 0; i < len(pairs); i += 2 {
		if value := report.Plain(pairs[i+1], 2*maxLabel); value != "" {
			all = append(all, otlpAttribute{pairs[i], otlpValue{value}})
		}
	}
	return all
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// requests counts the requests of the judged rounds.
func requests(r *result.Result) otlpMetric {
	sum := &otlpSum{DataPoints: []otlpNumber{}, Temporality: cumulativeSince, Monotonic: true}
	for _, one := range report.CountedOf(r) { // the sum over the routes is all of them
		names, counts := classes(one.Counts)
		for i, name := range names {
			sum.DataPoints = append(sum.DataPoints, otlpNumber{
				Attributes: attributes("route", label(one.Route), "outcome", name),
				Start:      nanos(r.Started), Time: nanos(r.Finished), Int: strconv.FormatInt(counts[i], 10),
			})
		}
	}
	return otlpMetric{Name: "plimsoll.requests", Description: "Requests in judged rounds, by route and outcome.", Unit: "{request}", Sum: sum}
}

// responses are the response times as exponential histograms.
func responses(r *result.Result) otlpMetric {
	all := &otlpHistogram{Temporality: cumulativeSince, DataPoints: []otlpExponential{}}
	for _, one := range withAll(r) {
		if one.Counts.Response.Count() > 0 {
			point := exponential(&one.Counts.Response)
			point.Attributes, point.Start, point.Time = attributes("route", label(one.Route)), nanos(r.Started), nanos(r.Finished)
			all.DataPoints = append(all.DataPoints, point)
		}
	}
	return otlpMetric{Name: "plimsoll.response", Description: "Response times in judged rounds, by route.", Unit: "s", Exponential: all}
}

// The finest buckets are 0.27 % wide, and there are at most as many as the SDKs of OpenTelemetry make.
const (
	finestScale = 8
	mostBuckets = 160
)

// exponential converts a histogram, with the finest scale that keeps the number of buckets within the limit. Bucket i holds
// values greater than b^i and up to b^(i+1), where b is 2^(2^-scale).
func exponential(h *hist.Histogram) (point otlpExponential) {
	point = otlpExponential{Count: strconv.FormatInt(h.Count(), 10), Min: h.Min().Seconds(), Max: h.Max().Seconds(), Scale: finestScale}
	var zeros int64
	lowest, highest := math.Inf(1), 0.0
	for value, count := range h.Each {
		point.Sum += value.Seconds() * float64(count)
		if value <= 0 {
			zeros += count
			continue
		}
		lowest, highest = min(lowest, value.Seconds()), max(highest, value.Seconds())
	}
	point.Zero, point.Positive.Counts = strconv.FormatInt(zeros, 10), []string{}
	if highest == 0 {
		return point
	}
	for bucket(highest, point.Scale)-bucket(lowest, point.Scale) >= mostBuckets {
		point.Scale--
	}
	point.Positive.Offset = bucket(lowest, point.Scale)
	counts := make([]int64, bucket(highest, point.Scale)-point.Positive.Offset+1)
	for value, count := range h.Each {
		if value > 0 {
			counts[bucket(value.Seconds(), point.Scale)-point.Positive.Offset] += count
		}
	}
	for _, n := range counts {
		point.Positive.Counts = append(point.Positive.Counts, strconv.FormatInt(n, 10))
	}
	return point
}

// bucket is the index of the bucket that holds a value.
func bucket(v float64, scale int) int {
	return int(math.Ceil(math.Log2(v)*math.Exp2(float64(scale)))) - 1
}

// verdictPoints returns the outcome and the changes, with an instant as their time.
func verdictPoints(rep *report.Report, at time.Time) []otlpMetric {
	one := 1.0
	outcome := &otlpGauge{[]otlpNumber{{Attributes: attributes("outcome", rep.Verdict.Outcome.String()), Time: nanos(at), Double: &one}}}
	all := []otlpMetric{{Name: "plimsoll.verdict", Description: "1 for the outcome of the gate.", Gauge: outcome}}
	var points []otlpNumber
	for _, c := range changes(rep.Verdict) {
		points = append(points, otlpNumber{
			Attributes: attributes("route", label(c.Route), "metric", report.Key(string(c.Metric), maxLabel)), Time: nanos(at), Double: &c.Change,
		})
	}
	if len(points) > 0 {
		all = append(all, otlpMetric{
			Name: "plimsoll.change", Description: "Relative change against the baseline, by route and metric.", Unit: "1", Gauge: &otlpGauge{points},
		})
	}
	return all
}
