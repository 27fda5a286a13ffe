"""A Weir server and a simulated Cal.com on loopback, for as long as a story lasts."""

import re
import secrets
import subprocess
import threading
import time
from pathlib import Path

import requests

PATIENCE = 30  # seconds for a process to say that it listens


class Process:
    """A child process whose lines are read while it runs."""

    def __init__(self, *command, env=None):
        self.lines = []
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.child.stdout:
            self.lines.append(line)

    def find(self, pattern):
        """Waits for a line that matches, and gives its groups."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for line in list(self.lines):
                if found := re.search(pattern, line):
                    return found
            if self.child.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"{self.child.args[0]} did not say {pattern}: {''.join(self.lines)}")

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()


class Server:
    """The server, its first user and the service keys that a story needs."""

    def __init__(self, weir, directory: Path, bookings=200):
        self.password = secrets.token_urlsafe(24)
        self.simulator = Process(weir, "simulate", "calcom", "serve", "--listen", "127.0.0.1:0", "--bookings", str(bookings))
        try:
            self.calcom = self.simulator.find(r"(http://127\.0\.0\.1:\d+)").group(1)
            self.calcom_key = self.simulator.find(r"owner +(cal_\w+)").group(1)
            self.other_key = self.simulator.find(r"other-owner +(cal_\w+)").group(1)
            self.process = Process(weir, "serve", "--data", str(directory / "data"), "--listen", "127.0.0.1:0", "--calcom-url", self.calcom)
            self.origin = self.process.find(r"listens on (http://\S+)").group(1)
            self.url = self.origin + "/api"
            token = self.process.find(r"setup token: (\S+)").group(1)
            self.session = self.post("/setup", token=token, organization="Acme", email="ada@example.com", full_name="Ada Example",
                                     password=self.password)["access_token"]
            self.service_key = self.key("story", "owner")
            self.narrow_key = self.key("reader", "collaborator")
        except BaseException:
            self.stop()
            raise

    def post(self, path, **body):
        headers = {"Authorization": f"Bearer {self.session}"} if hasattr(self, "session") else {}
        answer = requests.post(self.url + path, json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def key(self, name, scope):
        return self.post("/service_keys", name=name, scope=scope)["key"]

    def document(self):
        answer = requests.get(self.url + "/openapi.json", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def secrets(self):
        """What must be in no answer to a request of the story."""
        return {"the Cal.com key": self.calcom_key, "another Cal.com key": self.other_key, "the password": self.password, "the session": self.session,
                "the service key": self.service_key, "the narrow service key": self.narrow_key}

    def log(self):
        return "".join(self.process.lines)

    def stop(self):
        for process in ("process", "simulator"):
            if hasattr(self, process):
                getattr(self, process).stop()
