package scan_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign/scan"
)

// Object accepts exactly the objects that encoding/json accepts, with the same members.
func FuzzObject(f *testing.F) {
	for _, text := range []string{
		`{}`, ` {"a":1} `, `{"a":[1,2,{"b":null}],"c":"\u00fc\n","d":-0.5e+3}`, `{"a":1,"a":2}`, `{"a"`, `{"a":}`, `{"a":01}`, `{"a":1.}`, `{"a":"` + "\x01" + `"}`,
		`{"a":tru}`, `{"a":1}x`, `[1]`, `null`, ``, `{"a":"\ud800"}`, "{\"\xff\":1}", `{"a":-}`, `{"a":1e}`, `{,}`, `{"a":[1,]}`, `{"a":[}`, `{"\u0061":1}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got := map[string]string{}
		err := scan.Object(text, func(key, value []byte) error {
			got[string(key)] = string(scan.Text(value))
			return nil
		})
		var want map[string]json.RawMessage
		wantErr := json.Unmarshal(text, &want)
		if wantErr == nil && want == nil {
			wantErr = errors.New("null is no object")
		}
		if (err == nil) != (wantErr == nil) && bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) < 90 {
			t.Fatalf("%q: got %v, want %v", text, err, wantErr)
		}
		if err != nil {
			return
		}
		if len(got) != len(want) {
			t.Fatalf("%q: got %q, want %q", text, got, want)
		}
		for key, raw := range want {
			value := string(raw)
			var unquoted string
			if raw[0] == '"' && json.Unmarshal(raw, &unquoted) == nil {
				value = unquoted
			}
			if got[key] != value {
				t.Fatalf("%q: %q is %q, want %q", text, key, got[key], value)
			}
		}
	})
}

// A prefix of an object is cut, not wrong.
func TestObjectCut(t *testing.T) {
	const whole = `{"a":[1,2,{"b":null}],"c":"\u00fc\n","d":-0.5e+3,"e":true}`
	for n := range len(whole) {
		if err := scan.Object([]byte(whole[:n]), func(_, _ []byte) error { return nil }); !errors.Is(err, scan.ErrCut) {
			t.Errorf("%s: got %v, want ErrCut", whole[:n], err)
		}
	}
}

// Tables give the cells that encoding/csv gives.
func FuzzTable(f *testing.F) {
	for _, text := range []string{"a,b\n1,2\n", "a,b\r\n\"x,\"\"y\",2\r\n", "a;b\n1;2\n", "a,b\n\"two\nlines\",2\n", "a\n\"", "a,b\n\"x\"y,2\n", "a,b\n\n1,2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := scan.NewLines(strings.NewReader(text))
		table := scan.Without(lines, ',')
		var got [][]string
		var err error
		for {
			var cells [][]byte
			if cells, err = table.Next(); err != nil {
				break
			}
			row := make([]string, len(cells))
			for i := range cells {
				row[i] = string(cells[i])
			}
			got = append(got, row)
		}
		reader := csv.NewReader(strings.NewReader(text))
		reader.FieldsPerRecord = -1
		want, wantErr := reader.ReadAll()
		if wantErr != nil || strings.Contains(text, "\r") || !errors.Is(err, io.EOF) { // encoding/csv is stricter about quotes, and drops \r
			return
		}
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("%q: got %q, want %q", text, got, want)
		}
	})
}

func TestTable(t *testing.T) {
	for text, want := range map[string]string{
		"a,b\n1,2\n":                     "[[1 2]]",
		"a,b\r\n\"x,\"\"y\",2\r\n":       `[[x,"y 2]]`,
		"a;b\n1,5;2\n":                   "[[1,5 2]]",
		"a\tb\n1\t2":                     "[[1 2]]",
		"a,b\n\"two\nlines\",2\n\n,\n":   "[[two\nlines 2] [ ]]",
		"a,b\n\"x\"y,2\n":                `[] line 2: "y,2" follows a quoted cell`,
		"a,b\n\"never ends,2\n3,4\n":     "[] line 3: a quoted cell has no end: it ends in the middle",
		strings.Repeat(",", 2000) + "\n": "[] line 1: it has more than 1000 cells",
	} {
		lines := scan.NewLines(strings.NewReader(text))
		got := "["
		table, err := scan.NewTable(lines, ",;\t")
		for first := true; err == nil; first = false {
			var cells [][]byte
			if cells, err = table.Next(); err == nil {
				if !first {
					got += " "
				}
				got += fmt.Sprintf("%s", cells)
			}
		}
		got += "]"
		if !errors.Is(err, io.EOF) {
			if got += " "; !strings.HasPrefix(err.Error(), "line") {
				got += fmt.Sprintf("line %d: ", lines.Number)
			}
			got += err.Error()
		}
		if got != want {
			t.Errorf("%.40q: got %s, want %s", text, got, want)
		}
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 600<<10)
	lines := scan.NewLines(strings.NewReader("a\r\n\n" + long + "\nend"))
	for i, want := range []string{"a", "", long, "end"} {
		got, err := lines.Next()
		if err != nil || string(got) != want || lines.Number != i+1 || lines.Open != (i == 3) {
			t.Errorf("line %d: got %d bytes %.10q, %v, open %t", i+1, len(got), got, err, lines.Open)
		}
	}
	if _, err := lines.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: got %v", err)
	}
	if _, err := scan.NewLines(strings.NewReader(strings.Repeat("x", 2<<20))).Next(); err == nil || !strings.Contains(err.Error(), "it is longer than 1024 KiB") {
		t.Errorf("an endless line: got %v", err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, strings.Repeat("line\n", 1000))
	z.Close()
	unpacked, err := gzip.NewReader(bytes.NewReader(b.Bytes()[:b.Len()-9]))
	if err != nil {
		t.Fatal(err)
	}
	for cut := scan.NewLines(unpacked); err == nil; {
		_, err = cut.Next()
	}
	if !errors.Is(err, scan.ErrCut) {
		t.Errorf("gzip that was cut: got %v", err)
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]float64{"1": 1, "-2.5": -2.5, "1e3": 1000, "1,5": 1.5, "0.0": 0, "382,011488": 382.011488, "0,125": 0.125, "-1,25": -1.25} {
		if got, err := scan.Float([]byte(text)); err != nil || got != want {
			t.Errorf("%s is %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "NaN", "Inf", "-inf", "1,234", "-12,345", "1,234,567", "1.234,5", "x", "1.2.3", "1e999"} {
		if got, err := scan.Float([]byte(text)); err == nil {
			t.Errorf("%q is %v, want an error", text, got)
		}
	}
	for _, text := range []string{"", "-", "1.5", "9223372036854775808", "1x", "+1x"} {
		if got, err := scan.Int([]byte(text)); err == nil {
			t.Errorf("%q is %v, want an error", text, got)
		}
	}
	for text, want := range map[string]time.Duration{
		"635.91us": 635910, "0.89ms": 890_000, "1.02s": 1_020_000_000, "1.00m": time.Minute, "2h": 2 * time.Hour, "1.0073secs": 1_007_300_000, "12ns": 12, "900.00µs": 900_000, "900.00μs": 900_000, "5,80ms": 5_800_000,
	} {
		if got, err := scan.Quantity(text); err != nil || got != want {
			t.Errorf("%s is %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "-nanus", "x ms"} {
		if got, err := scan.Quantity(text); err == nil {
			t.Errorf("%q is %v, want an error", text, got)
		}
	}
	const at = 1_767_225_600
	for n, want := range map[int64]int64{at: at * 1e9, at * 1e3: at * 1e9, at * 1e6: at * 1e9, at * 1e9: at * 1e9} {
		if got, err := scan.Since1970(n); err != nil || got != want {
			t.Errorf("%d is %v, %v, want %v", n, got, err, want)
		}
	}
	for n, want := range map[int64]string{0: "0 lies in the year 1970, as a number of seconds", 12345: "the year 1970", 5e11: "the year 1985, as a number of milliseconds", -1: "-1 is no time since 1970"} {
		if got, err := scan.Since1970(n); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d is %v, %v, want an error with %q", n, got, err, want)
		}
	}
	if _, err := scan.Times(1e300, time.Second); err == nil {
		t.Error("1e300 s is a time")
	}
}
