#!/usr/bin/env python3
from fakeregistry import *

registry = Registry()
registry.image("team/app", "1")

def hook(handler, method, path):
    if path.startswith("/v2/"):
        handler.answer(401, "{}", {"WWW-Authenticate": 'Basic realm="r"'})
        return True
registry.hook = hook

registry.run_forever()
