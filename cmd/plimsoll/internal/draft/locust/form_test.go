package locust_test

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/locust"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script/scripttest"
)

const top = "from locust import *\nimport random, time, os, json, uuid, re\n"

// drafted is the draft of a locustfile.
func drafted(t *testing.T, text string, files scripttest.Files) *draft.Draft {
	t.Helper()
	d, err := locust.Draft(draft.Input{Name: "locustfile.py", Data: []byte(text), Open: files.Open})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return d
}

// task is a locustfile with one task.
func task(body string) string {
	return top + "class U(HttpUser):\n  host = 'http://a.test'\n  @task\n  def t(self):\n    " + strings.ReplaceAll(body, "\n", "\n    ") + "\n"
}

// Each script becomes these words of a profile.
func TestWords(t *testing.T) {
	for name, c := range map[string]struct {
		text       string
		want, none []string
		notes      string
	}{
		"waits":                           {top + "class U(HttpUser):\n  wait_time = between(0.5, 2)\n  tasks = [lambda u: u.client.get('/')]\n", []string{"wait: 500ms..2s"}, nil, ""},
		"constant_throughput":             {top + "class U(HttpUser):\n  wait_time = constant_throughput(0.5)\n  @task\n  def t(self): self.client.get('/')\n", []string{"wait: throughput 0.5/s"}, nil, ""},
		"old waits":                       {"from locust import HttpLocust, TaskSet\ndef index(l):\n  l.client.get('/')\nclass T(TaskSet):\n  tasks = {index: 2}\nclass U(HttpLocust):\n  task_set = T\n  min_wait = 500\n  max_wait = 1500\n", []string{"wait: 500ms..1500ms", "weight: 2"}, nil, ""},
		"wait_time as a method":           {top + "class U(HttpUser):\n  def wait_time(self):\n    return random.uniform(1, 3)\n  @task\n  def t(self): self.client.get('/')\n", []string{"wait: 1s..3s"}, nil, ""},
		"weights of users":                {top + "class A(HttpUser):\n  weight = 3\n  @task\n  def t(self): self.client.get('/a')\nclass B(A):\n  weight = 1\n  fixed_count = 2\n  @task(4)\n  def u(self): self.client.get('/b')\n", []string{"weight: 3", "fixed: 2", "weight: 4"}, nil, ""},
		"an abstract class":               {top + "class A(HttpUser):\n  abstract = True\n  host = 'http://a.test/v1'\n  @task\n  def t(self): self.client.get('/a')\nclass B(A): pass\n", []string{"name: B", "url: http://a.test/v1"}, []string{"name: A"}, ""},
		"TaskSets nobody leaves":          {top + "class S(TaskSet):\n  @task\n  def t(self): self.client.get('/s')\nclass T(TaskSet):\n  @task\n  def t(self): self.client.get('/t')\nclass U(HttpUser):\n  tasks = {S: 3, T: 1}\n", []string{"name: U S", "name: U T", "weight: 3"}, nil, ""},
		"a list of weighted tasks":        {top + "def a(u): u.client.get('/a')\ndef b(u): u.client.get('/b')\nclass U(HttpUser):\n  tasks = [a, a, b]\n", []string{"weight: 2"}, nil, ""},
		"format, % and +":                 {task("self.client.get('/a/{}'.format(1) + '/%s/%d' % ('x', 2) + '/' + str(3))"), []string{"http: GET /a/1/x/2/3"}, nil, ""},
		"data of a form and JSON":         {task("self.client.post('/f', data={'a': 1, 'b': ['x', 'y']})\nself.client.put('/j', json={'a': None, 'b': True, 'c': 1.5, 'd': [1, 'x']})"), []string{"form: {a: \"1\", b: [x, \"y\"]}", "json: {a: null, b: true, c: 1.5, d: [1, x]}"}, nil, ""},
		"parameters":                      {task("self.client.get('/s', params={'q': 'a b', 'n': random.randint(1, 9), 'l': [1, 2]}, name='search')"), []string{"GET /s?q=a+b&n=${int(1,9)}&l=1&l=2", "name: search"}, nil, ""},
		"a choice":                        {task("self.client.get('/c/' + random.choice(['x', 'y']))"), []string{"list: [x, \"y\"], order: random", "GET /c/${data."}, nil, ""},
		"one value used twice":            {task("n = random.randint(1, 5)\nself.client.get(f'/a/{n}')\nself.client.get(f'/b/{n}')"), []string{"/a/${data.number.value}", "/b/${data.number.value}"}, nil, ""},
		"a loop":                          {task("for i in range(5):\n  self.client.get('/x')\n  time.sleep(1)"), []string{"repeat: 5", "wait: 1s"}, nil, ""},
		"a loop that counts":              {task("for i in range(3):\n  self.client.get(f'/x/{i}')"), []string{"GET /x/0", "GET /x/1", "GET /x/2"}, []string{"repeat"}, ""},
		"a drawn number of times":         {task("for _ in range(random.randint(2, 4)):\n  self.client.get('/x')"), []string{"repeat: \"2..4\""}, nil, ""},
		"a chance":                        {task("if random.random() < 0.25:\n  self.client.get('/rare')\nelse:\n  self.client.get('/often')"), []string{"if: {data.dice: \"<= 25\"}", "if: {data.dice: \"> 25\"}"}, nil, ""},
		"a condition on an answer":        {task("r = self.client.get('/a')\nif r.json()['state'] == 'open':\n  self.client.post('/close')"), []string{"save: {state: state}", "if: {state: open}"}, nil, ""},
		"what fails":                      {task("with self.client.get('/a', catch_response=True) as r:\n  if r.status_code != 201:\n    r.failure('x')\n  elif r.json()['n'] < 3:\n    r.failure('y')\n  elif 'ok' not in r.text:\n    r.failure('z')\n  elif r.elapsed.total_seconds() > 0.5:\n    r.failure('slow')"), []string{"status: 201", "json: {\"n\": \">= 3\"}", "text: ok", "within: 500ms"}, nil, ""},
		"a status that is accepted":       {task("with self.client.get('/a', catch_response=True) as r:\n  if r.status_code == 404:\n    r.success()"), []string{"status: [200, 404]"}, nil, ""},
		"the address as path":             {task("self.client.post(path='/p', data='x')\nself.client.request('PUT', path='/q')"), []string{"POST /p", "PUT /q"}, nil, ""},
		"an address that is set later":    {task("place = None\nself.client.get(place)\nself.client.get('/a')"), []string{"# - http: GET /"}, []string{"None"}, "it has no address yet when the script begins"},
		"basic authentication":            {task("self.client.get('/a', auth=('ada', 'abcdef')); self.client.get('/b', auth=('bob', 'abcdef')); self.client.get('/c', auth=('ada', 'abcdef'))"), []string{"GET /a\n            headers: {Authorization: \"Basic ${env.API_BASIC}\"}", "GET /b\n            headers: {Authorization: \"Basic ${env.API_BASIC_2}\"}", "GET /c\n            headers: {Authorization: \"Basic ${env.API_BASIC}\"}"}, []string{"YWRh", "abcdef"}, ""},
		"secrets":                         {task("self.client.get('/a', headers={'Authorization': 'Bearer abcdef123456', 'X-Api-Key': 'abcdef123456'})"), []string{"Bearer ${env.API_TOKEN}", "X-Api-Key: \"${env.API_KEY}\""}, []string{"abcdef"}, ""},
		"the environment":                 {task("self.client.get('/' + os.environ['TENANT'] + '/' + os.getenv('REGION', 'eu'))"), []string{"GET /${env.TENANT}/eu"}, nil, ""},
		"dollars":                         {task("self.client.post('/a', data='cost: ${x} $', headers={'X': '${y}'})"), []string{"$${x} $", "$${y}"}, nil, ""},
		"another host":                    {task("self.client.get('/a')\nself.client.get('/b')\nimport requests\nrequests.get('http://b.test/c')"), []string{"# - http: GET http://b.test/c"}, nil, "goes to another host"},
		"a session of its own":            {task("from locust.clients import HttpSession\nHttpSession('http://a.test/v1', None, None).get('/a')\nHttpSession(base_url='http://a.test/v2', request_event=None, user=None).get('/b')"), []string{"GET /v1/a", "GET /v2/b"}, nil, ""},
		"a fast session of its own":       {task("from locust.contrib.fasthttp import FastHttpSession\nFastHttpSession(self.environment, 'http://a.test/v1', self).get('/a')\nself.client.get('/b')"), []string{"GET /v1/a", "GET /b"}, nil, ""},
		"a session for another host":      {task("from locust.clients import HttpSession\nself.client.get('/a')\nself.client.get('/b')\nHttpSession('http://b.test').get('/c')"), []string{"GET /a", "# - http: GET http://b.test/c"}, nil, "goes to another host"},
		"a value that is not known":       {task("self.client.get('/a')\nself.client.get('/b/' + open('none').read())"), []string{"GET /a", "# - http: GET /b/"}, nil, "locustfile.py:8:17: http GET /b/ is a comment: its address holds the content of a file that is not beside the script (line 8)"},
		"a statement that is passed over": {top + "print 'x'\nclass U(HttpUser):\n  @task\n  def t(self): self.client.get('/')\n", []string{"GET /"}, nil, "locustfile.py:3:7: this statement is not read"},
		"a value of another task":         {top + "class U(HttpUser):\n  @task\n  def make(self):\n    self.id = self.client.post('/x').json()['id']\n  @task\n  def read(self):\n    self.client.get(f'/x/{self.id}')\n", []string{"POST /x", "GET /x/${id}"}, nil, "the request that answers it is made here first"},
		"stages": {top + "class S(LoadTestShape):\n  stages = [{'duration': 60, 'users': 10, 'spawn_rate': 1}, {'duration': 120, 'users': 20, 'spawn_rate': 100}]\n  def tick(self): pass\nclass U(HttpUser):\n  @task\n  def t(self): self.client.get('/')\n",
			[]string{"{users: 10, for: 10s}", "{users: 10, for: 50s}", "{users: 20, for: 100ms}", "{users: 20, for: 59900ms}"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := drafted(t, c.text, scripttest.Files{})
			scripttest.Wants(t, d, c.want, c.none, c.notes)
		})
	}
}

