package locust_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/script/scripttest"
)

// Locust's API is read, or a note names what is not: each of these lines is in the profile or in the notes.
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
		"StopUser":                       {task("self.client.get('/a')\nfrom locust.exception import StopUser\nraise StopUser()"), []string{"GET /a"}, nil, "locustfile.py:9:5: this ends the user; a user of the profile goes on"},
		"a class that is raised":         {task("import locust\nself.client.get('/a')\nraise locust.exception.StopUser"), []string{"GET /a"}, nil, "this ends the user"},
		"stop":                           {task("self.client.get('/a')\nself.stop()"), []string{"GET /a"}, nil, "this ends the user"},
		"the end of the test":            {task("self.client.get('/a')\nself.environment.runner.quit()"), []string{"GET /a"}, nil, "locustfile.py:8:29: this ends the test; a profile ends it after load.run_time"},
		"sys.exit":                       {task("import sys\nself.client.get('/a')\nsys.exit(1)"), []string{"GET /a"}, nil, "this ends the test"},
		"exit":                           {task("self.client.get('/a')\nexit()"), []string{"GET /a"}, nil, "this ends the test"},
		"RescheduleTaskImmediately":      {task("from locust.exception import *\nself.client.get('/a')\nraise RescheduleTaskImmediately"), []string{"GET /a"}, nil, "this skips the wait"},
		"RescheduleTask":                 {task("from locust.exception import *\nr = self.client.get('/a').json()\nif r['state'] != 'open':\n  raise RescheduleTask()\nself.client.get('/b')"), []string{"if: {state: open}"}, []string{"expect"}, ""},
		"what comes after a raise":       {task("from locust.exception import *\nself.client.get('/a')\nraise RescheduleTask()\nself.client.get('/b')"), []string{"GET /a"}, []string{"/b"}, "this is not reached, and its requests are left out"},
		"figures of its own":             {task("self.client.get('/a')\nself.environment.events.request.fire(request_type='X', name='x', response_time=1, response_length=0)"), []string{"GET /a"}, nil, "a figure that the script reports itself is left out"},
		"what it must have":              {top + "KEY = os.environ.get('API_KEY')\nif not KEY:\n  raise ValueError('set API_KEY')\nif os.getenv('B', '') == '':\n  import sys\n  sys.exit(1)\nclass U(HttpUser):\n  @task\n  def t(self): self.client.get('/a', headers={'X-Api-Key': KEY})\n", []string{"X-Api-Key: \"${env.API_KEY}\""}, nil, ""},
		"a file it must have":            {top + "if not os.path.exists('users.csv'):\n  raise FileNotFoundError\nclass U(HttpUser):" + get, []string{"GET /a"}, nil, "this would fail here, for what it asks is not there"},
		"the other case of a variable":   {task("if not os.environ.get('KEY'):\n  self.client.get('/a')\n  return\nself.client.get('/b')"), []string{"GET /a"}, []string{"/b"}, "this depends on KEY, which has no value here; what follows is for the other case"},
		"Basic authentication":           {task("from requests.auth import HTTPBasicAuth\nself.client.get('/a', auth=HTTPBasicAuth('ada', 'x'))"), []string{"Authorization: \"Basic ${env.API_BASIC}\""}, nil, ""},
		"a scheduler in on_start":        {top + "import gevent\nfrom gevent.lock import Semaphore\nclass U(HttpUser):\n  def send(self, p): self.client.get(p)\n  def plan(self):\n    while True:\n      gevent.sleep(1)\n      gevent.spawn(self.send, '/a')\n  def on_start(self):\n    self.lock = Semaphore(3)\n    gevent.spawn(self.plan)\n  @task\n  def t(self): gevent.sleep(1)\n", []string{"name: on_start", "GET /a", "wait: 1s"}, nil, "no task of U makes a request; what on_start sends is its task in the profile"},
		"time that has passed":           {task("begin = time.time()\nself.client.get('/a')\nif time.time() - begin > 600:\n  return\nself.client.get('/b')"), []string{"GET /a", "GET /b"}, []string{"dice"}, "this condition is not understood; the profile goes on as if it did not hold"},
		"any and all":                    {task("with self.client.get('/a', catch_response=True) as r:\n  if not all(v.get('x') for v in r.json()['l'].values()):\n    r.failure('x')\nif any([False, True]) and all([1, 2]): self.client.get('/b')"), []string{"GET /b"}, nil, "the check that it makes is left out"},
		"adapters":                       {task("from requests.adapters import HTTPAdapter\nself.client.mount('http://', HTTPAdapter(pool_maxsize=9))\nself.client.get('/a')"), []string{"GET /a"}, nil, "how this client connects has no place in a profile"},
		"collections and distributions":  {task("from collections import defaultdict, namedtuple\nimport xml.etree.ElementTree as ET\nseen = defaultdict(int)\nP = namedtuple('P', ['a'])\nx = random.expovariate(1)\nself.client.get('/a')"), []string{"GET /a"}, nil, ""},
		"requests of __init__":           {top + "class U(HttpUser):\n  def __init__(self, *a, **k):\n    super().__init__(*a, **k)\n    self.token = self.client.post('/login').json()['token']\n  def on_start(self): self.client.get('/start')\n  @task\n  def t(self): self.client.get('/a', headers={'X-T': self.token})\n", []string{"POST /login\n        save: {token: token}\n      - http: GET /start", "X-T: \"${token}\""}, nil, ""},
		"__init__ of a TaskSet":          {top + "class S(TaskSet):\n  def __init__(self, parent):\n    super().__init__(parent)\n    self.client.get('/s')" + get + "class U(HttpUser):\n  tasks = [S]\n", []string{"on_start:\n      - http: GET /s", "GET /a"}, nil, ""},
		"what a listener sets":           {top + "token = None\nkept = 'k'\n@events.test_start.add_listener\ndef f(environment, **kw):\n  global token, kept\n  token = 'x'\nclass U(HttpUser):\n  @task\n  def t(self):\n    self.client.get('/a/' + kept)\n    self.client.get(f'/b?{token}')\n", []string{"GET /a/k", "# - http: GET /b"}, []string{"None"}, "its address holds what a listener sets when the test begins (line 7)"},
		"a whole address elsewhere":      {task("import requests\nself.client.get('/a')\nself.client.get('/b')\nrequests.get('http://b.test/c')"), []string{"# - http: GET http://b.test/c"}, nil, "http GET http://b.test/c is a comment: it goes to another host"},
		"a value of a comment":           {task("d = self.client.post('/a', data=odd()).json()['d']\nself.client.get('/b/' + d)\nself.client.get('/c')"), []string{"GET /c"}, nil, "it uses ${d}, which the request of line 7 saves, and that is a comment"},
		"a path that is not there":       {task("from pathlib import Path\nHERE = Path(__file__).resolve().parent\np = Path(os.environ.get('SEED', HERE / 'data' / 'seed.json'))\nif p.exists():\n  self.client.post('/seed', json=json.loads(p.read_text()))\nelse:\n  self.client.get('/' + p.stem + p.suffix)"), []string{"GET /seed.json"}, []string{"POST"}, "this depends on data/seed.json, which is not beside the script; the requests of the other case are left out"},
		"as many digits as are drawn":    {task("import string\nself.client.get('/a/' + ''.join(random.choices(string.digits, k=3)))\nself.client.get('/b/' + ''.join(random.choice(string.digits) for _ in range(6)))\nself.client.get('/c/' + ''.join(random.choices(string.ascii_letters, k=4)))"), []string{"GET /a/${int(100,999)}", "GET /b/${int(100000,999999)}", "GET /c/x${int(100,999)}"}, nil, ""},
		"a sample of any size":           {task("self.client.post('/a', json=random.sample([1, 2, 3], k=random.randint(1, 2)))"), []string{"POST /a"}, nil, "how many this draws varies; the profile draws 1"},
		"locks":                          {task("import threading\nfrom gevent.lock import BoundedSemaphore\nlock = threading.Lock()\nwith lock:\n  BoundedSemaphore(3).acquire()\n  self.client.get('/a')"), []string{"GET /a"}, nil, ""},
		"a day as a text":                {task("import datetime\nself.client.post('/a', data=datetime.datetime.strftime(datetime.datetime.now(), '%m'))"), []string{"body: \"${now}\""}, nil, ""},
		"bounds the other way round":     {task("self.client.get(f'/a/{random.uniform(2, 1)}/{random.triangular(1, 0)}/{random.randrange(5, 2)}')"), []string{"GET /a/${float(1,2)}/${float(0,1)}/${int(1,5)}"}, nil, ""},
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

// A file that a path of pathlib names is read, wherever it is beside the script.
func TestPaths(t *testing.T) {
	files := scripttest.Files{"data/seed.json": `{"key": "k1"}`, "names.csv": "name\nbob\n"}
	d := drafted(t, task("import csv\nfrom pathlib import Path\nHERE = Path(__file__).parent\nseed = json.loads((HERE / 'data' / 'seed.json').read_text())\nwith HERE.joinpath('names.csv').open() as f:\n  rows = list(csv.DictReader(f))\nself.client.get('/' + seed['key'] + '/' + rows[0]['name'])\nself.client.post('/up', data=(HERE / 'names.csv').read_bytes())"), files)
	if text := d.YAML(); !strings.Contains(text, "GET /k1/bob") || !strings.Contains(text, "names.csv") || len(d.Notes) > 0 {
		t.Errorf("the notes are %v, and the profile is\n%s", d.Notes, text)
	}
}
