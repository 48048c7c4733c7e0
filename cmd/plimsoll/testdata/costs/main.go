// Command costs is a service for cost_test.go, whose CPU time is easily told wrong.
//
//	costs ADDRESS WORK SLEEP LATE ALONE FAILS
//
// Each GET computes for WORK, sleeps for SLEEP, and computes for LATE after its answer; 100 ms or more of that is done once
// at a time, by whoever comes first. Besides, the service computes for
// ALONE of each 10 ms, whether it is asked or not. One of FAILS requests fails at once, without any work; 0 for none.
package main

import (
	"crypto/sha256"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	var spans [4]time.Duration
	for i := range spans {
		var err error
		if spans[i], err = time.ParseDuration(os.Args[2+i]); err != nil {
			log.Fatal(err)
		}
	}
	fails, err := strconv.ParseInt(os.Args[6], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	work, sleep, late, alone := spans[0], spans[1], spans[2], spans[3]
	if alone > 0 {
		go func() {
			for range time.Tick(10 * time.Millisecond) {
				burn(alone)
			}
		}()
	}
	var asked atomic.Int64
	var long sync.Mutex
	log.Fatal(http.ListenAndServe(os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := asked.Add(1); fails > 0 && r.URL.Path != "/ready" && n%fails == 0 {
			http.Error(w, "broken", http.StatusInternalServerError)
			return
		}
		burn(work)
		time.Sleep(sleep)
		switch {
		case late >= 100*time.Millisecond && long.TryLock():
			go func() { defer long.Unlock(); burn(late) }()
		case late > 0 && late < 100*time.Millisecond:
			go burn(late)
		}
	})))
}

// burn computes about as much as a core does in some time: always the same, however busy the machine is.
func burn(d time.Duration) {
	sum := sha256.Sum256(nil)
	for range d / (125 * time.Nanosecond) {
		sum = sha256.Sum256(sum[:])
	}
}
