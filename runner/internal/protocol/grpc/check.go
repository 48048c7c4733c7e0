package grpc

import (
	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Check compares the gRPC calls of a profile with the description that the profile names, and returns what does not
// fit. Without a description it finds nothing: the system is asked once it runs. The profile may have problems
// elsewhere. New checks values from the environment.
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
