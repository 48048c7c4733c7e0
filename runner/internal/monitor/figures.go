package monitor

import "time"

// figuresOf is a Source whose figures are values: they are weighted with the time that they stand for. What it tells as
// amounts is exact over any span of time.
type figuresOf struct{ Source }

func (f figuresOf) take(now time.Time, to *Reading) {
	figures, facts, absent := f.Read(now)
	for name, value := range figures {
		to.gauge(name, value)
	}
	if c, ok := f.Source.(counter); ok {
		c.Counted(to.countedApart)
	}
	to.facts, to.absent = facts, absent
}
