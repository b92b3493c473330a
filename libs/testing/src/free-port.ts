import { createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections: a server that is down for a moment must find its port free when it comes back. */
const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 100;
/** By this process. A broker asks for several ports before it listens on the first. */
const given = new Set<number>();

/** A port of 127.0.0.1 that nothing listens on now and that this process was not given before; nothing keeps it for the caller. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port)) continue;
    given.add(port);
    if (await canListen(port)) return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST} in ${TRIES} tries`);
}

/** Starts something on a fresh port, on another one where that was taken in the meantime. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (tries >= 3 || !/address already in use|port is already allocated|EADDRINUSE/i.test(String(error)))
        throw error;
    }
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    // Every address: Docker publishes on all of them.
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
  });
}
