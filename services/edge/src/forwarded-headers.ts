import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

const CLAIMS = [
  'forwarded',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-host',
];

/**
 * Says to the service behind who is asking and under which name. What the client claims about itself is thrown away, unless a trusted proxy in front has said it: then
 * its own address is added to the list, as everybody does.
 */
export function setForwardedHeaders(request: IncomingMessage, trustProxy: boolean): void {
  const { headers, socket } = request;
  if (!trustProxy) for (const name of CLAIMS) delete headers[name];
  const claimed = [headers['x-forwarded-for'] ?? []].flat();
  const remote = socket.remoteAddress ?? '';
  headers['x-forwarded-for'] = [...claimed, remote].join(', ');
  headers['x-forwarded-proto'] ??= (socket as TLSSocket).encrypted ? 'https' : 'http';
  headers['x-forwarded-host'] ??= headers.host ?? '';
}
