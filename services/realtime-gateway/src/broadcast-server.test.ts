import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { openLiveClient } from './live-client.fixture.ts';

let server: ChildProcess | undefined;

afterEach(() => server?.disconnect());

it('publishes to every user what is asked for on its control port', async () => {
  server = fork(new URL('./broadcast-server.fixture.ts', import.meta.url), ['2']);
  const [{ port, controlPort }] = await once(server, 'message');
  const clients = ['user-0', 'user-1'].map((user) =>
    openLiveClient(`ws://127.0.0.1:${port}/v1/realtime`, { headers: { authorization: `Bearer ${user}` } }),
  );
  for (const client of clients) await client.hello();
  const control = connect(controlPort, '127.0.0.1');
  control.write(Buffer.alloc(3));
  for (const client of clients) {
    await client.receives(Array(3).fill('A build has finished'));
    expect(client.cursors()).toEqual(['e1:1', 'e1:2', 'e1:3']);
  }
  control.destroy();
}, 30_000);
