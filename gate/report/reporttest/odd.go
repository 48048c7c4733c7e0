package reporttest

import (
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// Odd are materials that are rare, by what is odd about them. Every form takes them.
func Odd() map[string]report.Material {
	return map[string]report.Material{
		"left out": leftOut(),
	}
}

// ordinary is a shape that is as small as one can be that is judged.
var ordinary = Shape{Routes: 3, Rounds: 12, Requests: 60, Seed: 3}

// leftOut is a verdict whose file has left out most of its comparisons.
func leftOut() report.Material {
	m := Pair(ordinary)
	m.Report.Verdict.Comparisons, m.Report.LeftOut = m.Report.Verdict.Comparisons[:3], 5
	return m
}
