/** Asks a client in a process of its own; see `asking-client.mjs`. */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const PROGRAM = fileURLToPath(new URL('asking-client.mjs', import.meta.url));

const replySchema = z.object({
  answer: z.unknown().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type Reply = z.infer<typeof replySchema>;

/** What there is to ask about. */
export interface Subject {
  /** A run's workflow id. */
  readonly run: string;
  readonly day: string;
  /** A file to deliver. */
  readonly file: string;
}

export class AskingClient {
  readonly questions: readonly string[];
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    process: ChildProcessWithoutNullStreams,
    lines: AsyncIterator<string>,
    questions: readonly string[],
  ) {
    this.#process = process;
    this.#lines = lines;
    this.questions = questions;
  }

  static async start(
    environment: Readonly<Record<string, string>>,
    { run, day, file }: Subject,
  ): Promise<AskingClient> {
    const env = { PATH: process.env['PATH'], ...environment };
    const child = spawn(process.execPath, [PROGRAM, run, day, file], { env });
    child.stderr.pipe(process.stderr);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { answer } = await replyOf(lines);
    return new AskingClient(child, lines, z.array(z.string()).parse(answer));
  }

  async ask(question: string): Promise<Reply> {
    this.#process.stdin.write(`${question}\n`);
    return await replyOf(this.#lines);
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.stdin.end();
    await exited;
  }
}

async function replyOf(lines: AsyncIterator<string>): Promise<Reply> {
  const line = await lines.next();
  if (line.done === true) throw new Error('The asking client has ended');
  return replySchema.parse(JSON.parse(line.value));
}
