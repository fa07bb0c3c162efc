#!/usr/bin/env python3
from fakeregistry import *

registry = Registry()
registry.image("sample/app", "1")
registry.image("mirror/sample/app", "1")
registry.run_forever()
