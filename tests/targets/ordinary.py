"""ordinary.py NAME: a program as people run it, with nothing wrong in it, and everything in use.

Whatever is not in the standard library is imported from PYTHONPATH. TLS_PEM is a certificate with its
key, WORK a directory for what a program writes.
"""

import asyncio
import ctypes
import multiprocessing
import os
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading

import common

KEPT = []  # what a program has in use while it is looked into


def work(name):
    return os.path.join(os.environ["WORK"], name)


def use_sqlite3():
    for path in (":memory:", work("ordinary.db")):
        database = sqlite3.connect(path)
        database.create_function("twice", 1, lambda value: 2 * value)
        database.execute("create table t (n)")
        database.executemany("insert into t values (?)", [(n,) for n in range(1000)])
        database.commit()
        rows = database.execute("select twice(n) from t")
        rows.fetchone()
        KEPT.append((database, rows))
    common.serve(still=False)


def contexts():
    path = work("tls.pem")
    with open(path, "w") as file:
        file.write(os.environ["TLS_PEM"])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    client = ssl.create_default_context()
    client.load_verify_locations(path)
    client.check_hostname = False
    return server, client


def use_ssl():
    server, client = contexts()
    near, far = socket.socketpair()

    def answer():
        wrapped = server.wrap_socket(far, server_side=True)
        KEPT.append(wrapped)
        wrapped.sendall(wrapped.recv(100).upper())
        wrapped.recv(100)

    threading.Thread(target=answer, daemon=True).start()
    wrapped = client.wrap_socket(near)
    wrapped.sendall(b"hello")
    assert wrapped.recv(100) == b"HELLO"
    KEPT.append((wrapped, wrapped.getpeercert()))
    common.serve(still=False)


def square(number):
    return number * number


def use_multiprocessing():
    pool = multiprocessing.Pool(2)
    assert pool.map(square, range(10)) == [n * n for n in range(10)]
    queue, lock, event = multiprocessing.Queue(), multiprocessing.Lock(), multiprocessing.Event()
    queue.put("word")
    KEPT.extend([pool, queue, lock, event, multiprocessing.Value("i", 7), multiprocessing.Pipe(),
                 queue.get()])
    common.serve(still=False)
    pool.terminate()
    pool.join()


def use_asyncio_tls():
    async def answer(reader, writer):
        while True:
            line = await reader.readline()
            if not line:
                break
            writer.write(line.upper())
            await writer.drain()
        writer.close()

    async def main():
        server, client = contexts()
        listening = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server)
        port = listening.sockets[0].getsockname()[1]
        for _ in range(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
            writer.write(b"hello\n")
            await writer.drain()
            assert await reader.readline() == b"HELLO\n"
            KEPT.append((reader, writer))
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", "print('done')",
                                                     stdout=subprocess.PIPE)
        assert await child.communicate() == (b"done\n", None)
        await asyncio.get_running_loop().run_in_executor(None, square, 3)
        common.serve_from_a_thread(still=False)
        await asyncio.sleep(3600)

    asyncio.run(main())


def use_fastapi():
    import fastapi
    import uvicorn

    app = fastapi.FastAPI()

    @app.get("/square")
    def _square(number: int = 2):
        return {"square": square(number)}

    @app.get("/later")
    async def _later():
        await asyncio.sleep(0.01)
        return {"now": True}

    port = int(sys.argv[2])
    common.serve_from_a_thread({"port": lambda: port}, still=False)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical")


LINES = ["import os, json, ctypes", "numbers = [n * n for n in range(100)]", "numbers", "_[7]",
         "%timeit -n 1 -r 1 sum(numbers)", "1 / 0", "class Point: pass", "point = Point()"]


def use_ipython():
    import IPython
    import traitlets.config

    os.environ["IPYTHONDIR"] = work("ipython")
    config = traitlets.config.Config()
    config.TerminalInteractiveShell.simple_prompt = True
    config.InteractiveShellApp.exec_lines = LINES + ["os.write(1, b'ready\\n')"]
    sys.stdout = open(os.devnull, "w")  # a test reads the other one
    IPython.start_ipython(argv=[], config=config)


