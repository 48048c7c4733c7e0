// Package kubernetes gives tests a real Kubernetes, and images for its pods.
//
// KUBECONFIG names a cluster. Without it Start starts one of a single node on this machine, from the program that
// .github/kubernetes builds: real containers with addresses of their own, in namespaces that end with the test, even if
// the test is killed. Those pods reach this machine and each other, and nothing else. It needs root and Linux;
// .github/kubernetes/able.sh says what is missing. BuildImage makes an image from a Dockerfile without Docker.
package kubernetes

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Cluster is a Kubernetes.
type Cluster struct {
	Host string // the address of this machine, as pods reach it
	Own  bool   // it was started by Start, so that the test may stop parts of it and look into it

	run     string   // where its state is; empty unless Own
	kubectl []string // the beginning of a command line
}

// patience bounds each command, and the start and the end of a cluster.
const patience = 3 * time.Minute

// Start gives a cluster that ends with the test. One that it starts knows the images of the directory, one of them
// plimsoll.test/pause:1, as tar files; any other has to get them by itself. program is what .github/kubernetes builds,
// and scripts is that directory.
func Start(t testing.TB, scripts, program, images string) *Cluster {
	t.Helper()
	if os.Getenv("KUBECONFIG") != "" {
		host := os.Getenv("PLIMSOLL_TEST_HOST")
		if host == "" {
			t.Fatal("KUBECONFIG names a cluster: also set PLIMSOLL_TEST_HOST to the address at which its pods reach this machine")
		}
		return &Cluster{Host: host, kubectl: []string{"kubectl"}}
	}
	run := t.TempDir()
	began := time.Now()
	c := &Cluster{Own: true, run: run, kubectl: []string{program, "kubectl", "--kubeconfig", filepath.Join(run, "kubeconfig")}}
	command := exec.Command(filepath.Join(scripts, "cluster.sh"))
	command.Env = append(os.Environ(), "KUBERNETES="+program, "IMAGES="+images, "RUN="+run)
	var log bytes.Buffer
	command.Stderr = &log
	command.WaitDelay = 10 * time.Second
	lifeline, ours, err := os.Pipe() // not StdinPipe, which Wait would close
	if err != nil {
		t.Fatal(err)
	}
	command.Stdin = lifeline
	said, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = lifeline.Close() // the child has its own
	first := make(chan string, 1)
	go func() { // ends with the cluster's output
		line, _ := bufio.NewReader(said).ReadString('\n') // without a line it is empty
		first <- strings.TrimSpace(line)
	}()
	t.Cleanup(func() {
		_ = ours.Close() // this ends the cluster
		overdue := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
		defer overdue.Stop()
		if err := command.Wait(); err != nil {
			t.Errorf("the cluster did not end well: %v\n%s", err, log.Bytes())
		}
	})
	select {
	case line := <-first:
		net, ready := strings.CutPrefix(line, "ready ")
		if !ready {
			t.Fatalf("the cluster did not start: %s\n%s", line, log.Bytes())
		}
		c.Host = net + ".1"
	case <-time.After(patience):
		t.Fatalf("the cluster was not ready within %v\n%s", patience, log.Bytes())
	}
	t.Logf("Kubernetes was ready in %.1f s, and reaches this machine at %s", time.Since(began).Seconds(), c.Host)
	return c
}

// Kubectl runs kubectl and returns what it printed. The test fails if it fails.
func (c *Cluster) Kubectl(t testing.TB, args ...string) string {
	t.Helper()
	output, err := c.Try(args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

// Try is Kubectl for what may fail.
func (c *Cluster) Try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	line := slices.Concat(c.kubectl, args)
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, line[0], line[1:]...)
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if err != nil {
		return stderr.String(), err
	}
	return stdout.String(), nil
}

// Kubelet is the process of the kubelet. The cluster must be Own.
func (c *Cluster) Kubelet() (int, error) {
	all, err := processes(func(p process) bool {
		return slices.Contains(p.arguments, "--root-dir="+filepath.Join(c.run, "state", "kubelet"))
	})
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("there are %d kubelets, not one", len(all))
	}
	if err != nil {
		return 0, err
	}
	return all[0], nil
}

// Containers lists the processes on this machine whose environment has all of the variables, NAME=value.
func Containers(variables ...string) ([]int, error) {
	return processes(func(p process) bool {
		for _, variable := range variables {
			if !slices.Contains(p.environment, variable) {
				return false
			}
		}
		return true
	})
}

// process is what /proc tells of one.
type process struct{ arguments, environment []string }

// processes lists those that are wanted. One that ends meanwhile is not there.
func processes(wanted func(process) bool) (found []int, err error) {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("/proc lists no process")
	}
	for _, dir := range all {
		arguments, err1 := os.ReadFile(filepath.Join(dir, "cmdline"))
		environment, err2 := os.ReadFile(filepath.Join(dir, "environ"))
		if err1 != nil || err2 != nil {
			continue
		}
		if wanted(process{strings.Split(string(arguments), "\x00"), strings.Split(string(environment), "\x00")}) {
			pid, err := strconv.Atoi(filepath.Base(dir))
			if err != nil {
				return nil, err
			}
			found = append(found, pid)
		}
	}
	return found, nil
}
