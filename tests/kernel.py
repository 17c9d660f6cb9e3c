"""A Jupyter kernel of its own, by jupyter_client: runs the cells that come on standard input as a JSON list
and prints, as JSON, the messages that a notebook would show for each."""

import json
import queue
import sys

from jupyter_client.manager import start_new_kernel

SHOWN = ("stream", "display_data", "execute_result", "error", "update_display_data")


def run(client, code):
    asked, shown = client.execute(code), []
    while True:
        try:
            message = client.get_iopub_msg(timeout=60)
        except queue.Empty:
            raise SystemExit(f"the kernel is silent about {code!r}")
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["msg_type"] in SHOWN:
            shown.append({"type": message["msg_type"], **message["content"]})
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return shown


def complete(client, code):
    asked = client.complete(code)
    while True:
        message = client.get_shell_msg(timeout=60)
        if message["parent_header"].get("msg_id") == asked:
            return message["content"]["matches"]


def main():
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        print(json.dumps([complete(client, cell[:-1]) if cell.endswith("\t") else run(client, cell)
                          for cell in json.load(sys.stdin)]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


main()
