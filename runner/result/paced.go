package result

import "fmt"

// Paced compares the tasks due in judged time with the tasks that began. They fall due at a user's pace or
// throughput, or at the rate of the open model. It is zero for a load without a rate.
type Paced struct {
	Due    int64 `json:"due"`    // tasks that should have begun
	Begun  int64 `json:"begun"`  // due tasks that began
	Missed int64 `json:"missed"` // due tasks that did not begin because the generator was late. The system was too slow for the others
}

// Share is the part of the rate that was reached, from 0 to 1; 1 for a load without a rate.
func (p Paced) Share() float64 {
	if p.Due == 0 {
		return 1
	}
	return float64(p.Begun) / float64(p.Due)
}

// add adds what another generator counted.
func (p *Paced) add(o Paced) {
	p.Due, p.Begun, p.Missed = p.Due+o.Due, p.Begun+o.Begun, p.Missed+o.Missed
}

// Validate returns an error if the counts are impossible.
func (p Paced) Validate() error {
	if p.Begun < 0 || p.Missed < 0 || p.Due < p.Begun || p.Due-p.Begun < p.Missed {
		return fmt.Errorf("impossible pace: of %d tasks due, %d began and %d were missed", p.Due, p.Begun, p.Missed)
	}
	return nil
}
