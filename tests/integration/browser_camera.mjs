// A page in Chromium that sends its (fake) camera by the signalling protocol, with trickle ICE.
import { createRequire } from "node:module";
import http from "node:http";
const require = createRequire(`${process.env.NODE_PATH}/`);
const { chromium } = require("playwright-core");
const [url, token] = process.argv.slice(2);

// getUserMedia wants a secure context: localhost is one, about:blank is not.
const server = http.createServer((_, response) => {
  response.setHeader("Content-Type", "text/html");
  response.end("<!doctype html><title>camera</title>");
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const browser = await chromium.launch({
  executablePath: process.env.SURVEILLX_CHROMIUM ?? "/usr/bin/chromium",
  timeout: 120_000,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
  ],
});
const close = async () => {
  await browser.close();
  server.close();
  process.exit(0);
};
process.on("SIGTERM", close);
const page = await browser.newPage();
page.on("console", (message) => console.log(message.text()));
await page.goto(`http://127.0.0.1:${server.address().port}/`);
await page.evaluate(
  async ([url, token]) => {
    const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 1280, height: 720 } });
    const pc = new RTCPeerConnection();
    globalThis.pc = pc;
    for (const track of media.getTracks()) pc.addTrack(track, media);
    const ws = new WebSocket(url);
    await new Promise((open, fail) => {
      ws.onopen = open;
      ws.onerror = () => fail(new Error("WebSocket failed"));
    });
    ws.send(JSON.stringify({ type: "hello", token, name: "page" }));
    pc.onicecandidate = ({ candidate }) =>
      ws.send(
        JSON.stringify({
          type: "ice",
          candidate: candidate?.candidate ?? "",
          sdpMLineIndex: candidate?.sdpMLineIndex ?? 0,
        }),
      );
    ws.onmessage = async ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "answer") console.log(message.sdp.match(/^m=\S+ \d+/gm).join(", "));
      if (message.type === "answer") await pc.setRemoteDescription({ type: "answer", sdp: message.sdp });
      if (message.type === "ice" && message.candidate)
        await pc.addIceCandidate({ candidate: message.candidate, sdpMLineIndex: message.sdpMLineIndex });
    };
    await pc.setLocalDescription(await pc.createOffer());
    ws.send(JSON.stringify({ type: "offer", sdp: pc.localDescription.sdp }));
    await new Promise((done) => {
      pc.onconnectionstatechange = () => pc.connectionState === "connected" && done();
    });
  },
  [url, token],
);
console.log("connected");
