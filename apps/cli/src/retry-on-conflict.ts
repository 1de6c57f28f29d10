import { PosternError } from '@postern/contracts';

/**
 * Runs read-change-write, and once more when somebody else wrote in between; the second conflict is the caller's
 * (`version_conflict`).
 */
export async function retryOnConflict<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof PosternError && error.code === 'version_conflict') return attempt();
    throw error;
  }
}
