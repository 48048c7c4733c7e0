package locust_test

import "testing"

// Whatever a locustfile says, its draft is a profile.
func FuzzDraft(f *testing.F) {
	for _, body := range []string{
		"with self.client.get('/a', catch_response=True) as r:\n  if r.status_code == 200:\n    if r.json()['n'] != 3:\n      r.failure('x')\n  elif r.status_code == 404:\n    r.success()\n  else:\n    r.failure('y')",
		"self.client.post(path='/p', data={'a': [1, 'x']}, auth=('a', 'b'), cookies={'c': 'd'})",
		"x = []\nx.append(x)\nself.client.post('/', json=x)",
		"if random.random() < 0.3:\n  self.client.get('/' + random.choice(['x', 'y']))\nelse:\n  raise StopUser()",
		"for i in range(random.randint(2, 4)):\n  self.client.get(f'/a/{i}', params={'q': random.uniform(1, 2)})\n  time.sleep(random.random())",
		"r = self.client.post('/a', files={'f': ('n', open('x').read(), 't')})\nself.client.get('/' + r.json()['l'][0]['id'] + re.search('v=(.)', r.text).group(1))",
		"import gevent\ndef send(p): self.client.get(p)\nwhile True:\n  gevent.spawn(send, '/a')",
		"n = int(os.getenv('N', '3'))\nif not os.environ.get('K'):\n  raise ValueError('K')\nself.client.get('/%d' % n, headers={'K': os.environ['K']})",
	} {
		f.Add(task(body))
	}
	for _, class := range []string{
		"class S(LoadTestShape):\n  stages = [{'duration': 60, 'users': 10, 'spawn_rate': 1}]\nclass U(FastHttpUser):\n  wait_time = constant_pacing(2)\n  fixed_count = 2\n  @task\n  class T(SequentialTaskSet):\n    @task(3)\n    def a(self): self.client.get('/')\n    @task\n    def b(self): self.interrupt()\n",
		"class A(HttpUser):\n  abstract = True\n  def __init__(self, *a): self.client.get('/i')\n  def on_start(self): self.id = self.client.post('/l', json={'u': 'x'}).json()['id']\nclass U(A):\n  weight = 3\n  tasks = {lambda u: u.client.get('/' + u.id): 2}\n",
		"@events.init.add_listener\ndef f(environment, **kw):\n  global x\n  x = environment.host\nclass U(HttpUser):\n  host = 'http://a.test/v1'\n  @tag('x')\n  @task\n  def t(self): self.client.get(f'/{x}')\n  def on_stop(self): self.client.delete('/')\n",
	} {
		f.Add(top + class)
	}
	kind.Fuzz(f)
}
