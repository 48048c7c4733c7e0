package result

import "fmt"

// Paced compares the tasks that a rate asked for in judged time with those that began: a pace or a
// throughput of users, or the rate of the open model. It is zero for a load without a rate.
type Paced struct {
	Due    int64 `json:"due"`    // tasks that should have begun
	Begun  int64 `json:"begun"`  // those of them that did
	Missed int64 `json:"missed"` // those that did not because the generator was late; the system's slowness caused the others
}

// Share is how much of the rate was reached, from 0 to 1; 1 where none was asked for.
func (p Paced) Share() float64 {
	if p.Due == 0 {
		return 1
	}
	return float64(p.Begun) / float64(p.Due)
}

// Validate says what is impossible about it.
func (p Paced) Validate() error {
	if p.Begun < 0 || p.Missed < 0 || p.Due < p.Begun || p.Due-p.Begun < p.Missed {
		return fmt.Errorf("impossible pace: of %d tasks due, %d began and %d were missed", p.Due, p.Begun, p.Missed)
	}
	return nil
}
