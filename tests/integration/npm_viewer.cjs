// A viewer by the npm package: connects, watches, and prints what the first binary frame looks like.
const { io } = require("socket.io-client");
const [url, token, transports] = process.argv.slice(2);
const socket = io(`${url}/stream`, { auth: { token }, transports: transports.split(",") });
let ack = null;
socket.on("connect_error", (error) => {
  console.error(`connect_error ${error.message}`);
  process.exit(1);
});
socket.on("connect", () => socket.emit("watch", { max_fps: 5, max_width: 640 }, (answer) => (ack = answer)));
socket.on("frame", (message) => {
  if (!ack || typeof message.frame === "string") return;
  const bytes = Buffer.from(message.frame);
  console.log(
    JSON.stringify({ binary: Buffer.isBuffer(message.frame), jpeg: bytes[0] === 0xff && bytes[1] === 0xd8, ack }),
  );
  socket.close();
  process.exit(0);
});
setTimeout(() => {
  console.error("no binary frame in 60 s");
  process.exit(1);
}, 60000);
