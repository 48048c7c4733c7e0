package grpc_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// idleUserBytes is what a user with an open connection may cost while it does nothing: its client, its connection
// and its goroutine with the stack.
const idleUserBytes = 12 << 10

func TestIdleUsersAreSmall(t *testing.T) {
	const many = 1000 // within the usual limit of file descriptors, had it not been raised
	before := inUse()
	users := manyUsers(t, interopServerApart(t), "", "{"+unary+", message: {response_size: 200}, expect: {json: {payload: exists}}}", many)
	var idle, done sync.WaitGroup
	idle.Add(many)
	leave := make(chan struct{})
	for _, u := range users {
		done.Go(func() {
			for range 2 {
				if o := u.do(0); o.Class != tally.OK {
					t.Error(o.Error)
				}
			}
			u.client.Idle()
			idle.Done()
			<-leave
		})
	}
	idle.Wait()
	perUser := (inUse() - before) / many
	close(leave)
	done.Wait()
	t.Logf("%d bytes for each idle user", perUser)
	if perUser > idleUserBytes && !raceEnabled {
		t.Errorf("more than %d", idleUserBytes)
	}
}

// inUse is the memory in use.
func inUse() int {
	runtime.GC()
	runtime.GC() // the second empties pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}
