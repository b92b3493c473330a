import { readFileSync } from 'node:fs';
import { applicationDefault, type Credential, cert } from 'firebase-admin/app';

/**
 * Opens firebase-admin's credential for the service account in `file` (JSON as the Firebase console gives it), or, without a file, Google's
 * application default credentials: `GOOGLE_APPLICATION_CREDENTIALS`, workload identity, the metadata server.
 * Throws firebase-admin's error when the file cannot be read or is no service account.
 */
export function createCredentialOpener(file?: string): () => Credential {
  if (file === undefined) return applicationDefault;
  let openings = 0;
  return () => {
    const account: object = JSON.parse(readFileSync(file, 'utf8'));
    openings += 1;
    // firebase-admin keeps one credential per content for ever, and with it a token that the provider may have refused. The extra member
    // makes a later opening a new one; the file is read again, so a replaced key takes effect too.
    return cert(openings === 1 ? account : { ...account, opening: openings });
  };
}
