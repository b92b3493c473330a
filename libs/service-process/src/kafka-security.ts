import { readFile } from 'node:fs/promises';
import type { KafkaSasl, KafkaTls } from '@belfry/log-kafka';
import type { BackendConfig } from './open-backends.ts';
import { readSecret, readSecretFile } from './options/secret-option.ts';

/** Undefined without `KAFKA_TLS`. Throws, naming the variable, when one of its files cannot be read. */
export function kafkaTls(config: BackendConfig): KafkaTls | undefined {
  if (config.KAFKA_TLS !== true) return undefined;
  const read = (variable: 'KAFKA_TLS_CA' | 'KAFKA_TLS_CERT' | 'KAFKA_TLS_KEY', name: string) => {
    const file = config[variable];
    return file === undefined ? {} : { [name]: readSecretFile(file, variable) };
  };
  return { ...read('KAFKA_TLS_CA', 'ca'), ...read('KAFKA_TLS_CERT', 'cert'), ...read('KAFKA_TLS_KEY', 'key') };
}

/** Undefined without `KAFKA_SASL_MECHANISM`. Throws, naming the variable, when the password's file cannot be read. */
export function kafkaSasl(config: BackendConfig): KafkaSasl | undefined {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_TOKEN_FILE: tokenFile } = config;
  if (mechanism === undefined) return undefined;
  if (mechanism === 'oauthbearer') {
    if (tokenFile === undefined) throw new Error('KAFKA_SASL_TOKEN_FILE is required by oauthbearer');
    // Read for each connection, because whoever renews the token writes the file anew.
    return { mechanism, token: async () => ({ value: (await readFile(tokenFile, 'utf8')).trim() }) };
  }
  const password = readSecret(config, 'KAFKA_SASL_PASSWORD');
  if (username === undefined || password === undefined) {
    throw new Error(`KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are required by ${mechanism}`);
  }
  return { mechanism, username, password };
}
