package capacity

import "github.com/plimsoll-ci/plimsoll/gate/bottleneck"

// Schema is the version of the JSON form of a Report.
const Schema = 1

// Report is the outcome of a search, and the target and limits that it was for.
type Report struct {
	Schema int      `json:"schema"`
	Series string   `json:"series"`
	Commit string   `json:"commit,omitempty"`
	Target string   `json:"target"`
	Tool   string   `json:"tool"`
	SLO    []string `json:"slo"`
	Claim
	// Bottleneck is what the system's throughput stops at; nil if the trials do not tell.
	Bottleneck *bottleneck.Finding `json:"bottleneck,omitempty"`
}
