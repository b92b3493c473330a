import type { NotificationRequest } from '@belfry/protocol/notification-request';
import type { Commit } from './commit.ts';

const TITLE_LENGTH = 256;

/**
 * What a commit has to tell: the author that it landed, the followers of its paths that something changed there. The ids come from the commit, so a feed that is
 * run again tells nobody twice.
 */
export function commitNotifications(commit: Commit, followers: readonly string[]): NotificationRequest[] {
  const title = (commit.subject.trim() || commit.commit).slice(0, TITLE_LENGTH);
  const data = { repository: commit.repository, commit: commit.commit, paths: [...commit.paths] };
  const landed: NotificationRequest = {
    id: `${commit.commit}-landed`,
    to: { users: [commit.author] },
    type: 'commit.landed',
    title,
    body: `Your commit landed in ${commit.repository}`,
    data,
  };
  if (followers.length === 0) return [landed];
  const touched: NotificationRequest = {
    id: `${commit.commit}-touched`,
    to: { users: [...followers] },
    type: 'commit.touched',
    title,
    body: `${commit.author} changed ${commit.paths.slice(0, 3).join(', ')}`,
    data,
  };
  return [landed, touched];
}
