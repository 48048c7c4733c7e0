"""Stands for Locust in an old and in a new version: only the events of that version are there.

FAKE names what it does: old (1.0), new (no older events), holds (a task never yields), deaf (it ignores SIGTERM), babbles (it
writes a line without end among the records of the hook).
"""
import importlib.machinery
import os
import signal
import sys
import time

import gevent
import locust
from locust import events

kind = os.environ["FAKE"]
path = sys.argv[sys.argv.index("-f") + 1]
module = importlib.machinery.SourceFileLoader("plimsoll_hook", path).load_module()
assert [name for name, value in vars(module).items() if isinstance(value, type) and issubclass(value, locust.User)] == ["User", "Shopper"]


class LocalRunner:
    user_count = 3


class Environment:
    runner = LocalRunner()
    shape_class = None


print("printed on standard output")
events.init.fire(environment=Environment, runner=Environment.runner, web_ui=None)
if kind == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
# Locust forgets what came before the test.
if kind == "new":
    events.request.fire(request_type="GET", name="/before", response_time=1, response_length=1, exception=None, context={}, response=None)
events.test_start.fire(environment=Environment)
gevent.sleep(1.1)
if kind == "old":
    events.request_success.fire(request_type="GET", name="/items", response_time=12.5, response_length=5)
    events.request_failure.fire(request_type="GET", name="/items", response_time=20, exception=RuntimeError("no item 17"))
    events.user_error.fire(user_instance=None, exception=KeyError("id"), tb=None)
elif kind == "new":
    began = time.time() - 0.5
    for value in (12.5, "13.5", None, float("nan"), float("inf"), -1, 1e300, "soon"):
        events.request.fire(request_type="GET", name="/items", response_time=value, response_length=5, exception=None, context={}, response=None, start_time=began, url="")
    events.request.fire(request_type="GET", name="/items", response_time=20, response_length=None, exception="no item 17", context={}, response=None, start_time=None, url="")
elif kind == "holds":
    time.sleep(600)
elif kind == "deaf":
    gevent.sleep(600)
elif kind == "babbles":
    while True:
        os.write(module._out, b"[" * 65536)
events.test_stop.fire(environment=Environment)
events.quitting.fire(environment=Environment, reverse=True)
sys.exit(1)
