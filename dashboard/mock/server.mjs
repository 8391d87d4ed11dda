/**
 * `npm run mock`: the built dashboard over the mock server. `npm run dev:mock`: the same behind
 * Vite's development server. Sign in as admin / correct horse.
 */
import { Mock } from './mock.mjs';

const dev = process.argv.includes('--dev');
const mock = new Mock();
const [ada, kofi, renee, yusuf, mei, juergen] = mock.people;
mock.addCamera('Entrance', { people: [ada, 'unknown'] });
mock.addCamera('Hall', { people: [kofi, renee, 'pending'] });
mock.addCamera('Workshop', { ratio: [4, 3], people: [yusuf] });
mock.addCamera('Car park', { state: 'offline' });
[ada, kofi, renee, yusuf].forEach((person, i) => mock.see(person, mock.now() - (40 - 9 * i) * 60_000));
mock.people.forEach((person, i) => mock.see(person, mock.now() - 86_400_000 - i * 400_000));
await mock.listen(dev ? 0 : Number(process.env.PORT ?? 5080));

const arrivals = [mei, juergen, ada, kofi];
let next = 0;
setInterval(() => mock.see(arrivals[next++ % arrivals.length]), 12_000).unref();

let vite;
if (dev) {
  process.env.SURVEILLX_WEB = mock.url;
  const { createServer } = await import('vite');
  vite = await createServer();
  await vite.listen();
}
const address = vite?.resolvedUrls.local[0] ?? mock.url;
process.stdout.write(`Dashboard: ${address}  (admin / correct horse)\n`);

const stop = async () => {
  await vite?.close();
  await mock.close();
  process.exit(0);
};
process.on('SIGINT', () => void stop());
process.on('SIGTERM', () => void stop());
