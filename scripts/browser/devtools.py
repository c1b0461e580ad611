"""Headless Chromium, spoken to by the DevTools protocol over a pair of pipes. Standard library only."""

import base64
import json
import os
import select
import subprocess
import time
from urllib.parse import unquote

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
QUIET = 0.5


class Browser:
    """One page. `requests` are the URLs that it asked for, without fragments and percent-decoded; `troubles` is what went wrong, in words."""

    def __init__(self, program, variables, profile):
        self.requests, self.troubles = [], []
        self._urls, self._under_way, self._answers, self._number = {}, set(), {}, 0
        self._buffer = b""
        self._loaded = False
        profile.mkdir()
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # The browser reads from descriptor 3 and writes to 4.
        command = ["sh", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "sh", program, *FLAGS,
                   f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
        self._process = subprocess.Popen(command, env=variables, pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self._session = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Network", "Runtime", "Log", "Page"):
            self.ask(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._session = None
        try:
            self.ask("Browser.close")
            self._process.wait(20)
        except (OSError, EOFError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def open(self, url):
        self.ask("Page.navigate", url=url)

    def load(self, url):
        """Opens a page and waits until it has loaded, whatever came of it."""
        self._loaded = False
        self.open(url)
        until = time.monotonic() + 20
        while not self._loaded and time.monotonic() < until:
            self._receive(0.05)

    def show(self, width, scheme):
        """Pages are so wide from now on, of a phone where that is narrow, and light or dark."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=844, screenWidth=width, screenHeight=844,
                 deviceScaleFactor=1, mobile=width < 600)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path):
        """The page as far down as a few screens go."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 3000), "scale": 1}
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"]))

    def wait_for(self, expression, seconds):
        """The expression's value as soon as it has one; None where it has none in time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            value = self.ask("Runtime.evaluate", expression=expression)["result"].get("value")
            if value is not None:
                return value
            # Nothing will come of a page that is in trouble already.
            if self.troubles and not self._under_way:
                return None
            self._receive(0.05)
        return None

    def settle(self):
        """Waits until nothing was heard for a while and no request is under way."""
        until = time.monotonic() + 10
        while (self._receive(QUIET) or self._under_way) and time.monotonic() < until:
            pass
        self.troubles += [f"still waiting for {self._urls[request]}" for request in sorted(self._under_way)]

    def ask(self, method, **parameters):
        """What the browser answers to a command."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + 30
        while number not in self._answers:
            if not self._receive(1) and time.monotonic() > until:
                raise OSError(f"the browser does not answer {method}")
        answer = self._answers.pop(number)
        if "error" in answer:
            raise OSError(f"{method}: {answer['error']}")
        return answer["result"]

    def _receive(self, seconds):
        """Takes in what the browser says within a time; whether it said anything."""
        if not select.select([self._in], [], [], seconds)[0]:
            return False
        read = os.read(self._in, 1 << 16)
        if not read:
            raise EOFError("the browser has ended")
        *messages, self._buffer = (self._buffer + read).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self._heed(message["method"], message["params"])
        return True

    def _heed(self, event, said):
        request = said.get("requestId")
        if event == "Network.requestWillBeSent" and not said["request"]["url"].startswith("data:"):
            self._urls[request] = unquote(said["request"]["url"]).split("#")[0]
            self.requests.append(self._urls[request])
            self._under_way.add(request)
        elif event == "Network.responseReceived" and request in self._urls and said["response"]["status"] != 200:
            self.troubles.append(f"{said['response']['status']} for {self._urls[request]}")
        elif event == "Network.loadingFailed":
            self._under_way.discard(request)
            self.troubles.append(f"{said['errorText']} for {self._urls.get(request)}")
        elif event == "Network.loadingFinished":
            self._under_way.discard(request)
        elif event == "Page.loadEventFired":
            self._loaded = True
        elif event == "Runtime.exceptionThrown":
            details = said["exceptionDetails"]
            self.troubles.append(f"exception: {details.get('exception', {}).get('description', details['text'])}")
        elif event == "Runtime.consoleAPICalled":
            self.troubles.append(f"console: {said['type']} {[argument.get('value') for argument in said['args']]}")
        elif event == "Log.entryAdded" and said["entry"]["level"] in ("warning", "error"):
            self.troubles.append(f"log: {said['entry']['text']} {said['entry'].get('url', '')}".strip())
