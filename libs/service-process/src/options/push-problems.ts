import { projectIdProblem } from '@belfry/channel-fcm/settings';
import { allowedHostProblem, vapidSubjectProblem } from '@belfry/channel-webpush/settings';
import type { ConfigProblem } from '@belfry/runtime';
import { entryProblems } from './entry-problems.ts';

type Values = Readonly<Record<string, unknown>>;

/** What cannot work in the options of Web Push and FCM. */
export function pushProblems(values: Values): readonly ConfigProblem[] {
  const { BELFRY_WEBPUSH_SUBJECT: subject, BELFRY_FCM_PROJECT: project, BELFRY_FCM_ENDPOINT: endpoint } = values;
  const allowedHosts = values.BELFRY_WEBPUSH_ALLOWED_HOSTS as readonly string[] | undefined;
  const problems = [...entryProblems('BELFRY_WEBPUSH_ALLOWED_HOSTS', allowedHosts, allowedHostProblem)];
  problems.push(
    ...textProblems('BELFRY_WEBPUSH_SUBJECT', subject, vapidSubjectProblem),
    ...textProblems('BELFRY_FCM_PROJECT', project, projectIdProblem),
  );
  if (endpoint !== undefined && project === undefined && values.GOOGLE_APPLICATION_CREDENTIALS === undefined) {
    problems.push({
      variable: 'BELFRY_FCM_PROJECT',
      detail: 'is required with BELFRY_FCM_ENDPOINT, unless GOOGLE_APPLICATION_CREDENTIALS names the project',
    });
  }
  return problems;
}

function textProblems(
  variable: string,
  value: unknown,
  problemOf: (text: string) => string | undefined,
): readonly ConfigProblem[] {
  const problem = typeof value === 'string' ? problemOf(value) : undefined;
  return problem === undefined ? [] : [{ variable, detail: `${problem}, but is "${String(value)}"` }];
}
