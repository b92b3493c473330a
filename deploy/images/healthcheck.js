// Usage: node healthcheck.js [url]. Ends with 0 when a process of this container is ready for work, else with 1 and why, which `docker inspect` shows.
const url = process.argv[2] ?? `http://127.0.0.1:${process.env.PORT}/health/ready`;

try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
} catch (error) {
  console.error(url, error instanceof Error ? (error.cause ?? error.message) : error);
  process.exitCode = 1;
}
