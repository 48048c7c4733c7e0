package proc_test

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
)

// TestMain lets the test's own program be the children that the tests watch.
func TestMain(m *testing.M) {
	if role := os.Getenv("PROC_TEST_ROLE"); role != "" {
		play(role)
		return
	}
	os.Exit(m.Run())
}

// child is a process that a test started. It ends with its standard input.
type child struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// start starts this program in a role.
func start(t testing.TB, role string, args ...string) *child {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), "PROC_TEST_ROLE="+role)
	started := run(t, c)
	if started == nil {
		t.Fatal("it may not be started")
	}
	return started
}

// run starts a command as a child. It returns nil if this user has no right to.
func run(t testing.TB, command *exec.Cmd) *child {
	t.Helper()
	c := &child{Cmd: command}
	c.Stderr = os.Stderr
	var err error
	if c.in, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewScanner(out)
	if err := c.Start(); errors.Is(err, fs.ErrPermission) {
		return nil
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.in.Close() // it may have ended
		_ = c.Wait()     // its status does not matter
	})
	return c
}

// line sends a command, if there is one, and returns the child's next line.
func (c *child) line(t testing.TB, command string) string {
	t.Helper()
	if command != "" {
		if _, err := io.WriteString(c.in, command+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	if !c.out.Scan() {
		t.Fatalf("the child ended: %v", c.out.Err())
	}
	return c.out.Text()
}

func number(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// follow returns a tree of a process of this machine.
func follow(t testing.TB, pid int) *proc.Tree {
	t.Helper()
	r := proc.NewReader("/")
	tree, err := r.Tree(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close(); r.Close() })
	return tree
}

// search samples a tree after a search of all processes.
func search(tree *proc.Tree) proc.Sample {
	tree.Search()
	return *tree.Sample(time.Now())
}

// followMachine returns a tree of a process of this machine, and a function that reads the machine.
func followMachine(t testing.TB, pid int) (*proc.Tree, func() *proc.Machine) {
	t.Helper()
	r := proc.NewReader("/")
	tree, err := r.Tree(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close(); r.Close() })
	m := &proc.Machine{}
	return tree, func() *proc.Machine {
		r.Machine(m)
		return m
	}
}
