import { expect, it } from 'vitest';
import { createLogger } from './logger.ts';

it('writes ids and hides what has a secret name, one and two levels down too', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', name: 'test', destination: { write: (line) => lines.push(line) } });
  logger.info({ notificationId: 'n1', token: 'hunter2', device: { endpoint: 'hunter2' } }, 'sent');
  logger.info({ request: { headers: { authorization: 'hunter2' } } }, 'asked');
  logger.debug('quiet');
  expect(lines.join('')).not.toContain('hunter2');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 'info', name: 'test', notificationId: 'n1', token: '[redacted]', msg: 'sent' }),
    expect.objectContaining({ msg: 'asked' }),
  ]);
});
