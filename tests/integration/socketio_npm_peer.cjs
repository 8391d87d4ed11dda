// The npm client against surveillx-socketio-conformance: prints what it found as one JSON object.
const { io } = require("socket.io-client");
const [url, transports] = process.argv.slice(2);
const options = { transports: transports.split(","), auth: { token: "123" }, forceNew: true };
const found = {};

const fail = (why) => {
  console.error(why);
  process.exit(1);
};
setTimeout(() => fail(`not done in 30 s: ${JSON.stringify(found)}`), 30000).unref();

const once = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));

async function run() {
  const socket = io(url, options);
  const auth = once(socket, "auth");
  await once(socket, "connect");
  found.auth = (await auth)[0];
  if (options.transports.length > 1 && socket.io.engine.transport.name !== "websocket") {
    await once(socket.io.engine, "upgrade");
  }
  found.transport = socket.io.engine.transport.name;

  const back = once(socket, "message-back");
  socket.emit("message", 1, { nested: [Buffer.from([1, 2, 3])] }, "\u20ac");
  const [one, nested, euro] = await back;
  found.message = [one, Buffer.from(nested.nested[0]).toString("hex"), euro];

  const answer = await new Promise((resolve) =>
    socket.emit("message-with-ack", "x", Buffer.from([4, 5]), (...args) => resolve(args)),
  );
  found.ack = [answer[0], Buffer.from(answer[1]).toString("hex")];

  // Another namespace on the same connection, and one that does not exist.
  const custom = socket.io.socket("/custom", { auth: { a: 1 } });
  custom.connect();
  found.custom = (await once(custom, "auth"))[0];
  const unknown = socket.io.socket("/unknown", {});
  unknown.connect();
  found.unknown = (await once(unknown, "connect_error"))[0].message;
  unknown.close();

  // Longer than a heartbeat: what ends a quiet connection would be the ping timeout.
  let pings = 0;
  socket.io.on("ping", () => (pings += 1));
  while (pings < 4) await once(socket.io, "ping");
  found.stillConnected = socket.connected;
  socket.close();
  console.log(JSON.stringify(found));
  process.exit(0);
}

run().catch(fail);