// A file that is no locustfile is refused in a sentence.
func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"x = 1":                     "locustfile.py has no class that inherits from HttpUser or FastHttpUser: is it a locustfile?",
		"x = 'a":                    "locustfile.py:1:5: this text has no end",
		"class U(HttpUser): pass\n": "has no class",
	} {
		if _, err := locust.Draft(draft.Input{Name: "locustfile.py", Data: []byte(text)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// A script that would never end, or that would make a profile without end, ends in time and with a note.
func TestHostile(t *testing.T) {
	for name, text := range map[string]string{
		"loops in loops":   task("self.client.get('/')\nfor a in range(10000):\n  for b in range(10000):\n    x = a"),
		"while true":       task("while True:\n  self.client.get('/')"),
		"recursion":        top + "def f(u, n):\n  u.client.get('/' + str(n))\n  f(u, n + 1)\n  f(u, n + 2)\nclass U(HttpUser):\n  @task\n  def t(self): f(self, 0)\n",
		"growing texts":    task("self.client.get('/')\nx = 'a'\nfor i in range(10000):\n  x = x + x"),
		"growing lists":    task("self.client.get('/')\nx = [1]\nfor i in range(10000):\n  x = x + x"),
		"itself as base":   top + "class U(HttpUser):\n  @task\n  def t(self): self.client.get('/')\nclass U(U): pass\n",
		"a list in itself": task("self.client.get('/')\nx = []\nx.append(x)\nself.client.post('/', json=x)"),
		"a dict in itself": task("self.client.get('/')\nx = {}\nx['x'] = x\nself.client.post('/', json=x)"),
		"dice on dice":     task("if random.random() < random.random():\n  self.client.get('/')"),
		"many requests":    task("for i in range(10000):\n  self.client.get('/a')\n  self.client.get('/%d' % i)\n  for j in range(20): self.client.get('/%d/%d' % (i, j))"),
	} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				d, err := locust.Draft(draft.Input{Name: "locustfile.py", Data: []byte(text)})
				if err == nil && len(d.YAML()) > 4<<20 {
					t.Errorf("the profile has %d bytes", len(d.YAML()))
				}
			}()
			select {
			case <-done:
			case <-time.After(time.Minute):
				t.Fatal("it does not end")
			}
		})
	}
}
