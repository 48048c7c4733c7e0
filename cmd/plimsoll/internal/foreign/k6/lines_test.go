package k6_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/k6"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// point is a line as encoding/json reads it.
type point struct {
	metric, kind string
	at           time.Time
	value        float64
	tags         map[string]string
}

// byTheBook reads a line with encoding/json alone.
func byTheBook(line string) (p point, err error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(line), &all); err != nil {
		return p, err
	}
	if all == nil {
		return p, errors.New("null")
	}
	p.metric, p.kind = textOf(all["metric"]), textOf(all["type"])
	if p.kind != "Point" || p.metric != "http_req_duration" {
		return p, nil
	}
	var data map[string]json.RawMessage
	if err := json.Unmarshal(all["data"], &data); err != nil || data == nil {
		return p, errors.Join(err, errors.New("no data"))
	}
	if p.at, err = time.Parse(time.RFC3339, textOf(data["time"])); err != nil {
		return p, err
	}
	var number json.Number
	if err := json.Unmarshal([]byte(textOf(data["value"])), &number); err != nil {
		return p, err
	}
	if p.value, err = number.Float64(); err != nil {
		return p, err
	}
	var tags map[string]json.RawMessage
	if raw := data["tags"]; len(raw) > 0 {
		if err := json.Unmarshal(raw, &tags); err != nil {
			return p, err
		}
	}
	p.tags = map[string]string{}
	for key, raw := range tags {
		p.tags[key] = textOf(raw)
	}
	return p, nil
}

func textOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil && len(raw) > 0 && raw[0] == '"' {
		return text
	}
	return string(raw)
}

// FuzzLine holds a line that follows a good one against encoding/json.
func FuzzLine(f *testing.F) {
	const good = `{"metric":"http_req_duration","type":"Point","data":{"time":"2026-01-31T12:00:00.5+01:00","value":12.5,"tags":{"method":"GET","name":"http://h/a","status":"200","expected_response":"true"}}}`
	for _, line := range []string{
		good, strings.Replace(good, `"status":"200","expected_response":"true"`, `"status":"0","error":"request timeout","error_code":"1050"`, 1),
		`{"type":"Point","data":{"time":"2026-01-31T12:00:00Z","value":1e1,"tags":{"name":"\u00fc \"x\""}},"metric":"http_req_duration"}`,
		strings.Replace(good, "12.5", "-1", 1), strings.Replace(good, "12.5", `"12,5"`, 1), strings.Replace(good, "2026-01-31", "1269-01-31", 1), good[:90],
		strings.Replace(good, `"tags":{`, `"tags":null,"x":{`, 1), strings.Replace(good, "GET", "GET\x01", 1), good + good, `{"metric":"http_reqs","type":"Point"}`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\n\r") || strings.TrimSpace(line) == "" || strings.Count(line, "{")+strings.Count(line, "[") > 90 {
			return
		}
		r, err := read(good + "\n" + line + "\n")
		want, wantErr := byTheBook(line)
		if wantErr == nil && (want.kind != "Point" || want.metric != "http_req_duration") {
			return // other lines are not read to their end
		}
		if wantErr != nil {
			if err == nil && r.Tally.Total().Requests() != 1 && !strings.Contains(line, ",") { // a decimal comma is taken
				t.Fatalf("%q: was counted, want %v", line, wantErr)
			}
			return
		}
		took := time.Duration(want.value * 1e6)
		possible := took >= 0 && took < 300*24*time.Hour && want.at.Year() >= 1971 && want.at.Year() < 2199
		if !possible {
			return
		}
		if err != nil {
			if strings.Contains(err.Error(), "more than a year") {
				return
			}
			t.Fatalf("%q: got %v", line, err)
		}
		total := r.Tally.Total()
		if total.Requests() != 2 {
			t.Fatalf("%q: got %d requests", line, total.Requests())
		}
		other := max(total.Response.Max()-12500*time.Microsecond, 12500*time.Microsecond-total.Response.Min())
		if off := other - (took - 12500*time.Microsecond); took > 12500*time.Microsecond && (off < -1 || off > 1) {
			t.Fatalf("%q: the other request took %v more, want %v", line, other, took)
		}
	})
}

// read reads JSON lines.
func read(text string) (*result.Result, error) {
	reader, sink := k6.Format().New(), &foreign.Sink{}
	head := []byte(text[:min(len(text), 4096)])
	if err := reader.Read(&foreign.File{Name: "k6.json", Reader: strings.NewReader(text), Head: head}, sink); err != nil {
		return nil, err
	}
	if err := reader.End(sink); err != nil {
		return nil, err
	}
	return sink.Result(k6.Format(), foreign.Identity{Identity: result.Identity{Series: "k6"}})
}

// many are JSON lines as k6 writes them for a request, n times.
func many(n int) []byte {
	var b bytes.Buffer
	began := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for i := range n {
		at := began.Add(time.Duration(i) * 5 * time.Millisecond).Format(time.RFC3339Nano)
		tags := fmt.Sprintf(`"tags":{"expected_response":"true","group":"","method":"GET","name":"http://127.0.0.1:8080/items/%d","proto":"HTTP/1.1","scenario":"default","status":"200","url":"http://127.0.0.1:8080/items/%[1]d"}`, i%7)
		for k, metric := range []string{
			"http_reqs", "http_req_duration", "http_req_blocked", "http_req_connecting", "http_req_tls_handshaking", "http_req_sending", "http_req_waiting", "http_req_receiving", "http_req_failed",
		} {
			fmt.Fprintf(&b, `{"metric":%q,"type":"Point","data":{"time":%q,"value":%d.%03d,%s}}`+"\n", metric, at, k+i%90, i%1000, tags)
		}
	}
	return b.Bytes()
}

func BenchmarkLines(b *testing.B) {
	text := many(20_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		reader, sink := k6.Format().New(), &foreign.Sink{}
		if err := reader.Read(&foreign.File{Name: "k6.json", Reader: bytes.NewReader(text), Head: text[:4096]}, sink); err != nil {
			b.Fatal(err)
		}
	}
}
