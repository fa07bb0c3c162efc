#!/usr/bin/env python3
from fakeregistry import *

registry = Registry()
for repository in ("sample/app", "mirror/sample/app"):
    registry.image(repository, "1", text="the same")
registry.run_forever()
