import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeNeeding } from './need.ts';
import { probeTcp } from './tcp-probe.ts';
import { type FaultyProxy, findToxiproxy, startToxiproxy, type Toxiproxy } from './toxiproxy.ts';

const ECHOED = Buffer.from('there and back');

describeNeeding('toxiproxy', findToxiproxy(), 'a proxy that breaks connections', (command) => {
  let server: Server;
  let toxiproxy: Toxiproxy;
  let proxy: FaultyProxy;
  beforeAll(async () => {
    server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    toxiproxy = await startToxiproxy(command);
  });
  afterAll(async () => {
    await toxiproxy?.stop();
    server?.close();
  });
  beforeEach(async () => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    proxy = await toxiproxy.createProxy({ upstream: `127.0.0.1:${address.port}` });
    return () => proxy.remove();
  });

  it('passes everything on without a toxic', () => roundTrip());

  it('cuts answers until the toxic is taken away', async () => {
    const takeAway = await proxy.addToxic({ type: 'reset_peer', attributes: { timeout: 0 } });
    await expect(roundTrip()).rejects.toThrow();
    await takeAway();
    await roundTrip();
  });

  it('refuses connections while it is disabled', async () => {
    await proxy.disable();
    await expect(roundTrip()).rejects.toThrow('ECONNREFUSED');
    await proxy.enable();
    await roundTrip();
  });

  it('says what it cannot do', async () => {
    await expect(toxiproxy.createProxy({ upstream: '127.0.0.1:1', port: proxy.port })).rejects.toThrow(/in use/);
  });

  function roundTrip(): Promise<void> {
    return probeTcp('127.0.0.1', proxy.port, ECHOED, (answer) => answer.equals(ECHOED));
  }
});
