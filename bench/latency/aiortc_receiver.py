"""aiortc as the receiver under measurement: the same protocol on stdin and stdout as receiver.cpp."""
import asyncio
import json
import sys
import time

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

GRID = 20


def read_number(bgr):
    """The frame's number as frame_number.hpp draws it, or None."""
    height, width = bgr.shape[:2]
    block = width // GRID
    row = height // GRID // 2

    def white(index):
        x = index * block + block // 2
        return int(bgr[row, x - 2 : x + 2, 1].sum()) > 4 * 128

    if not white(0) or white(1):
        return None
    number = 0
    for index in range(2, 18):
        number = (number << 1) | white(index)
    return number if white(18) == bool(bin(number).count("1") & 1) else None


class Measured:
    def __init__(self):
        self.received = []
        self.first = self.last = None

    async def consume(self, track):
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            bgr = frame.to_ndarray(format="bgr24")
            now = time.monotonic_ns()
            number = read_number(bgr)
            if number is not None:
                self.received.append([number, now])
            self.last = (now, time.process_time_ns())
            self.first = self.first or self.last

    def cpu_percent(self):
        if not self.first or self.last[0] <= self.first[0]:
            return 0.0
        return 100.0 * (self.last[1] - self.first[1]) / (self.last[0] - self.first[0])


async def main():
    loop = asyncio.get_running_loop()
    offer = json.loads(await loop.run_in_executor(None, sys.stdin.readline))["offer"]
    connection = RTCPeerConnection()
    measured = Measured()
    tasks = []

    @connection.on("track")
    def on_track(track):
        tasks.append(asyncio.ensure_future(measured.consume(track)))

    await connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
    await connection.setLocalDescription(await connection.createAnswer())
    print(json.dumps({"answer": connection.localDescription.sdp}), flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        pass
    await connection.close()
    for task in tasks:
        task.cancel()
    print(json.dumps({"received": measured.received, "cpu_percent": measured.cpu_percent()}), flush=True)


asyncio.run(main())
