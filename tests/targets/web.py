"""web.py SITE PORT: a Django application behind its development server, with a ctypes library loaded.

SITE is a directory of packages that has Django. `ready` comes when the server answers.
"""

import ctypes
import os
import sys
import threading
import time
import urllib.request

import common

sys.path.insert(0, sys.argv[1])
port = sys.argv[2]

from django.conf import settings  # noqa: E402
from django.core.management import execute_from_command_line  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402

libm = ctypes.CDLL("libm.so.6")
libm.cos.restype = ctypes.c_double
libm.cos.argtypes = [ctypes.c_double]

settings.configure(DEBUG=True, SECRET_KEY="not secret", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"],
                   LOGGING_CONFIG=None)


def cosine(request):
    return JsonResponse({"cos": libm.cos(float(request.GET.get("x", "0")))})


urlpatterns = [path("cos", cosine)]


def fetch():
    with urllib.request.urlopen("http://127.0.0.1:%s/cos?x=0" % port, timeout=10) as answer:
        return answer.read().decode()


def serve():
    for _ in range(200):
        try:
            fetch()
            break
        except OSError:
            time.sleep(0.05)
    common.serve_from_a_thread({"fetch": fetch})


threading.Thread(target=serve, daemon=True).start()
sys.stdout = sys.stderr = open(os.devnull, "w")  # standard output speaks common.py's protocol
execute_from_command_line(["web.py", "runserver", "--noreload", "--skip-checks", "127.0.0.1:" + port])
