"""Looks at every answer that the SDK gets, without changing the SDK: a hook of the requests library that it uses."""

import re


class Wire:
    """What went over the wire, and what was wrong with it."""

    def __init__(self, base, document, secrets):
        self.base, self.secrets = base, secrets
        self.wrong = []
        self.calls = 0
        self.slowest = (0.0, "")
        self.seen = set()
        self.routes = [(method.upper(), path, re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", path) + "$"))
                       for path, item in document["paths"].items() for method in item]
        self.routes.sort(key=lambda route: route[1].count("{"))  # /users/current before /users/{id}

    def watch(self, client):
        """Looks at what this client gets from now on."""
        client.http_client.session.hooks["response"].append(self._look)
        return client

    def offers(self, method, path):
        """Whether the server has a route."""
        return any(m == method and p == path for m, p, _ in self.routes)

    def _look(self, answer, *_, **__):
        request = answer.request
        path = request.url.removeprefix(self.base).split("?")[0]
        line = f"{request.method} {path} {answer.status_code}"
        self.calls += 1
        self.slowest = max(self.slowest, (answer.elapsed.total_seconds(), line))
        for method, pattern, matches in self.routes:
            if method == request.method and matches.match(path):
                self.seen.add((method, pattern))
                break
        if answer.status_code >= 500:
            self.wrong.append(f"{line}: {answer.text[:500]}")
        for name, secret in self.secrets.items():
            if secret in answer.text or secret in str(answer.headers):
                self.wrong.append(f"{line}: {name} is in the answer")
        if answer.status_code >= 400 and answer.headers.get("Content-Type") != "application/json":
            self.wrong.append(f"{line}: the error is {answer.headers.get('Content-Type')}")
