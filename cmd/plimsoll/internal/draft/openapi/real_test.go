//go:build real

package openapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/openapi"
)

const root = "../../../../.."

// module downloads a Go module and returns its directory.
func module(t *testing.T, name string) string {
	t.Helper()
	command := exec.Command("go", "mod", "download", "-json", name)
	command.Dir = t.TempDir()
	out, err := command.Output()
	var at struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &at); err != nil || jsonErr != nil || at.Dir == "" {
		t.Fatalf("download %s: %v %v %s", name, err, jsonErr, at.Error)
	}
	return at.Dir
}

// start starts a server with its port as the last argument, and waits until it answers.
func start(t *testing.T, command *exec.Cmd) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for i, arg := range command.Args {
		command.Args[i] = strings.ReplaceAll(arg, "PORT", fmt.Sprint(port))
	}
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		_ = command.Process.Kill() // it may have ended
		<-ended
	})
	address = fmt.Sprintf("http://127.0.0.1:%d", port)
	for range 600 {
		if answer, err := http.Get(address); err == nil {
			_ = answer.Body.Close() // it was only to see that there is one
			return address
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v\n%s", command, err, output.Bytes())
		case <-time.After(200 * time.Millisecond):
		}
	}
	t.Fatalf("%s does not answer\n%s", command, output.Bytes())
	return ""
}

// accepted sends every operation of a description to a mock of it, also those that a profile has as comments, and
// returns the share that the mock accepts.
func accepted(t *testing.T, in draft.Input, address string) float64 {
	t.Helper()
	d, err := openapi.Each(in)
	if err != nil {
		t.Fatal(err)
	}
	good, refused := 0, map[string]int{}
	answers := try(t, d, address)
	for _, one := range answers {
		if one.Problem == "" {
			good++
			continue
		}
		if refused[one.Problem]++; refused[one.Problem] < 15 {
			t.Logf("%s: %s", one.Route, one.Problem)
		}
	}
	t.Logf("%s: %d of %d operations are accepted (%.2f %%)", in.Name, good, len(answers), 100*float64(good)/float64(len(answers)))
	if len(answers) < len(d.Rows)*98/100 {
		t.Errorf("only %d of %d operations were sent", len(answers), len(d.Rows))
	}
	return float64(good) / float64(len(answers))
}

// stripe-mock accepts what is made from Stripe's description.
func TestRealStripe(t *testing.T) {
	dir := module(t, "github.com/stripe/stripe-mock@v0.203.0")
	address := start(t, exec.Command(filepath.Join(root, "bin/tools/stripe-mock"), "-http-port", "PORT"))
	if share := accepted(t, input(t, filepath.Join(dir, "embedded/openapi/spec3.json")), address); share < 0.97 {
		t.Errorf("stripe-mock accepts %.2f %%", 100*share)
	}
}

// prism accepts what is made from GitHub's description, in chains and alone.
func TestRealGitHub(t *testing.T) {
	peers := filepath.Join(root, "testdata/peers/node_modules")
	file, err := filepath.Abs(filepath.Join(peers, "@octokit/openapi/generated/api.github.com.json"))
	if err != nil {
		t.Fatal(err)
	}
	address := start(t, exec.Command("node", filepath.Join(peers, ".bin/prism"), "mock", "-p", "PORT", "-h", "127.0.0.1", file))
	in := input(t, file)
	if share := accepted(t, in, address); share < 0.98 {
		t.Errorf("prism accepts %.2f %%", 100*share)
	}
	d, err := openapi.Draft(in)
	if err != nil {
		t.Fatal(err)
	}
	invalid, sent := 0, 0
	for _, one := range try(t, d.Filled(), address) {
		if !one.Skipped {
			sent++
		}
		if strings.HasPrefix(one.Problem, "status 4") {
			invalid++
		}
	}
	if sent < 500 || invalid > sent/50 {
		t.Errorf("of the profile, prism calls %d of %d requests invalid", invalid, sent)
	}
}

// Descriptions that others publish become profiles that are read, or a sentence.
func TestRealDescriptions(t *testing.T) {
	examples := filepath.Join(root, "testdata/peers/node_modules/@readme/oas-examples")
	ogen := filepath.Join(module(t, "github.com/ogen-go/ogen@v1.24.0"), "_testdata/examples")
	pb33f := filepath.Join(module(t, "github.com/pb33f/libopenapi@v0.42.5"), "test_specs")
	var files []string
	for _, pattern := range []string{
		examples + "/[23].[01]/json/*.json", examples + "/[23].[01]/yaml/*.yaml", ogen + "/*.json", ogen + "/*.y*ml", ogen + "/autorest/*.json",
		pb33f + "/asana.yaml", pb33f + "/docusignv3.1.json", pb33f + "/k8s.json", pb33f + "/petstorev*.json", pb33f + "/stripe*.yaml", pb33f + "/xsoar.json", pb33f + "/digitalocean.yaml",
		module(t, "github.com/moby/moby/api@v1.56.1") + "/swagger.yaml",
		module(t, "github.com/prometheus/alertmanager@v0.35.0") + "/api/v2/openapi.yaml",
		module(t, "k8s.io/kubernetes@v1.34.4") + "/api/openapi-spec/swagger.json",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Errorf("%s: there are no such files (%v)", pattern, err)
		}
		files = append(files, found...)
	}
	drafted, refused := 0, 0
	for _, file := range files {
		in := input(t, file)
		in.Open = func(path string) ([]byte, error) { return os.ReadFile(filepath.Join(filepath.Dir(file), path)) }
		begun := time.Now()
		d, err := openapi.Draft(in)
		if err != nil {
			refused++
			first, _, _ := strings.Cut(err.Error(), "\n")
			t.Logf("%s: %s", in.Name, first)
			continue
		}
		drafted++
		d.Name, d.URL = "x", "http://127.0.0.1:1"
		if !d.IsEmpty() {
			parse(t, d.Filled())
		}
		t.Logf("%s: %d of %d operations, %d tables to fill in, %v", in.Name, d.Written(), len(d.Rows), len(d.ToFill()), time.Since(begun).Round(time.Millisecond))
	}
	t.Logf("%d descriptions became profiles, %d a sentence", drafted, refused)
	if drafted < 120 || refused > 12 {
		t.Errorf("%d descriptions became profiles, and %d were refused", drafted, refused)
	}
}

// Requests drafted from Kubernetes' descriptions are valid, as another library reads the descriptions. It reads those of
// version 3: in the one of version 2, it does not follow a $ref to a body.
func TestRealKubernetes(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(module(t, "k8s.io/kubernetes@v1.34.4"), "api/openapi-spec/v3/*.json"))
	if err != nil || len(files) < 40 {
		t.Fatalf("there are %d files (%v)", len(files), err)
	}
	good, sent := 0, 0
	for _, file := range files {
		in := input(t, file)
		d, err := openapi.Each(in)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		o := newOracle(t, in, d.Path)
		server := httptest.NewServer(o)
		for _, one := range try(t, d, server.URL) {
			if sent++; one.Problem == "" {
				good++
			} else if sent-good < 20 {
				t.Logf("%s: %s %.300s", one.Route, one.Problem, o.wrong[one.Route])
			}
		}
		server.Close()
	}
	t.Logf("%d of %d requests fit", good, sent)
	if good < sent*98/100 || sent < 1000 {
		t.Errorf("%d of %d requests fit", good, sent)
	}
}
