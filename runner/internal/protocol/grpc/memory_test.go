package grpc_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// idleUserBytes is what a user with an open connection may cost while it does nothing: its client, its connection
// and its goroutine with the stack.
const idleUserBytes = 9 << 10 // and twice the heap's part in resident memory, between two garbage collections

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

// When an idle user ends its calls, those of others on the shared connection go on.
func TestRestedUserCutsNobodyOff(t *testing.T) {
	url := rawServer(t, nil, func(r *raw, s uint32) {
		r.begin(s)
		if r.nth > 0 {
			time.Sleep(100 * time.Millisecond)
		}
		r.data(s, message(0, ""), 99)
		r.end(s, ok, "0")
	})
	made, f := describedClients(t, url, ", connections: shared 1", "{"+described+"}")
	var users []*user
	for i := range 2 {
		users = append(users, userOf(t, made, f, datagen.New(made).User(i, 0)))
	}
	first, end := context.WithCancel(t.Context())
	if o := users[0].client.Do(first, made.Calls[0], users[0].values); o.Class != tally.OK {
		t.Fatal(o.Error)
	}
	users[0].client.Idle()
	time.AfterFunc(20*time.Millisecond, end)
	if o := users[1].do(0); o.Class != tally.OK {
		t.Errorf("cut off by another user's end: %v %q", o.Class, o.Error)
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
