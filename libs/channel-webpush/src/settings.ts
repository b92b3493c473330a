/* What an operator may set. Without imports, so that reading a configuration loads no library. */

/** What is wrong with a VAPID subject; undefined when nothing is. Apple answers 403 to a subject at localhost. */
export function vapidSubjectProblem(subject: string): string | undefined {
  if (!/^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/.test(subject)) return 'must be a mailto: or https: address';
  const host = hostOf(subject);
  if (!host) return 'must be a mailto: or https: address';
  return host === 'localhost' ? 'must not be at localhost: Apple refuses such a token' : undefined;
}

/**
 * Names that stand for nobody (RFC 2606, RFC 6761). A push service may contact whom the subject names, and some look at it: Apple refuses what it takes for no address (403
 * BadJwtToken).
 */
const NOBODY = /(?:^|\.)(?:invalid|test|example|localhost|local|internal)$|^example\.(?:com|net|org)$/;

/** What an operator should know about a subject that is well formed: whether it is an address of nobody. undefined when it may be somebody's. */
export function vapidSubjectWarning(subject: string): string | undefined {
  if (!NOBODY.test(hostOf(subject)?.toLowerCase() ?? '')) return undefined;
  return `${subject} is nobody's address: push services may refuse what is sent in its name (Apple: 403 BadJwtToken)`;
}

function hostOf(subject: string): string | undefined {
  return subject.startsWith('https:') ? URL.parse(subject)?.hostname : subject.slice(subject.indexOf('@') + 1);
}

/** What is wrong with an entry for `allowedHosts`; undefined when nothing is. */
export function allowedHostProblem(entry: string): string | undefined {
  // Wildcards are URL hosts too, but stand for nothing here.
  if (!/^([a-z0-9._-]+|\[[0-9a-f:]+\]):\d{1,5}$/.test(entry)) return 'must be host:port, in lower case';
  const url = URL.parse(`https://${entry}/`);
  if (!url || url.username || `${url.hostname}:${url.port || '443'}` !== entry) {
    return 'must be host:port, written as in a URL';
  }
  return undefined;
}
