import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type KeyAndCertificate = { readonly key: string; readonly cert: string };

export type CertificateAuthority = {
  /** Its certificate, PEM. */
  readonly ca: string;
  /** A key (PKCS #8) and a certificate for 127.0.0.1 and localhost, which also does for a client. */
  issue(commonName: string): KeyAndCertificate;
};

/** A certificate authority that lives for a test, made by the given openssl. */
export function createCertificateAuthority(openssl: string): CertificateAuthority {
  const authority = inFolder((run) => {
    run('req', '-x509', ...newKey('ca.key'), '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Test authority');
    return ['ca.key', 'ca.pem'] as const;
  });
  const [key, ca] = authority;
  return {
    ca,
    issue(commonName) {
      const [ownKey, cert] = inFolder((run, write) => {
        write('ca.key', key);
        write('ca.pem', ca);
        write('names.cnf', 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
        run('req', ...newKey('own.key'), '-out', 'own.csr', '-subj', `/CN=${commonName}`);
        const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names.cnf'];
        run('x509', '-req', '-in', 'own.csr', ...signing, '-days', '2', '-out', 'own.pem');
        return ['own.key', 'own.pem'] as const;
      });
      return { key: ownKey, cert };
    },
  };

  function inFolder(
    work: (
      run: (...args: readonly string[]) => void,
      write: (file: string, text: string) => void,
    ) => readonly [string, string],
  ): readonly [string, string] {
    const folder = mkdtempSync(join(tmpdir(), 'belfry-ca-'));
    try {
      const run = (...args: readonly string[]) => void execFileSync(openssl, args, { cwd: folder, stdio: 'pipe' });
      const [first, second] = work(run, (file, text) => writeFileSync(join(folder, file), text));
      return [readFileSync(join(folder, first), 'utf8'), readFileSync(join(folder, second), 'utf8')];
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

function newKey(file: string): string[] {
  return ['-newkey', 'rsa:2048', '-nodes', '-keyout', file];
}
