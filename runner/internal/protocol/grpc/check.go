package grpc

import (
	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Check holds the gRPC calls of a profile against the description that the profile names, and returns what does not
// fit. Without a description it knows nothing, and the system is asked when it runs. The profile may have problems
// elsewhere. Values that come from the environment are looked at by New.
func Check(p *profile.Profile) (problems strict.Problems) {
	if p.Target.GRPC == nil || p.Target.GRPC.Described == nil {
		return nil
	}
	types, err := message.NewTypes(p.Target.GRPC.Described)
	if err != nil {
		return nil // Parse has read it already
	}
	for c := range p.AllCalls() {
		if call := plan.Outline(c); call != nil {
			t := &compiled{call: call, content: call.Content.(*plan.GRPC)}
			problems = append(problems, t.describe(types)...)
		}
	}
	return problems
}
