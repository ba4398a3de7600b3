/** What a run can be found by, as the server has it. */
import type { WorkflowHandle } from '@temporalio/client';
import { searchAttributes } from '../../../workflows/shared/search-attributes.ts';

export async function foundBy(
  handle: WorkflowHandle,
): Promise<{ status?: string; dates?: string[]; trigger?: string }> {
  const { typedSearchAttributes: found } = await handle.describe();
  const status = found.get(searchAttributes.status);
  const dates = found.get(searchAttributes.dates);
  const trigger = found.get(searchAttributes.trigger);
  return {
    ...(status === undefined ? {} : { status }),
    ...(dates === undefined ? {} : { dates }),
    ...(trigger === undefined ? {} : { trigger }),
  };
}
