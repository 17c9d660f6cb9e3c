"""A client of debugpy, as an IDE is one: starts a program, stops it at a line, evaluates there
(Debug Adapter Protocol)."""

import json
import subprocess
import threading


class Client:
    def __init__(self, command, environment):
        self.adapter = subprocess.Popen([*command, "-m", "debugpy.adapter"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        env=environment)
        self.number = 0
        self.end = threading.Timer(60, self.adapter.kill)  # then reading ends
        self.end.start()

    def send(self, command, **arguments):
        self.number += 1
        body = json.dumps({"seq": self.number, "type": "request", "command": command,
                           "arguments": arguments}).encode()
        self.adapter.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.adapter.stdin.flush()
        return self.number

    def _receive(self):
        length = 0
        while header := self.adapter.stdout.readline().strip():
            name, _, value = header.partition(b":")
            length = int(value) if name == b"Content-Length" else length
        assert length, "the adapter has ended"
        return json.loads(self.adapter.stdout.read(length))

    def event(self, name):
        while True:
            message = self._receive()
            if message["type"] == "event" and message["event"] == name:
                return message.get("body", {})

    def ask(self, command, **arguments):
        number = self.send(command, **arguments)
        while True:
            message = self._receive()
            if message["type"] == "response" and message["request_seq"] == number:
                assert message["success"], message
                return message.get("body", {})

    def stop_at(self, program, line, python):
        """Runs it to the line; the innermost frame."""
        self.ask("initialize", adapterID="tests", linesStartAt1=True, pathFormat="path")
        self.send("launch", program=program, console="internalConsole", python=python)
        self.event("initialized")
        self.ask("setBreakpoints", source={"path": program}, breakpoints=[{"line": line}])
        self.send("configurationDone")
        thread = self.event("stopped")["threadId"]
        self.frame = self.ask("stackTrace", threadId=thread)["stackFrames"][0]["id"]
        scope = self.ask("scopes", frameId=self.frame)["scopes"][0]
        self.ask("variables", variablesReference=scope["variablesReference"])  # as an IDE shows them

    def evaluate(self, expression):
        return self.ask("evaluate", expression=expression, frameId=self.frame, context="repl")["result"]

    def close(self):
        self.send("disconnect", terminateDebuggee=True)
        try:
            self.event("terminated")
        finally:
            self.end.cancel()
            self.adapter.kill()
            self.adapter.wait()
