"""An aiortc camera whose offer is written another way before it is sent: sdp_camera.py URL TOKEN SECONDS SECTIONS EDIT...
SECTIONS are those of the offer in their order, of audio, video, data. Prints one JSON object a line: the answer's m=
lines, an error of the server, the connection's states, the end of the WebSocket."""

import asyncio
import json
import re
import sys

import av
import numpy
import websockets
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import AudioStreamTrack

TRANSPORT = ("a=candidate", "a=end-of-candidates", "a=ice-", "a=fingerprint", "a=setup")


class Bars(VideoStreamTrack):
    async def recv(self):
        pts, time_base = await self.next_timestamp()
        picture = numpy.zeros((240, 320, 3), numpy.uint8)
        picture[:, (pts // 3000 * 8) % 280 :][:, :40] = 255
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Offer:
    """An SDP as lines of the session and of each section."""

    def __init__(self, sdp):
        head, *sections = re.split(r"(?=^m=)", sdp, flags=re.M)
        self.head = head.splitlines()
        self.sections = [s.splitlines() for s in sections]

    def of(self, kind):
        return next(s for s in self.sections if s[0].startswith("m=" + kind))

    @staticmethod
    def take(lines, *starts):
        taken = [line for line in lines if line.startswith(starts)]
        lines[:] = [line for line in lines if not line.startswith(starts)]
        return taken

    def port(self, kind, port):
        section = self.of(kind)
        section[0] = re.sub(r"^(m=\S+) \d+", rf"\1 {port}", section[0])

    def text(self, end="\r\n"):
        return "".join(line + end for lines in [self.head, *self.sections] for line in lines)


def bundle_only(offer):
    offer.take(offer.of("video"), *TRANSPORT)
    offer.port("video", 0)
    offer.of("video").append("a=bundle-only")


def no_group(offer):
    offer.take(offer.head, "a=group")


def no_mids(offer):
    no_group(offer)
    for section in offer.sections:
        offer.take(section, "a=mid")


def twin_mids(offer):
    for section in offer.sections:
        section[:] = ["a=mid:0" if line.startswith("a=mid") else line for line in section]


def session_setup(offer):
    offer.head += [offer.take(section, "a=setup") for section in offer.sections][0]


def session_transport(offer):
    offer.head += offer.take(offer.of("video"), "a=ice-", "a=fingerprint", "a=setup")


def holdconn(offer):
    offer.take(offer.of("video"), "a=setup")
    offer.of("video").append("a=setup:holdconn")


def capitals(offer):
    names = {"a=ice-ufrag": "a=ICE-Ufrag", "a=ice-pwd": "a=Ice-pwd", "a=setup": "a=Setup", "a=fingerprint": "a=FINGERPRINT"}
    for section in offer.sections:
        for i, line in enumerate(section):
            name, _, value = line.partition(":")
            if name in names:
                section[i] = names[name] + ":" + (value.upper() if name in ("a=setup", "a=fingerprint") else value)


def inventions(offer):
    offer.head += ["a=x-made-up:1", "b=AS:9000", "a=extmap-allow-mixed"]
    offer.of("video").extend(["a=rid:h send", "a=simulcast:send h", "a=x-y", "a=rtcp-fb:* x-z"])


def only_codec(name):
    def edit(offer):
        video = offer.of("video")
        offer.take(video, "a=rtpmap", "a=fmtp", "a=rtcp-fb")
        video[0] = " ".join(video[0].split(" ")[:3] + ["45"])
        video.append(f"a=rtpmap:45 {name}/90000")

    return edit


EDITS = {
    name: edit
    for name, edit in list(globals().items())
    if callable(edit) and getattr(edit, "__module__", "") == __name__ and not isinstance(edit, type)
}
EDITS.update(av1=only_codec("AV1"), vp9=only_codec("VP9"), line_feeds=lambda offer: None)


def say(**what):
    print(json.dumps(what), flush=True)


async def main(url, token, seconds, sections, edits):
    peer = RTCPeerConnection()
    for kind in sections.split(","):
        if kind == "data":
            peer.createDataChannel("c")
        else:
            peer.addTrack(Bars() if kind == "video" else AudioStreamTrack())
    peer.on("connectionstatechange", lambda: say(state=peer.connectionState))
    await peer.setLocalDescription(await peer.createOffer())
    offer = Offer(peer.localDescription.sdp)
    for edit in edits:
        EDITS[edit](offer)
    sdp = offer.text("\n" if "line_feeds" in edits else "\r\n")
    async with websockets.connect(f"{url}/?token={token}") as socket:
        await socket.send(json.dumps({"type": "offer", "sdp": sdp}))
        try:
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "answer":
                    say(answer=[line for line in message["sdp"].splitlines() if line.startswith("m=")])
                    await peer.setRemoteDescription(RTCSessionDescription(message["sdp"], "answer"))
                    break
                if message["type"] == "error":
                    say(error=message["code"], message=message["message"])
                    return await peer.close()
        except websockets.exceptions.ConnectionClosed as end:
            say(closed=end.code)
        await asyncio.sleep(seconds)
    await peer.close()


asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4], sys.argv[5:]))
