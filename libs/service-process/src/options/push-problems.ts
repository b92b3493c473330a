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
  const subjectProblem = typeof subject === 'string' ? vapidSubjectProblem(subject) : undefined;
  if (subjectProblem !== undefined) {
    problems.push({ variable: 'BELFRY_WEBPUSH_SUBJECT', detail: `${subjectProblem}, but is "${subject}"` });
  }
  const projectProblem = typeof project === 'string' ? projectIdProblem(project) : undefined;
  if (projectProblem !== undefined) {
    problems.push({ variable: 'BELFRY_FCM_PROJECT', detail: `${projectProblem}, but is "${project}"` });
  }
  if (endpoint !== undefined && project === undefined && values.GOOGLE_APPLICATION_CREDENTIALS === undefined) {
    problems.push({
      variable: 'BELFRY_FCM_PROJECT',
      detail: 'is required with BELFRY_FCM_ENDPOINT, unless GOOGLE_APPLICATION_CREDENTIALS names the project',
    });
  }
  return problems;
}
