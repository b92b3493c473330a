import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Removes a project of docker compose at once: its containers, running or not, its volumes and its networks. Knows them by their label, so it needs no compose file. */
export async function removeComposeProject(name: string): Promise<void> {
  const ofProject = ['--filter', `label=com.docker.compose.project=${name}`];
  await removeAll(['ps', '-a', '-q', ...ofProject], ['rm', '-f', '-v']);
  await removeAll(['volume', 'ls', '-q', ...ofProject], ['volume', 'rm', '-f']);
  await removeAll(['network', 'ls', '-q', ...ofProject], ['network', 'rm']).catch((error: unknown) => {
    // Docker 20.10 may lose count of who is on a network and keeps it then, though it is empty, until it is restarted. Anything else is ours.
    if (!String(error).includes('has active endpoints')) throw error;
  });
}

async function removeAll(list: readonly string[], remove: readonly string[]): Promise<void> {
  const { stdout } = await docker(list);
  const found = stdout.split('\n').filter((id) => id !== '');
  if (found.length > 0) await docker([...remove, ...found]);
}

function docker(args: readonly string[]): Promise<{ readonly stdout: string }> {
  return promisify(execFile)('docker', [...args]);
}