def use_kernel():
    """A kernel that a client in a process of its own has used."""
    from ipykernel.kernelapp import IPKernelApp

    os.environ["IPYTHONDIR"], os.environ["JUPYTER_RUNTIME_DIR"] = work("ipython"), work("runtime")
    client = """if True:
        import sys
        from jupyter_client import BlockingKernelClient
        client = BlockingKernelClient(connection_file=sys.argv[1])
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        for line in %r:
            client.execute_interactive(line, timeout=60, output_hook=lambda message: None)
        client.stop_channels()
    """ % (LINES,)

    def drive():
        subprocess.run([sys.executable, "-c", client, work("kernel.json")], check=True,
                       stdin=subprocess.DEVNULL)
        common.serve(still=False)

    sys.stdout = sys.__stdout__ = open(os.devnull, "w")  # a test reads the other one
    kernel = IPKernelApp.instance()
    kernel.initialize(["-f", work("kernel.json")])
    threading.Thread(target=drive, daemon=True).start()
    kernel.start()


def use_numeric():
    import numpy
    import pandas
    import scipy.linalg
    import scipy.optimize
    import scipy.sparse
    import scipy.stats

    matrix = numpy.random.default_rng(1).normal(size=(200, 200))
    frame = pandas.DataFrame({"key": list("abcd") * 50, "value": matrix[0],
                              "when": pandas.date_range("2024-01-01", periods=200)})
    frame.to_csv(work("frame.csv"))
    KEPT.extend([
        numpy.linalg.svd(matrix), scipy.linalg.lu(matrix), numpy.fft.fft(matrix),
        scipy.optimize.minimize(lambda x: (x * x).sum(), numpy.ones(5)),
        scipy.sparse.csr_matrix(matrix > 2), scipy.stats.norm.fit(matrix[0]), frame,
        frame.groupby("key").value.agg(["mean", "std"]), pandas.read_csv(work("frame.csv")),
        numpy.memmap(work("array"), dtype="f8", mode="w+", shape=(100,)),
        numpy.ctypeslib.as_ctypes(matrix[0].copy())])
    common.serve(still=False)


def use_tkinter():
    """With a display, if there is a server for one; the interpreter of Tcl alone if not."""
    import tkinter
    import tkinter.ttk

    if not shutil.which("Xvfb"):
        interpreter = tkinter.Tcl()
        interpreter.createcommand("twice", lambda value: 2 * int(value))
        KEPT.append((interpreter, interpreter.eval("twice 21")))
        common.serve(still=False)
        return
    reading, writing = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(writing)], pass_fds=[writing],
                              stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as display:
        os.environ["DISPLAY"] = ":" + display.readline().strip()
    window = tkinter.Tk()
    words = tkinter.StringVar(window, "hello")
    tkinter.ttk.Button(window, textvariable=words, command=window.bell).pack()
    tree = tkinter.ttk.Treeview(window)
    tree.bind("<Button-1>", lambda event: None)
    tree.pack()
    window.update()
    KEPT.extend([window, words, tree])
    common.serve(still=False)
    window.destroy()
    server.terminate()
    server.wait()


def use_qt():
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PyQt6 import QtCore, QtWidgets

    application = QtWidgets.QApplication(["ordinary"])
    window = QtWidgets.QMainWindow()
    button = QtWidgets.QPushButton("hello", window)
    button.clicked.connect(lambda: None)
    timer = QtCore.QTimer(window)
    timer.timeout.connect(window.update)
    timer.start(10)
    window.setCentralWidget(button)
    window.show()
    for _ in range(10):
        application.processEvents()
    KEPT.extend([application, window, button, timer])
    common.serve(still=False)


def use_ctypes():
    libc = ctypes.CDLL(None)
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda a, b: 0)
    array = (ctypes.c_int * 5)(5, 4, 3, 2, 1)
    libc.qsort(array, ctypes.c_size_t(5), ctypes.c_size_t(4), compare)
    KEPT.extend([libc, compare, array, ctypes.pointer(array)])
    common.serve(still=False)


if __name__ == "__main__":
    globals()["use_" + sys.argv[1]]()
