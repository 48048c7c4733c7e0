package sides

import (
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Copies makes two systems of one checkout: the one that ages, and a fresh copy of the same build. They must not listen
// at one address.
func Copies(j *job.Job, id result.Identity) (aging, fresh runner.System, err error) {
	if j.Target.Start == nil {
		return aging, fresh, exit.BadInput("the system is not started here, so there is no fresh process to compare the aged one with: write target.start, or gate: {soak: {aged: false}}")
	}
	one, err := j.Plan()
	if err != nil {
		return aging, fresh, err
	}
	another, err := j.PlanBase()
	if err != nil {
		return aging, fresh, err
	}
	if one.Target.URL == another.Target.URL && one.Target.Socket == another.Target.Socket {
		return aging, fresh, exit.BadInput("the aged process and a fresh one would both listen at %s: write ${port} into target.url and target.start to give each its own port, or ${side} into target.socket, or gate: {soak: {aged: false}}", one.Target.Shown)
	}
	if one.Target.GRPC.URL == another.Target.GRPC.URL && one.Target.GRPC.URL != one.Target.URL {
		return aging, fresh, exit.BadInput("gRPC of the aged process and of a fresh one would be at %s: write ${port.grpc} into target.grpc.url and target.start to give each its own port, or gate: {soak: {aged: false}}", one.Target.GRPC.Shown)
	}
	return runner.System{Plan: one, Dir: j.Dir, Identity: id}, runner.System{Plan: another, Dir: j.Dir, Identity: id}, nil
}
