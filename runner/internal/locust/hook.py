"""The hook of Plimsoll: Locust loads it with -f, and it loads the locustfile.

It tells Plimsoll what Locust measures, one JSON array a line, on what was standard output. Standard output becomes
standard error. Before the load it waits for a line on standard input. It works with Locust 1.0 and newer.
"""
import importlib.machinery
import importlib.util
import inspect
import json
import os
import sys
import time

import gevent
import gevent.socket
import locust
from locust import events

_out = os.dup(1)
os.dup2(2, 1)
_began = time.monotonic()
_counting = False  # Locust forgets what it measured before the test began
_told = False  # the event request has told of a request, and an older event is about to tell of the same one


def _tell(*record):
    data = (json.dumps(record) + "\n").encode("ascii")
    try:
        while data:
            data = data[os.write(_out, data):]
    except OSError:  # Plimsoll has ended
        os._exit(70)


def _now():
    return time.monotonic() - _began


def _number(value):
    try:
        value = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if value - value == 0 else None  # neither nan nor inf


def _text(value, most):
    try:
        return str(value)[:most]
    except Exception as error:
        return "(text that cannot be shown: %s)" % type(error).__name__


def _failure(exception):
    """The text as Locust's own statistics show it, and the names of the classes of the exception."""
    try:
        text = locust.stats.StatsError.parse_error(exception)
    except Exception:
        try:
            text = repr(exception)
        except Exception as error:
            text = "(failure that cannot be shown: %s)" % type(error).__name__
    return _text(text, 2000), " ".join(c.__name__ for c in type(exception).__mro__)


def _request(request_type="", name="", response_time=None, response_length=0, response=None, exception=None, start_time=None, **_):
    global _told
    _told = True
    _record(request_type, name, response_time, response_length, response, exception, start_time)


def _success(request_type="", name="", response_time=None, response_length=0, **_):
    _older(request_type, name, response_time, response_length, None)


def _fail(request_type="", name="", response_time=None, exception=None, response_length=0, **_):
    _older(request_type, name, response_time, response_length, exception or "failed")


def _older(request_type, name, response_time, response_length, exception):
    global _told
    if not _told:
        _record(request_type, name, response_time, response_length, None, exception, None)
    _told = False


def _record(method, name, took, length, response, exception, start):
    if not _counting:
        return
    now, age, sent = _now(), None, _number(start)
    if sent is not None:
        age = time.time() - sent
    record = ["r", now, age, _number(took), _text(method or "", 100), _text(name, 4000), _number(length)]
    if exception:
        record += _failure(exception)
        record.append(_number(getattr(response, "status_code", None)))
    _tell(*record)


def _first(name, listener):
    """Listens before all others. add_listener would warn that some of these events are old."""
    hook = getattr(events, name, None)
    if hook is not None:
        hook._handlers.insert(0, listener)
    return hook is not None


def _starts(**_):
    global _counting
    _counting = True
    _tell("s", _now())


def _stops(**_):
    _tell("e", _now())


def _raised(exception=None, **_):
    _tell("x", _failure(exception)[0])


def _quits(**_):
    _tell("q", _now())


def _beats(environment):
    while True:
        used = os.times()
        _tell("b", _now(), environment.runner.user_count, used[0] + used[1])
        gevent.sleep(0.5)


def _begins(environment, runner=None, **_):
    global _began
    runner = runner or environment.runner
    _tell("i", str(locust.__version__ or ""), type(runner).__name__, getattr(environment, "shape_class", None) is not None)
    gevent.socket.wait_read(0)  # os.read alone would stop gevent's clock
    if not os.read(0, 16):  # Plimsoll has ended, or does not want this Locust
        os._exit(70)
    _began = time.monotonic()
    gevent.spawn(_beats, environment)


_first("request", _request)
_first("request_success", _success)
_first("request_failure", _fail)
_first("test_start", _starts)
_first("user_error", _raised)
_first("test_stopping", _stops) or _first("test_stop", _stops)
_first("quitting", _quits)


def _load(path):
    for directory in (os.path.dirname(path), os.getcwd()):
        if directory not in sys.path:
            sys.path.insert(0, directory)
    name = os.path.splitext(os.path.basename(path))[0]
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return {key: value for key, value in vars(module).items() if inspect.isclass(value)}


globals().update(_load(os.environ["PLIMSOLL_LOCUSTFILE"]))
events.init.add_listener(_begins)  # after the locustfile's own listeners, which may prepare for long
