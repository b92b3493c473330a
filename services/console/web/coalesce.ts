/**
 * Makes of a reading that takes a while one that may be asked for at any time: never two at once, and once more when it was asked for meanwhile, because
 * the answer under way may be older than the question.
 */
export function coalesce(read: () => Promise<void>): () => void {
  let reading = false;
  let again = false;

  const run = async (): Promise<void> => {
    reading = true;
    do {
      again = false;
      await read();
    } while (again);
    reading = false;
  };
  return () => {
    if (reading) again = true;
    else void run();
  };
}
