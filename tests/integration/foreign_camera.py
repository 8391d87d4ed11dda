"""A plain aiortc camera, as people write it: it ignores every message but `answer`, does not trickle,
and closes its WebSocket once connected."""

import asyncio
import json
import sys

import av
import numpy
import websockets
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack


class Bars(VideoStreamTrack):
    async def recv(self):
        pts, time_base = await self.next_timestamp()
        picture = numpy.zeros((480, 640, 3), numpy.uint8)
        picture[:, (pts // 3000 * 8) % 600 :][:, :40] = 255
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts, frame.time_base = pts, time_base
        return frame


async def main(url, token, seconds):
    pc = RTCPeerConnection()
    pc.addTrack(Bars())
    connected = asyncio.Event()
    pc.on("connectionstatechange", lambda: pc.connectionState == "connected" and connected.set())
    await pc.setLocalDescription(await pc.createOffer())
    async with websockets.connect(f"{url}/?token={token}") as ws:
        await ws.send(json.dumps({"type": "offer", "sdp": pc.localDescription.sdp}))
        async for text in ws:
            message = json.loads(text)
            if message["type"] == "answer":
                await pc.setRemoteDescription(RTCSessionDescription(message["sdp"], "answer"))
                break
        await connected.wait()
    print("connected, WebSocket closed", flush=True)
    await asyncio.sleep(seconds)
    await pc.close()


asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
