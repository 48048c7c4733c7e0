package locust_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// howRead is how a locustfile with one line that matters is read: told if a note has that line, else understood.
func howRead(t *testing.T, text, line string) (how string, notes []string) {
	t.Helper()
	before, _, _ := strings.Cut(text, line)
	place := fmt.Sprintf("locustfile.py:%d:", strings.Count(before, "\n")+1)
	for _, n := range drafted(t, text, nil).Notes {
		notes = append(notes, n.String())
	}
	if slices.ContainsFunc(notes, func(note string) bool { return strings.HasPrefix(note, place) }) {
		return "told", notes
	}
	return "understood", notes
}

// Every name that Locust exports is understood where a task calls it and where a class inherits from it, or a note tells
// that it is not. To import it tells nothing.
func TestEveryNameOfLocust(t *testing.T) {
	table, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	const user = "class U(HttpUser):\n  host = 'http://a.test'\n  @task\n  def t(self):\n    self.client.get('/a')\n"
	understood := 0
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		module, name, wantCalled, wantInherited := fields[0], fields[1], fields[2], fields[3]
		begin := "from locust import HttpUser, task\nfrom " + module + " import " + name + "\n"
		if _, notes := howRead(t, begin+user, "import"); len(notes) > 0 {
			t.Errorf("the import of %s from %s is told: %q", name, module, notes)
		}
		if got, notes := howRead(t, begin+user+"    "+name+"('x', 2)\n", "    "+name+"("); got != wantCalled {
			t.Errorf("a call of %s of %s is %s, want %s: %q", name, module, got, wantCalled, notes)
		}
		derived := "class G(" + name + "):\n  @task\n  def g(self): self.client.get('/g')\n"
		if strings.HasSuffix(name, "TaskSet") {
			derived += "class V(HttpUser):\n  tasks = [G]\n"
		}
		if wantInherited == "-" { // it is no class of users or tasks
			continue
		}
		got, notes := howRead(t, begin+user+derived, "class G(")
		if got != wantInherited {
			t.Errorf("a class from %s of %s is %s, want %s: %q", name, module, got, wantInherited, notes)
		}
		if got == "understood" {
			understood++
			if text := drafted(t, begin+user+derived, nil).YAML(); !strings.Contains(text, "GET /g") {
				t.Errorf("a class from %s of %s sends nothing:\n%s", name, module, text)
			}
		}
	}
	if understood < 6 {
		t.Errorf("%d classes are understood", understood)
	}
}
