/** Creating what may be there already. */
import { codeOf } from '../errors.ts';

/** @param name of the service's error for something that is there already, which is as good as creating it */
export async function unlessThere<T>(name: string, create: () => Promise<T>): Promise<T | undefined> {
  try {
    return await create();
  } catch (error) {
    if (codeOf(error) === name) return undefined;
    throw error;
  }
}
