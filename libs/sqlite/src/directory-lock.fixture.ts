import { lockDirectory } from './directory-lock.ts';

// Takes the directory and holds it until killed.
lockDirectory(process.argv[2] ?? '');
process.stdout.write('locked\n');
setInterval(() => {}, 60_000);
