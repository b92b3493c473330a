import type { CertificateAuthority } from './certificate-authority.ts';

const MODULES = 'org.apache.kafka.common.security';

/** Server properties of a clients' listener that speaks TLS and wants a certificate from its clients, all of them from this authority. */
export function kafkaTlsProperties(authority: CertificateAuthority): Readonly<Record<string, string>> {
  const { key, cert } = authority.issue('broker');
  return {
    'listener.name.client.ssl.client.auth': 'required',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': cert,
    'ssl.keystore.key': key,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': authority.ca,
  };
}

/** Server properties of a clients' listener that takes what `unsecuredToken` makes, with OAUTHBEARER among its mechanisms. */
export const KAFKA_TOKEN_PROPERTIES: Readonly<Record<string, string>> = {
  'listener.name.client.oauthbearer.sasl.jaas.config': `${MODULES}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  'listener.name.client.oauthbearer.sasl.server.callback.handler.class': `${MODULES}.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler`,
};

/** A token as Kafka's validator for development takes it: not signed. */
export function unsecuredToken(subject: string, validMs: number): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const claims = { sub: subject, iat: nowSeconds - 5, exp: nowSeconds + Math.ceil(validMs / 1_000) };
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}
