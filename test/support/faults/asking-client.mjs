/**
 * A client that asks what an operator asks, one question for each line that it is sent, and answers each by a line of
 * JSON: `{"answer": …}` or `{"error": {"code", "message"}}`. A process of its own, from the built files: the AWS SDK
 * does not know Node's errors again in the realm of a test.
 *
 *     node asking-client.mjs RUN DAY FILE
 */
import { createInterface } from 'node:readline';
import { ClientError, PipelineClient } from '../../../dist/client/pipeline-client.js';

const [run, date, file] = process.argv.slice(2);
const client = PipelineClient.connect();

/** Each has an answer that stays the same as long as nothing runs. */
const QUESTIONS = {
  delivery: async () => {
    const { sha256, uri } = await client.deliver(file, { key: 'asked.csv' });
    return { sha256, uri };
  },
  kpis: async () => await client.kpis.query({ date }),
  table: async () => await client.kpis.describe(),
  quality: async () => await client.quality.record(await client.runInBucket(run)),
  rejected: async () => await all(client.quality.rows(await client.runInBucket(run), 'errors')),
  storage: async () => await client.bucket.usage('archived/'),
  glueRuns: async () => await client.glue.list(20),
  glueRun: async () => await client.glue.get(await latestGlueRun()),
  logs: async () => await client.logs.read(await latestGlueRun(), ['output', 'error']),
};

async function all(items) {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

async function latestGlueRun() {
  const [latest] = await client.glue.list(1);
  return latest.id;
}

async function answered(question) {
  try {
    return { answer: await QUESTIONS[question]() };
  } catch (error) {
    const code = error instanceof ClientError ? error.code : 'none';
    return { error: { code, message: String(error.message) } };
  }
}

console.log(JSON.stringify({ answer: Object.keys(QUESTIONS) }));
for await (const question of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answered(question)));
}
await client.close();
