"""Firefox and WebKit as the system has them, each behind the same few verbs: open, evaluate, press, drag, click.

Playwright drives neither of them. Firefox speaks WebDriver BiDi by itself; WebKit is driven by Selenium. What a
pointer and keys do is written in the same words for both. Neither can reach another host: whatever is not for this
machine goes to a proxy that refuses it and remembers what was asked for.
"""

import contextlib
import http.server
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import websocket
from selenium import webdriver
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.command import Command
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

PATIENCE = 60  # seconds for any one answer: the machine may be busy
SIZE = 1280, 900  # of the part of a window that shows the page
MINIBROWSER = "lib/*/webkit2gtk-4.*/MiniBrowser", "libexec/webkit2gtk-4.*/MiniBrowser"  # below /usr
HERE = "http://127.0.0.1:", "file:", "data:", "blob:", "about:"
KEYS = {
    "ArrowLeft": Keys.ARROW_LEFT, "ArrowRight": Keys.ARROW_RIGHT, "ArrowUp": Keys.ARROW_UP,
    "ArrowDown": Keys.ARROW_DOWN, "Home": Keys.HOME, "End": Keys.END, "PageUp": Keys.PAGE_UP,
    "PageDown": Keys.PAGE_DOWN, "Shift": Keys.SHIFT, "Tab": Keys.TAB, "Enter": Keys.ENTER,
}  # fmt: skip


class Refusal(http.server.BaseHTTPRequestHandler):
    """A proxy's answer to everything."""

    def refuse(self):
        self.server.asked.append(f"asks {self.path}")
        self.send_error(403)

    do_GET = do_HEAD = do_POST = do_OPTIONS = do_CONNECT = refuse

    def log_message(self, *args):
        pass


class Engine:
    """What both have in common."""

    def __init__(self):
        with contextlib.ExitStack() as started:
            self.folder = Path(started.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            self.proxy = started.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusal))
            self.proxy.asked = []
            threading.Thread(target=self.proxy.serve_forever, daemon=True).start()
            started.callback(self.proxy.shutdown)
            self.start(started)
            self.close = started.pop_all().close

    def run(self, started, command, **options):
        """Start a program that is ended with the engine."""
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
        started.callback(process.wait)
        started.callback(process.terminate)
        return process

    def evaluate(self, function, *arguments):
        """Return what a function of JavaScript returns, or promises, for these arguments."""
        code = f"async (text) => JSON.stringify(await ({function})(...JSON.parse(text))) ?? 'null'"
        return json.loads(self.call(code, json.dumps(arguments)))

    def press(self, keys):
        """Press one key by its name, or several together: Shift+ArrowRight."""
        codes = [KEYS[key] for key in keys.split("+")]
        down = [{"type": "keyDown", "value": code} for code in codes]
        up = [{"type": "keyUp", "value": code} for code in reversed(codes)]
        self.act([{"type": "key", "id": "keyboard", "actions": down + up}])

    def drag(self, start, end, steps=4):
        """Press the mouse's button at one point of the window, move to another, and let it go."""
        shares = [k / steps for k in range(steps + 1)]
        moves = [
            {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0, "origin": "viewport"}
            for x, y in ([a + (b - a) * share for a, b in zip(start, end, strict=True)] for share in shares)
        ]
        down, up = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        self.act([mouse | {"actions": [moves[0], down, *moves[1:], up]}])

    def click(self, point):
        """Click at a point of the window."""
        self.drag(point, point, steps=1)

    def arrive(self, ending):
        """Wait until a page has led on to the one whose address ends like this."""
        end = time.monotonic() + PATIENCE
        while not self.address().endswith(ending):
            assert time.monotonic() < end, f"still at {self.address()}"
            time.sleep(0.02)


