// Command ageing is a service that gets worse with time, for the tests of soaks.
//
// Every GET is answered with "ok". The fault says how the service ages.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

// The service begins with this much memory and as many open files.
const (
	memoryAtFirst = 64 << 20
	filesAtFirst  = 40
)

func main() {
	address := flag.String("address", "127.0.0.1:8000", "where to listen")
	fault := flag.String("fault", "none", "none, slows, memory, files, restarts, dies or eats")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *address, *fault); err != nil {
		fmt.Fprintln(os.Stderr, "ageing:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address, fault string) error {
	if fault == "restarts" {
		return supervise(ctx, address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	began := time.Now()
	takes := func() time.Duration { return 2 * time.Millisecond }
	if fault == "slows" {
		takes = func() time.Duration { return 2*time.Millisecond + time.Since(began)/2000 }
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(takes())
		fmt.Fprintln(w, "ok")
	})}
	go age(ctx, fault)
	go func() { // ends the process
		<-ctx.Done()
		_ = server.Close() // it is over
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// age lets the service get worse until ctx ends.
func age(ctx context.Context, fault string) {
	held := [][]byte{touched(memoryAtFirst)}
	var files []*os.File
	for range filesAtFirst {
		files = append(files, opened())
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			runtime.KeepAlive(held)
			runtime.KeepAlive(files)
			return
		case <-tick.C:
		}
		if n%10 == 0 {
			debug.FreeOSMemory() // what is in use is what is needed
		}
		switch fault {
		case "memory":
			held = append(held, touched(400<<10))
		case "files":
			if n%2 == 0 {
				files = append(files, opened())
			}
		case "eats":
			held = append(held, touched(8<<20))
		case "dies", "child":
			if n == 60 {
				os.Exit(7)
			}
		}
	}
}

// touched is memory that is really there.
func touched(size int) []byte {
	b := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		b[i] = 1
	}
	return b
}

func opened() *os.File {
	f, err := os.Open(os.DevNull)
	if err != nil {
		panic(err)
	}
	return f
}

// supervise starts a service that ends after a while, again and again.
func supervise(ctx context.Context, address string) error {
	for ctx.Err() == nil {
		child := exec.CommandContext(ctx, os.Args[0], "-address", address, "-fault", "child")
		child.Cancel = func() error { return child.Process.Signal(syscall.SIGTERM) }
		_ = child.Run() // it ends by itself
	}
	return nil
}
