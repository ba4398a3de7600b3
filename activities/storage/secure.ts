/**
 * What a stopped run leaves behind: the output of its unfinished Glue runs goes to quarantine, where nobody takes it for
 * results, and a record says how the run stood. Published data, finished stages' output and claims stay where they are.
 */
import { heartbeat } from '@temporalio/activity';
import pLimit from 'p-limit';
import type { PipelineActivities } from '../../pipeline/activity-types.ts';
import { isLive } from '../../pipeline/glue-run.ts';
import { layout, PREFIXES } from '../../pipeline/layout.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import { copyWithin } from '../../systems/s3/copy.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';

/**
 * @param stateOf the state of a Glue run now: one that was told to stop may have succeeded before. `undefined` for a run
 *   that Glue does not know.
 */
export function createSecuringActivities(
  systems: Buckets,
  stateOf: (pipeline: string, jobRunId: string) => Promise<string | undefined>,
): Pick<PipelineActivities, 'secureStoppedRun'> {
  return {
    async secureStoppedRun({ owner, settings }, { jobRunIds: given, record }) {
      const bucket = systems.bucket(settings.bucket);
      const { run } = owner;
      const jobRunIds: string[] = [];
      for (const id of given) {
        const state = await stateOf(settings.pipeline, id);
        if (state === undefined || (state !== 'SUCCEEDED' && !isLive(state))) jobRunIds.push(id);
      }
      const keys = jobRunIds.length === 0 ? [] : await writtenBy(bucket, run, jobRunIds);
      await pLimit(S3_AT_ONCE).map(keys, (key) => setAside(bucket, run, key));
      const name = layout.runRecord(run, `stopped/${record.stoppedAt.replaceAll(':', '-')}`);
      await bucket.writeJson(name, { version: 1, ...owner, ...record, jobRunIds, quarantined: keys });
      return { objects: keys.length, record: name };
    },
  };
}

/** Names of all that a Glue run writes contain its id. Reports stay: they belong to the run's records. */
async function writtenBy(bucket: Bucket, run: string, jobRunIds: readonly string[]): Promise<string[]> {
  const days = [...(await bucket.folders(PREFIXES.plays)), ...(await bucket.folders(PREFIXES.kpis))];
  const prefixes = [
    layout.errors(run),
    layout.review(run),
    layout.scratch(run),
    ...days.map((day) => (day.startsWith(PREFIXES.plays) ? `${day}run=${run}/` : day)),
  ];
  const found = await pLimit(S3_AT_ONCE).map(prefixes, async (prefix) => {
    const keys: string[] = [];
    for await (const { key } of bucket.list(prefix)) {
      if (jobRunIds.some((id) => key.includes(id))) keys.push(key);
    }
    heartbeat({ looked: prefix });
    return keys;
  });
  return found.flat();
}

async function setAside(bucket: Bucket, run: string, key: string): Promise<void> {
  const head = await bucket.head(key);
  // Set aside by an earlier try.
  if (head === undefined) return;
  const source = { key, versionId: head.versionId, size: head.size };
  await copyWithin(bucket, source, layout.quarantined(run, key), () => {
    heartbeat({ quarantining: key });
  });
  await bucket.deleteIf(key, head.etag);
  heartbeat({ quarantined: key });
}