class Firefox(Engine):
    """Firefox, without a window, over WebDriver BiDi."""

    @staticmethod
    def missing():
        """Say what is not installed, if anything."""
        return None if shutil.which("firefox-esr") or shutil.which("firefox") else "Firefox is not installed"

    def start(self, started):
        port = self.proxy.server_address[1]
        chosen = {"network.proxy.type": 1, "network.proxy.no_proxies_on": "127.0.0.1"}
        for scheme in ("http", "ssl"):
            chosen |= {f"network.proxy.{scheme}": "127.0.0.1", f"network.proxy.{scheme}_port": port}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in chosen.items()]
        (self.folder / "user.js").write_text("".join(lines))
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        command = [program, "--headless", "--no-remote", "--profile", str(self.folder), "--remote-debugging-port=0"]
        process = self.run(started, command, stderr=subprocess.PIPE, text=True)
        address = next(filter(None, (re.search(r"BiDi listening on (\S+)", line) for line in process.stderr)))[1]
        threading.Thread(target=process.stderr.read, daemon=True).start()  # or it would wait for a reader
        self.events, self.sent = [], 0
        self.socket = websocket.create_connection(f"{address}/session", timeout=PATIENCE, suppress_origin=True)
        self.send("session.new", capabilities={})
        started.callback(self.send, "browser.close")
        self.page = self.send("browsingContext.getTree")["contexts"][0]["context"]
        size = dict(zip(("width", "height"), SIZE, strict=True))
        self.send("browsingContext.setViewport", context=self.page, viewport=size)
        events = ["log.entryAdded", "network.beforeRequestSent", "network.fetchError", "network.responseCompleted"]
        self.send("session.subscribe", events=events, contexts=[self.page])

    def send(self, method, **parameters):
        """Return the answer to one command; the events that come before it are kept."""
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message["type"] == "event":
                self.events.append((message["method"], message["params"]))
            elif message["id"] == self.sent:
                assert message["type"] == "success", message
                return message["result"]

    def call(self, code, text):
        answer = self.send(
            "script.callFunction", functionDeclaration=code, arguments=[{"type": "string", "value": text}],
            target={"context": self.page}, awaitPromise=True,
        )  # fmt: skip
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return answer["result"]["value"]

    def act(self, sources):
        self.send("input.performActions", context=self.page, actions=sources)

    def open(self, address):
        self.send("browsingContext.navigate", context=self.page, url=address, wait="complete")

    def address(self):
        """Return the address of the page that is open."""
        return self.send("browsingContext.getTree")["contexts"][0]["url"]

    def noticed(self):
        """Return the errors, failed requests and requests to other hosts since this was last called."""
        events, self.events = self.events, []
        return list(filter(None, (self.fault(*event) for event in events)))

    @staticmethod
    def fault(method, about):
        """Say what is wrong about an event, if anything is. Firefox's own errands are not the page's, and refused."""
        if method == "log.entryAdded":
            early = about["text"].startswith("Invalid markup: Incorrect number of children")  # of half a formula so far
            return f"{about['type']}: {about['text']}" if about["level"] == "error" and not early else None
        address = about["request"]["url"]
        if method == "network.beforeRequestSent":
            return None if address.startswith(HERE) else f"asks {address}"
        if method == "network.fetchError":  # a page that is left drops what it was still loading
            return None if about["errorText"] == "NS_BINDING_ABORTED" else f"{about['errorText']}: {address}"
        return f"{about['response']['status']}: {address}" if about["response"]["status"] >= 400 else None


class WebKit(Engine):
    """WebKitGTK's own small browser, on a screen that nobody sees, over Selenium."""

    @staticmethod
    def missing():
        """Say what is not installed, if anything."""
        if not shutil.which("WebKitWebDriver") or not minibrowser():
            return "WebKitGTK's driver or its small browser is not installed"
        return None if shutil.which("Xvfb") else "Xvfb is not installed"

    def start(self, started):
        read, write = os.pipe()
        screen = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x1100x24", "-nolisten", "tcp"]
        self.run(started, screen, pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with open(read) as number:
            environment = os.environ | {"DISPLAY": f":{number.readline().strip()}", "HOME": str(self.folder)}
        options = Options()
        options.binary_location = minibrowser()
        proxy = f"--proxy=http://127.0.0.1:{self.proxy.server_address[1]}"
        for argument in ("--automation", proxy, "--ignore-host=127.0.0.1"):
            options.add_argument(argument)
        service = Service(shutil.which("WebKitWebDriver"), env=environment)
        self.driver = webdriver.WebKitGTK(options=options, service=service)
        started.callback(self.driver.quit)
        self.driver.set_script_timeout(PATIENCE)
        inside = self.evaluate("() => [innerWidth, innerHeight]")
        outside = self.driver.get_window_size()
        edges = outside["width"] - inside[0], outside["height"] - inside[1]
        self.driver.set_window_size(SIZE[0] + edges[0], SIZE[1] + edges[1])

    def call(self, code, text):
        return self.driver.execute_script(f"return ({code})(arguments[0])", text)

    def act(self, sources):
        self.driver.execute(Command.W3C_ACTIONS, {"actions": sources})

    def open(self, address):
        self.driver.get(address)

    def address(self):
        """Return the address of the page that is open."""
        return self.driver.current_url

    def noticed(self):
        """Return the requests to other hosts since this was last called; of errors WebKit tells nobody."""
        asked, self.proxy.asked = self.proxy.asked, []
        return asked


def minibrowser():
    """Return where WebKitGTK's small browser is, or None."""
    return next((str(path) for pattern in MINIBROWSER for path in sorted(Path("/usr").glob(pattern))), None)


ENGINES = {"firefox": Firefox, "webkit": WebKit}
