package godebug_test

import (
	_ "expvar" // /debug/vars
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof" // /debug/pprof
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// asService makes the test binary a service.
const asService = "GODEBUG_TEST_SERVICE"

func TestMain(m *testing.M) {
	if os.Getenv(asService) == "" {
		os.Exit(m.Run())
	}
	log.Fatal(serve())
}

// serve serves requests that wait, each path at its own line, until its input ends.
func serve() error {
	downstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go http.Serve(downstream, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(20 * time.Millisecond) }))
	var (
		lock   sync.Mutex
		shared sync.RWMutex
		pool   = make(chan bool, 8)
		jobs   = make(chan bool)
		few    = &http.Client{Transport: &http.Transport{MaxConnsPerHost: 8, MaxIdleConnsPerHost: 8}}
		many   = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
		asks   = func(c *http.Client) error {
			answer, err := c.Get("http://" + downstream.Addr().String()) // transport
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			_, err = io.Copy(io.Discard, answer.Body)
			return err
		}
	)
	for range 200 { // workers without work
		go func() {
			for range jobs {
			}
		}()
	}
	handle := func(path string, do func() error) {
		http.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			if err := do(); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	handle("/lock", func() error {
		lock.Lock() // lock
		defer lock.Unlock()
		time.Sleep(2 * time.Millisecond)
		return nil
	})
	handle("/shared", func() error {
		shared.Lock() // shared
		defer shared.Unlock()
		time.Sleep(2 * time.Millisecond)
		return nil
	})
	handle("/pool", func() error {
		pool <- true // pool
		defer func() { <-pool }()
		time.Sleep(20 * time.Millisecond)
		return nil
	})
	handle("/transport", func() error { return asks(few) })
	handle("/downstream", func() error { return asks(many) })
	handle("/sleep", func() error { time.Sleep(20 * time.Millisecond); return nil })
	handle("/parts", func() error {
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() { time.Sleep(20 * time.Millisecond) })
		}
		group.Wait()
		return nil
	})
	handle("/spin", func() error {
		for began := time.Now(); time.Since(began) < time.Millisecond; {
		}
		return nil
	})
	handle("/garbage", func() error {
		var kept [][]byte
		for range 1000 {
			kept = append(kept, make([]byte, 4000))
		}
		runtime.KeepAlive(kept)
		return nil
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); os.Exit(0) }()
	return http.Serve(l, nil)
}
