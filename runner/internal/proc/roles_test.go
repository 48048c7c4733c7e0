package proc_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// play is the program of a child. It reads commands, a line each, and answers each with a line.
func play(role string) {
	switch role {
	case "sleeper": // until its standard input ends
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "worker":
		work()
	case "burner": // CPU time, and then the end
		burn(150 * time.Millisecond)
	case "supervisor":
		supervise()
	case "parent": // of many sleepers
		family(os.Args[1])
	}
}

// burn uses CPU time of this process until so much is used.
func burn(much time.Duration) {
	for start := cpuTime(); cpuTime()-start < much; {
		for i := range 100_000 {
			sink += i
		}
	}
}

var sink int

func family(size string) {
	n, _ := strconv.Atoi(size)
	for range n {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "PROC_TEST_ROLE=sleeper")
		if _, err := c.StdinPipe(); err != nil { // it ends with this process
			panic(err)
		}
		if err := c.Start(); err != nil {
			panic(err)
		}
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// supervise keeps a worker that listens. It says the port first.
func supervise() {
	service := begin()
	port := service.ask("listen 0")
	fmt.Println(port)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		switch in.Text() {
		case "child":
			err := exec.Command("true").Run()
			fmt.Println(err)
		case "kill":
			_ = service.Process.Kill() // it lives, or the test fails
			_ = service.Wait()         // it was killed
			fmt.Println("killed")
		case "again":
			service = begin()
			fmt.Println(service.ask("listen " + port))
		}
	}
	_ = service.in.Close()
	_ = service.Wait() // its status does not matter
}

// begin starts a worker.
func begin() *child {
	c := &child{Cmd: exec.Command(os.Args[0])}
	c.Env = append(os.Environ(), "PROC_TEST_ROLE=worker")
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err1 != nil || err2 != nil || c.Start() != nil {
		panic("a worker did not start")
	}
	c.in, c.out = in, bufio.NewScanner(out)
	return c
}

func (c *child) ask(command string) string {
	fmt.Fprintln(c.in, command)
	c.out.Scan()
	return c.out.Text()
}

// work does what a test asks for.
func work() {
	var keep []any
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		word, argument, _ := strings.Cut(in.Text(), " ")
		switch word {
		case "pid":
			fmt.Println(os.Getpid())
		case "burn":
			d, _ := time.ParseDuration(argument)
			burn(d)
			fmt.Println("burnt")
		case "run": // a shell command, waited for
			out, err := exec.Command("sh", "-c", argument).CombinedOutput()
			fmt.Printf("%q %v\n", out, err)
		case "memory":
			n, _ := strconv.Atoi(argument)
			block := make([]byte, n)
			for i := 0; i < n; i += 4096 {
				block[i] = 1
			}
			keep = append(keep, block)
			fmt.Println(len(keep))
		case "open": // files
			n, _ := strconv.Atoi(argument)
			for range n {
				f, err := os.Open(os.DevNull)
				if err != nil {
					panic(err)
				}
				keep = append(keep, f)
			}
			fmt.Println(len(keep))
		case "write":
			fmt.Println(writeFile(argument))
		case "listen":
			fmt.Println(listen(&keep, "127.0.0.1:"+argument))
		case "listen6":
			fmt.Println(listen(&keep, "[::1]:0"))
		case "listen-any":
			fmt.Println(listen(&keep, ":0"))
		case "accept": // one, of the first listener
			c, err := keep[0].(net.Listener).Accept()
			if err != nil {
				panic(err)
			}
			keep = append(keep, c)
			fmt.Println(c.RemoteAddr())
		case "dial":
			c, err := net.Dial("tcp", argument)
			if err != nil {
				panic(err)
			}
			keep = append(keep, c)
			fmt.Println(c.LocalAddr())
		case "exit":
			return
		}
	}
}

// listen listens, and returns the port.
func listen(keep *[]any, address string) int {
	l, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	*keep = append(*keep, l)
	return l.Addr().(*net.TCPAddr).Port
}

// writeFile writes a mebibyte to a file and to its disk.
func writeFile(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if _, err := f.Write(make([]byte, 1<<20)); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}
