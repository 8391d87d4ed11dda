"""A Flask-SocketIO server that passes frames on to everybody: arguments are the port and the async mode."""

import sys

if sys.argv[2] == "gevent":
    from gevent import monkey

    monkey.patch_all()

from flask import Flask
from flask_socketio import SocketIO, emit

app = Flask(__name__)
sio = SocketIO(app, async_mode=sys.argv[2])


@sio.on("connect", namespace="/stream")
def connected():
    pass


@sio.on("frame", namespace="/stream")
def frame(data):
    emit("frame", data, broadcast=True)


options = {"allow_unsafe_werkzeug": True} if sys.argv[2] == "threading" else {}
sio.run(app, host="127.0.0.1", port=int(sys.argv[1]), **options)
