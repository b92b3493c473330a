import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Path of the test-only authority, for `NODE_EXTRA_CA_CERTS` of one process. Never for a system's trust store. */
export const certificateAuthorityPath: string = fileURLToPath(
  new URL('../certificates/authority.pem', import.meta.url),
);

/** The test-only authority as PEM, for an explicit `ca` option. */
export function certificateAuthorityPem(): string {
  return readFileSync(certificateAuthorityPath, 'utf8');
}

/** Key and certificate that the simulator's server shows. */
export function serverCertificate(): { readonly key: string; readonly cert: string } {
  return {
    key: readFileSync(new URL('../certificates/server.key', import.meta.url), 'utf8'),
    cert: readFileSync(new URL('../certificates/server.pem', import.meta.url), 'utf8'),
  };
}
