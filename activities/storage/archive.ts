/**
 * The end of an input's way: copy it to the archive (or, refused, to quarantine), verify the copy, record it, and only
 * then delete the original, on the condition that it is still the version that was processed. Each step can be
 * repeated, and a repetition after any of them ends in the same state.
 */
import { heartbeat } from '@temporalio/activity';
import type { ArchiveReport, PipelineActivities } from '../../pipeline/activity-types.ts';
import type { FileRecord, PreparedFile } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { failure } from '../call.ts';
import { copyWithin } from '../../systems/s3/copy.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';
import { preparedInputs } from './prepared-inputs.ts';
import { addKeyToContent, changeClaimedKey, changeFile, finishKey } from './standing.ts';

type ArchiveActivities = Pick<PipelineActivities, 'archiveInputs' | 'quarantineInputs'>;

export function createArchiveActivities(systems: Buckets): ArchiveActivities {
  return {
    async archiveInputs({ owner: { run }, settings }, { now }): Promise<ArchiveReport> {
      const bucket = systems.bucket(settings.bucket);
      const processedOn = now.slice(0, 10);
      let bytes = 0;
      let kept = 0;
      const { files } = await preparedInputs(bucket, run);
      for (const file of files) {
        const target = layout.archived(run, processedOn, file.key);
        await copyVerified(bucket, file, target);
        const record = { version: 1, run, archivedAt: now, archivedAs: target, ...file };
        await bucket.writeJson(layout.archiveRecord(run, processedOn, `${file.id}-${file.order}`), record);
        if (file.verdict !== 'redelivery') await settle(bucket, file, { state: 'done', archivedAs: target });
        else {
          await changeFile(bucket, file.id, (current) => ({ archivedAs: target, ...current }));
          await addKeyToContent(bucket, run, file);
          await finishKey(bucket, run, file);
        }
        if (!(await bucket.deleteIf(file.key, file.etag))) kept += 1;
        bytes += file.size;
        heartbeat({ archived: file.key });
      }
      return { archived: files.length, bytes, kept };
    },

    async quarantineInputs({ owner: { run }, settings }, { reason }) {
      const bucket = systems.bucket(settings.bucket);
      const { files: all, retire } = await preparedInputs(bucket, run);
      // What was delivered before is not refused; a later run recognises and archives it. Unless it would end what its key
      // stands for: then the delivery is, and the content goes on counting where it does.
      const files = all.filter(
        ({ verdict, key }) => verdict !== 'redelivery' || retire.some((entry) => entry.key === key),
      );
      for (const file of files) {
        const target = layout.quarantined(run, file.key);
        await copyVerified(bucket, file, target);
        if (file.verdict !== 'redelivery')
          await settle(bucket, file, { state: 'refused', archivedAs: target });
        await releaseKey(bucket, file, run);
        await bucket.deleteIf(file.key, file.etag);
        heartbeat({ quarantined: file.key });
      }
      await bucket.writeJson(layout.quarantined(run, 'reason.json'), {
        version: 1,
        run,
        reason,
        files: files.map(({ key }) => key),
      });
      return { files: files.length };
    },
  };
}

/** The staged copy stands in where the delivered version is gone already. */
async function copyVerified(bucket: Bucket, file: PreparedFile, target: string): Promise<void> {
  if (await isCopy(bucket, target, file)) return;
  const { key, versionId, size, stagedKey } = file;
  const progress = (): void => {
    heartbeat({ copying: key });
  };
  if ((await bucket.head(key, versionId)) !== undefined) {
    await copyWithin(bucket, { key, versionId, size }, target, progress);
  } else {
    const staged = stagedKey === undefined ? undefined : await bucket.head(stagedKey);
    if (stagedKey === undefined || staged === undefined) {
      throw failure(
        'InputVanished',
        `Version ${versionId} of ${key} is gone, and so is its copy that the run staged as ${stagedKey ?? 'nothing'}`,
      );
    }
    await copyWithin(bucket, { key: stagedKey, versionId: staged.versionId, size }, target, progress);
  }
  if (!(await isCopy(bucket, target, file))) {
    throw failure(
      'ArchiveMismatch',
      `s3://${bucket.name}/${target} does not have the digest ${file.sha256} of ${key}`,
    );
  }
}

async function isCopy(bucket: Bucket, target: string, { sha256 }: PreparedFile): Promise<boolean> {
  return (await bucket.sha256(target)) === sha256;
}

async function settle(
  bucket: Bucket,
  { id }: PreparedFile,
  change: Pick<FileRecord, 'state' | 'archivedAs'>,
): Promise<void> {
  await changeFile(bucket, id, (current) =>
    current.state === change.state ? current : { ...current, ...change },
  );
}

async function releaseKey(bucket: Bucket, { id, key }: PreparedFile, run: string): Promise<void> {
  await changeClaimedKey(bucket, key, (current) => {
    const { pending, bringing = [], ...kept } = current;
    return pending.run === run ? { ...kept, bringing: bringing.filter((other) => other !== id) } : current;
  });
}
