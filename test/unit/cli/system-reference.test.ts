import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { systemReference } from '../../../cli/system-reference.ts';

describe('docs/reference.md', () => {
  it('is what the system goes by (write it with: node dist/cli/system-reference.js > docs/reference.md)', async () => {
    expect(await readFile('docs/reference.md', 'utf8')).toBe(systemReference());
  });

  it.each([
    '| `MSP_NUMBER_OF_WORKERS` | `2` | integer, 2 to 299 |',
    '| `overrides?.workerType?` | `G.1X`, ',
    '| 13 | `dynamodb_load` | load the difference into DynamoDB and verify it (Glue) | `…_dynamodb_load` | the table keeps',
    '| `retryStage` | Run the parked stage again | `stage?`: a stage<br>',
    '| `GlueBusy` | waited out, then parks |',
    '| `PipelineDates` | KeywordList |',
    '| `S3_RAW_PREFIX` | a fixed prefix of the bucket; what `msp ingest` delivers to | `streams/` |',
    '| `GLUE_JOB_KPI` | `MSP_PIPELINE`, `_` and the stage: `msp glue runs` | `music_streaming_kpi_computation` |',
    '| `GLUE_TIMEOUT` | `MSP_JOB_TIMEOUT_MINUTES`; in minutes; of one run: `overrides.timeoutMinutes` | `60` |',
    '`/aws-glue/jobs/output`, `/aws-glue/jobs/error` |',
  ])('says %s', (line) => {
    expect(systemReference()).toContain(line);
  });
});
