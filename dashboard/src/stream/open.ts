import { io } from 'socket.io-client';
import { withBase } from '../base/basePath';
import { StreamConnection } from './connection';

/** Opens the stream of this page's own server; the session cookie says who we are. */
export function openStream(mayRetry: () => Promise<boolean>): StreamConnection {
  const socket = io('/stream', {
    path: withBase('/socket.io/'),
    autoConnect: false,
    reconnectionDelay: 500,
    reconnectionDelayMax: 3_000,
    timeout: 8_000,
  });
  const connection = new StreamConnection({ socket, mayRetry, now: () => performance.now() });
  connection.start();
  return connection;
}
