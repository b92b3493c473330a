import { expect, it } from 'vitest';
import { createLogger } from '../logger.ts';
import { createMetrics } from '../metrics.ts';
import { createSystemClock } from '../system-clock.ts';
import { createHttpHost } from './http-host.ts';

it('writes the route and the status, and nothing of what was in the request', async () => {
  const lines: string[] = [];
  const host = await createHttpHost({
    host: '127.0.0.1',
    port: 0,
    logger: createLogger({ level: 'trace', destination: { write: (line) => lines.push(line) } }),
    metrics: createMetrics({ processMetrics: false }),
    clock: createSystemClock(),
    allowedOrigins: [],
    title: 'Test',
    version: '1',
    bodyLimitBytes: 1_024,
  });
  host.app.post('/v1/users/:user/things', () => {
    throw new Error('a bug');
  });
  await host.service.start();
  const requests = ['/v1/users/s3cret-user/things?ticket=s3cret-ticket', '/s3cret-path'];
  const ids: (string | null)[] = [];
  for (const path of requests) {
    const response = await fetch(host.url() + path, {
      method: 'POST',
      body: '{"title":"s3cret-title"}',
      headers: { 'content-type': 'application/json', authorization: 'Bearer s3cret-key', cookie: 's3cret=1' },
    });
    ids.push(response.headers.get('x-request-id'));
  }
  await host.service.stop();

  expect(lines.join('')).not.toContain('s3cret');
  const answers = lines.map((line) => JSON.parse(line)).filter((line) => line.msg === 'request');
  expect(answers).toMatchObject([
    { level: 'error', reqId: ids[0], method: 'POST', route: '/v1/users/:user/things', status: 500 },
    { level: 'info', reqId: ids[1], method: 'POST', route: 'none', status: 404 },
  ]);
});
