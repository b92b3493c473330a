import { buildImages } from './compose-project.ts';

/** Before all files of a run against compose, once. */
export async function setup(): Promise<void> {
  await buildImages();
}
