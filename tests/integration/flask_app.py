"""The original server's stream handler: a Flask-SocketIO namespace that passes frames on to everybody."""

import sys

if sys.argv[2] == "gevent":
    from gevent import monkey

    monkey.patch_all()

from flask import Flask
from flask_socketio import Namespace, SocketIO, emit

app = Flask(__name__)
sio = SocketIO(app, async_mode=sys.argv[2], cors_allowed_origins="*", max_http_buffer_size=10_000_000)


class Stream(Namespace):
    def on_frame(self, data):
        emit("frame", data, broadcast=True)

    def on_detection(self, data):
        print("detection", flush=True)


sio.on_namespace(Stream("/stream"))
options = {"allow_unsafe_werkzeug": True} if sys.argv[2] == "threading" else {}
sio.run(app, host="127.0.0.1", port=int(sys.argv[1]), **options)
