/**
 * The runbook, followed: every command and client call of its pages, as they stand there, against a real stack in the
 * situations that the pages are about.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { COMMANDS as RUN_COMMANDS } from '../../workflows/pipeline/messages.ts';
import { COMMANDS as PROCEDURE_COMMANDS } from '../../workflows/procedures/messages.ts';
import type { CommandTable } from '../../workflows/shared/commands/table.ts';
import { DocumentProgram } from '../support/documents/document-program.ts';
import { DocumentShell } from '../support/documents/document-shell.ts';
import { followDocument } from '../support/documents/document-test.ts';
import { RunbookSituations } from '../support/documents/runbook-situations.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';

describe('the runbook', () => {
  let shell: DocumentShell;
  let program: DocumentProgram;
  let situations: RunbookSituations;
  const suite = pipelineStack({
    leaving: async () => {
      situations.close();
      await shell.stop();
    },
  });
  beforeAll(async () => {
    shell = new DocumentShell(suite.stack.running.environment.operator);
    program = new DocumentProgram({
      'music-streaming-pipeline': { PipelineClient: { connect: () => suite.stack.client } },
    });
    situations = new RunbookSituations({ stack: suite.stack, shell, program });
    await situations.prepare();
  });

  const tools = { shell: () => shell, program: () => program };

  describe('docs/runbook.md', () => {
    followDocument('docs/runbook.md', {
      ...tools,
      situations: { 'a run is parked': () => situations.parked('tuesday') },
    });
  });

  describe('docs/runbook/runs.md', () => {
    followDocument('docs/runbook/runs.md', {
      ...tools,
      situations: {
        'a run is parked': () => situations.parked('wednesday'),
        'the run is parked again': () => situations.parkedAgain(),
        'a run is parked because its input is not there': () => situations.withoutInput(),
        'three runs may not write archived copies': () => situations.threeWithoutRights(),
        'three runs are parked': () => situations.threeParked(),
        'three runs are held': () => situations.threeHeld(),
        'three runs were aborted, and the validation is mended': () => situations.threeAborted(),
        'a run is validating': () => situations.validating(),
        'the run is validating again': () => situations.validatingAgain(),
        'the next run': () => situations.next(),
      },
    });
  });

  describe('docs/runbook/data.md', () => {
    followDocument('docs/runbook/data.md', {
      ...tools,
      situations: {
        'a day is published, an archived file and a KPI file are overwritten': async () => {
          await situations.published();
          await situations.archiveIsDamaged();
          await situations.kpisAreDamaged();
        },
        'an archived file is overwritten': () => situations.archiveIsDamaged(),
        'the digest of the plan': () => situations.digest(),
        'the day has a second edition': () => situations.publishedAgain(),
        'nobody approves': () => situations.nobodyApproves(),
      },
    });
  });

  describe('docs/runbook/stop.md', () => {
    followDocument('docs/runbook/stop.md', {
      ...tools,
      situations: {
        'a run is validating': () => situations.validating(),
        'a run is validating, and the schedule is active': () => situations.validatingOnSchedule(),
        'the id of the shutdown': () => situations.shutdownId(),
        'the digest of the plan': () => situations.digest(),
        'a run is validating, and no worker is there': () => situations.withoutWorker(),
        'a worker is back': () => situations.withWorker(),
        'the schedule is active': () => situations.validatingOnSchedule(),
        'a run was terminated while it validated': () => situations.terminated(),
      },
    });
  });
});

const PAGES = ['docs/runbook.md', 'docs/runbook/runs.md', 'docs/runbook/data.md', 'docs/runbook/stop.md'];

/** What is put into the Temporal UI's form. */
const FORM = /(?:update|\*Send a Signal\*:) `([a-z]\w+)` `(\{.*?\})`/g;

describe.each(PAGES)('%s', (path) => {
  const text = readFileSync(path, 'utf8');

  it('has no command that nobody runs', () => {
    expect(text).not.toMatch(/```(?:sh|ts).*not-run/);
    const fences = [...text.matchAll(/^```([a-z]+)/gm)].map(([, language]) => language);
    expect(fences.filter((language) => !['sh', 'ts', 'text', 'json'].includes(language ?? ''))).toEqual([]);
  });

  it('has only clicks that a run or a procedure takes', () => {
    for (const [, name, input = ''] of text.matchAll(FORM)) {
      const tables: readonly CommandTable[] = [RUN_COMMANDS, PROCEDURE_COMMANDS];
      const taken = tables.map((table) => table[name ?? '']?.args.safeParse(JSON.parse(input)));
      if (taken.every((parsed) => parsed?.success !== true)) {
        throw new Error(`Nothing takes ${name} ${input}: ${taken[0]?.error}`);
      }
    }
  });
});
