import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { Output } from '../../../cli/output.ts';
import { refusedLines, stageLines, waitingLines } from '../../../cli/run-text.ts';
import { stagesAhead, type RunView } from '../../../client/run-view.ts';
import { STAGE_NAMES } from '../../../pipeline/stages.ts';

const quiet = new Writable({
  write: (_chunk, _encoding, done) => {
    done();
  },
});
const out = new Output({ stdout: quiet, stderr: quiet }, {});

const running: RunView = {
  workflowId: 'w',
  runId: 'x',
  run: 'w-1',
  execution: 'RUNNING',
  status: 'Running',
  stage: 'validation',
  round: 1,
  answered: true,
  days: [],
  startedAt: '2024-06-25T03:00:00.000Z',
  commands: ['abort'],
  timeline: [],
  checkpoints: STAGE_NAMES.slice(0, 6).map((stage) => ({
    stage,
    outcome: 'done',
    round: 1,
    startedAt: '2024-06-25T03:00:00.000Z',
    finishedAt: '2024-06-25T03:00:02.000Z',
    summary: 'well',
  })),
};

describe('a signal that a run did not follow', () => {
  it('is told with its sender', () => {
    const what = 'signal approve was not followed: not held';
    const timeline = [
      { at: '2024-06-25T03:00:00.000Z', what: 'pause', by: 'bea' },
      { at: '2024-06-25T03:01:00.000Z', what, by: 'ada', reason: 'looks right', refused: true as const },
    ];
    expect(refusedLines(out, { ...running, timeline })).toEqual([
      `2024-06-25 03:01:00  ${what} by ada: looks right`,
    ]);
  });
});

describe('the stages of a run', () => {
  it('are what is done with its time, what is at work with its Glue run, and what comes', () => {
    const glueRun = { jobName: 'j', jobRunId: 'jr_1', state: 'RUNNING' };
    const lines = stageLines(out, { ...running, glueRun });
    expect(lines).toHaveLength(STAGE_NAMES.length);
    expect(lines[0]).toMatch(/^✓ validate_aws_connection\s+2 s {2}well$/);
    expect(lines[6]).toMatch(/^▸ validation\s+jr_1 of j: RUNNING$/);
    expect(lines[7]).toBe('  quality_gate');
  });

  it('are told once, also when the one at work has just ended', () => {
    const lines = stageLines(out, { ...running, stage: 'prepare_data' });
    expect(lines.filter((line) => line.includes('prepare_data'))).toHaveLength(1);
  });

  it('are only those that were passed once the run has ended', () => {
    const ended = { ...running, end: { ended: 'failed' as const, message: 'aborted' } };
    expect(stageLines(out, ended)).toHaveLength(6);
    expect(stagesAhead(running)[0]).toBe('quality_gate');
  });
});

describe('what a run waits for', () => {
  it('is nothing while it runs', () => {
    expect(waitingLines(out, running)).toEqual([]);
  });

  it('names the failure, what to do about it, and each way on as a command to type', () => {
    const failure = {
      type: 'GlueOutOfMemory',
      message: 'Java heap space',
      advice: 'Retry with larger workers.',
    };
    const text = waitingLines(out, {
      ...running,
      commands: ['retryStage', 'abort'],
      parked: {
        stage: 'validation',
        since: '2024-06-25T03:01:00.000Z',
        until: '2024-06-28T03:01:00.000Z',
        failure,
      },
    }).join('\n');
    expect(text).toMatch(
      /validation is parked since 2024-06-25 03:01:00: GlueOutOfMemory\n {2}Java heap space\n {2}Retry with larger/,
    );
    expect(text).toMatch(/waits for one until 2024-06-28 03:01:00/);
    expect(text).toMatch(/msp retry w --reason "…"\n {2}msp abort w/);
  });
});
