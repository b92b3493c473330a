import type { RealtimeChange, RealtimeMark } from '@belfry/core/store/user-stream';

/** Each call is told the changes that its marks made; one that two calls asked for goes to the first, as if they had come one by one. */
export function splitChanges(
  changes: readonly RealtimeChange[],
  calls: readonly (readonly RealtimeMark[])[],
): readonly (readonly RealtimeChange[])[] {
  if (calls.length === 1) return [changes];
  const byName = new Map(changes.map((change) => [nameOf(change, change.notificationId), change]));
  return calls.map((marks) => {
    const own: RealtimeChange[] = [];
    for (const mark of marks) {
      for (const id of mark.notificationIds) {
        const name = nameOf(mark, id);
        const change = byName.get(name);
        if (change === undefined) continue;
        byName.delete(name);
        own.push(change);
      }
    }
    return own;
  });
}

function nameOf({ tenant, user }: { readonly tenant: string; readonly user: string }, notificationId: string): string {
  return `${tenant}\u0000${user}\u0000${notificationId}`;
}
