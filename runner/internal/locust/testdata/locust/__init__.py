"""The events of Locust 1.0, or those of a version that no longer has the older ones."""
import os

old = os.environ["FAKE"] == "old"
__version__ = "1.0.3" if old else "3.1.4"


class User:
    abstract = True


class EventHook:
    def __init__(self):
        self._handlers = []

    def add_listener(self, handler):
        self._handlers.append(handler)
        return handler

    def fire(self, *, reverse=False, **kwargs):
        for handler in reversed(self._handlers) if reverse else self._handlers:
            handler(**kwargs)


class Events:
    def __init__(self):
        names = ["init", "test_start", "test_stop", "quitting", "user_error"]
        names += ["request_success", "request_failure"] if old else ["request", "test_stopping"]
        for name in names:
            setattr(self, name, EventHook())


events = Events()
