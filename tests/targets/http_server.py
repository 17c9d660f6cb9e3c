"""An HTTP server that keeps nothing: a thread for each request, and all that it needs, made and dropped.

Commands: `port` answers where it listens.
"""

import http.server
import threading

import common


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
common.serve({"port": lambda: server.server_address[1]}, still=False)
