package junit

import (
	"encoding/xml"
	"strconv"
	"time"
)

// document is the root of the file.
type document struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Time     string   `xml:"time,attr"`
	Suites   []*suite `xml:"testsuite"`
}

// sum adds up the suites.
func (d *document) sum() {
	var took time.Duration
	for _, s := range d.Suites {
		d.Tests, d.Failures = d.Tests+s.Tests, d.Failures+s.Failures
		took += s.took
		s.Time = seconds(s.took)
	}
	d.Time = seconds(took)
}

type suite struct {
	Name      string     `xml:"name,attr"`
	Tests     int        `xml:"tests,attr"`
	Failures  int        `xml:"failures,attr"`
	Errors    int        `xml:"errors,attr"`
	Skipped   int        `xml:"skipped,attr"`
	Time      string     `xml:"time,attr"`
	Timestamp string     `xml:"timestamp,attr,omitempty"`
	Hostname  string     `xml:"hostname,attr,omitempty"`
	Cases     []testcase `xml:"testcase"`

	took  time.Duration
	taken map[string]bool // names of cases
}

// unique returns a name that no other case of the suite has.
func (s *suite) unique(name string) string {
	one := name
	for n := 2; s.taken[one]; n++ {
		one = name + " " + strconv.Itoa(n)
	}
	s.taken[one] = true
	return one
}

type testcase struct {
	Classname string `xml:"classname,attr"`
	Name      string `xml:"name,attr"`
	Time      string `xml:"time,attr,omitempty"`
	Failure   *note  `xml:"failure"`
	Skipped   *note  `xml:"skipped"`
}

type note struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}
