/** What a server that was killed has left running, for whoever stops the stack without starting another server. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { hasEnded, JOB_RUN_STATES, processGroupSchema } from './model.ts';
import { endGroup, stillOurs } from './processes.ts';

/** Of a run's record no more than is needed: a record that is broken elsewhere must not keep its processes alive. */
const recordSchema = z.object({
  run: z.object({ Id: z.string(), JobRunState: z.enum(JOB_RUN_STATES) }),
  processGroup: processGroupSchema,
});

/**
 * Ends the processes of all runs that are recorded as under way.
 * @param folder of the server that is gone
 * @param graceMilliseconds what each has to end by itself
 */
export async function endAbandoned(folder: string, graceMilliseconds: number): Promise<void> {
  const abandoned = recordsIn(join(folder, 'runs')).filter(
    ({ run, processGroup }) => !hasEnded(run.JobRunState) && stillOurs(processGroup, run.Id),
  );
  await Promise.all(abandoned.map(({ processGroup }) => endGroup(processGroup.id, graceMilliseconds)));
}

function recordsIn(folder: string): z.output<typeof recordSchema>[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    try {
      return [recordSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')))];
    } catch {
      return [];
    }
  });
}
