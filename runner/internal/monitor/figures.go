package monitor

import "time"

// figuresOf is a Source whose figures are values: they are weighted with the time that they stand for. Amounts, if it
// counts any, are added up.
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
