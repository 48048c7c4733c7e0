package locust_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script/scripttest"
)

// What Locust offers is read, or told: each of these lines is in the profile or in the notes.
func TestLocustsOwnNames(t *testing.T) {
	const get = "\n  @task\n  def t(self):\n    self.client.get('/a')\n"
	for name, c := range map[string]struct {
		text       string
		want, none []string
		notes      string
	}{
		"a class of users without HTTP":  {top + "class G(User):\n  @task\n  def t(self): self.stub.Search()\nclass U(HttpUser):" + get, []string{"name: U"}, []string{"name: G"}, "locustfile.py:3:1: the users of G have a client of their own"},
		"rename_request":                 {task("with self.client.rename_request('/x/[id]'):\n  self.client.get('/x/1')\nself.client.get('/y')"), []string{"name: /x/[id]"}, []string{"GET /y\n            name"}, ""},
		"request_name":                   {task("self.client.request_name = 'x'\nself.client.get('/x/1')\nself.client.request_name = None\nself.client.get('/y')"), []string{"name: x"}, []string{"GET /y\n            name"}, ""},
		"cookies of the client":          {task("self.client.cookies.set('a', '1')\nself.client.cookies['b'] = '2'\nself.client.cookies.update({'c': '3'})\nself.client.get('/a', cookies={'d': '4'})"), []string{"Cookie: \"a=1; b=2; c=3; d=4\""}, nil, ""},
		"default_headers":                {top + "class U(FastHttpUser):\n  default_headers = {'X-App': 'load'}" + get, []string{"X-App: load"}, nil, ""},
		"network_timeout":                {top + "class U(FastHttpUser):\n  network_timeout = 3.0" + get, []string{"GET /a"}, nil, "network_timeout of U has no place in the profile"},
		"a timeout of a request":         {task("self.client.get('/a', timeout=3)"), []string{"GET /a"}, nil, "timeout of this request is left out"},
		"allow_redirects":                {task("self.client.get('/a', allow_redirects=False)"), []string{"GET /a"}, nil, "this request follows no redirect"},
		"an unknown way to authenticate": {task("self.client.get('/a', auth=Sign('x'))"), []string{"GET /a"}, nil, "how this request authenticates is not known"},
		"a listener that asks":           {top + "import requests\n@events.test_start.add_listener\ndef f(**kw): requests.post('http://a.test/reset')\nclass U(HttpUser):" + get, []string{"GET /a"}, []string{"/reset"}, "locustfile.py:5:1: what listens to an event of Locust is not followed"},
		"a listener that asks nothing":   {top + "@events.request.add_listener\ndef f(**kw): print(kw)\nevents.quitting.add_listener(f)\nclass U(HttpUser):" + get, []string{"GET /a"}, nil, ""},
		"logging":                        {task("import logging\nlogging.info('x')\nlogging.getLogger().setLevel(logging.DEBUG)\nself.client.get('/a')"), []string{"GET /a"}, nil, ""},
		"a library that is not read":     {task("import websocket\nws = websocket.create_connection('ws://a.test')\nws.send('x')\nself.client.get('/a')"), []string{"GET /a"}, nil, "locustfile.py:9:8: websocket.create_connection.send is not followed"},
		"a thread":                       {top + "import threading\nclass U(HttpUser):\n  @task\n  def t(self):\n    threading.Thread(target=self.poll).start()\n  def poll(self): self.client.get('/poll')\n", []string{"GET /poll"}, nil, "the function that it is given is followed once"},
		"gevent.spawn":                   {top + "import gevent\nclass U(HttpUser):\n  @task\n  def t(self):\n    gevent.spawn(self.poll, 3)\n  def poll(self, n): self.client.get(f'/poll/{n}')\n", []string{"GET /poll/3"}, nil, "the function that it is given is followed once"},
		"a decorator of its own":         {top + "def again(f):\n  def inner(self):\n    f(self)\n    f(self)\n  return inner\nclass U(HttpUser):\n  @task\n  @again\n  def t(self):\n    self.client.get('/a')\n", []string{"GET /a"}, nil, "locustfile.py:10:4: this decorator is not followed"},
		"a shape that computes":          {top + "class S(LoadTestShape):\n  def tick(self): return (1, 2)\nclass U(HttpUser):" + get, []string{"GET /a"}, nil, "the shape S computes its load"},
		"a wait that is not known":       {top + "class U(HttpUser):\n  wait_time = between(odd(), 2)" + get, []string{"GET /a"}, []string{"wait:"}, "how long this waits is not known"},
		"two shapes":                     {top + "class S(LoadTestShape):\n  stages = [{'duration': 60, 'users': 10}]\nclass T(LoadTestShape):\n  stages = [{'duration': 60, 'users': 20}]\nclass U(HttpUser):" + get, []string{"users: 10"}, nil, "the shape T is left out"},
		"a context manager of its own":   {top + "class Timer:\n  def __init__(self, u): self.u = u\n  def __enter__(self):\n    self.u.client.get('/before')\n    return 7\n  def __exit__(self, *a): self.u.client.get('/after')\nclass U(HttpUser):\n  @task\n  def t(self):\n    with Timer(self) as n:\n      self.client.get(f'/{n}')\n", []string{"GET /before", "GET /7", "GET /after"}, nil, ""},
		"users of contrib":               {top + "from locust.contrib.mqtt import MqttUser\nclass M(MqttUser):\n  @task\n  def t(self): self.client.publish('a', b'x')\nclass U(HttpUser):" + get, []string{"name: U"}, []string{"name: M"}, "locustfile.py:4:1: the users of M have a client of their own"},
		"schedule_task":                  {top + "class S(TaskSet):\n  def on_start(self): self.schedule_task(self.x)\n  def x(self): self.client.get('/x')" + get + "class U(HttpUser):\n  tasks = [S]\n", []string{"GET /a"}, nil, "locustfile.py:4:28: schedule_task inside a task is not followed"},
		"wait":                           {task("self.client.get('/a')\nself.wait()"), []string{"GET /a"}, nil, "wait inside a task is not followed"},
		"a MarkovTaskSet":                {top + "class S(MarkovTaskSet):\n  @transition('b')\n  def a(self): self.client.get('/a')\n  @transitions({'a': 1})\n  def b(self): self.client.get('/b')\nclass U(HttpUser):\n  tasks = [S]\n", []string{"GET /a", "GET /b"}, nil, "which task follows this one is left out"},
		"a broken task":                  {task("self.client.get('/a'") + "  @task\n  def u(self):\n    self.client.get('/b')\n", []string{"GET /b"}, nil, "locustfile.py:7:20: this statement is not read: this \"(\" is never closed"},
	} {
		t.Run(name, func(t *testing.T) {
			scripttest.Wants(t, drafted(t, c.text, scripttest.Files{}), c.want, c.none, c.notes)
		})
	}
}
