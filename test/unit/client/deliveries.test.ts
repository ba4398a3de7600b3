import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { deliver, deliveryKey } from '../../../client/deliveries.ts';
import { clientCaller } from '../../../client/errors.ts';
import { Bucket } from '../../../systems/s3/bucket.ts';

describe('the key of a delivered file', () => {
  it.each([
    ['streams', '/data/a.csv', {}, 'streams/a.csv'],
    ['streams', 'a b+%ü.csv', {}, 'streams/a b+%ü.csv'],
    ['songs', 'my-songs.csv', {}, 'reference/songs/my-songs.csv'],
    ['streams', 'x.csv', { key: 'a.csv' }, 'streams/a.csv'],
    ['streams', 'x.csv', { key: 'streams/a.csv' }, 'streams/a.csv'],
    ['streams', 'x.csv', { prefix: '/2024/06/' }, 'streams/2024/06/x.csv'],
  ] as const)('%s %s %j is %s', (kind, path, naming, key) => {
    expect(deliveryKey(kind, path, naming)).toBe(key);
  });

  it('is never a folder', () => {
    expect(() => deliveryKey('streams', 'x.csv', { key: 'a/' })).toThrow(/names a folder/);
  });
});

describe('a delivery', () => {
  let folder: string;
  const s3 = mockClient(S3Client);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'msp-delivery-'));
    s3.reset();
    s3.on(PutObjectCommand).resolves({ VersionId: 'v1' });
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const bucket = (): Bucket => new Bucket(new S3Client({ region: 'eu-west-1' }), clientCaller, 'b');

  it('carries the digest that S3 checks, and answers with the id of the content', async () => {
    const path = join(folder, 'a.csv');
    await writeFile(path, 'user_id,track_id,listen_time\n');
    const digest = createHash('sha256').update('user_id,track_id,listen_time\n');
    const sha256 = digest.copy().digest('hex');
    const delivered = await deliver(bucket(), path, 'streams/a.csv');
    expect(delivered).toMatchObject({
      key: 'streams/a.csv',
      uri: 's3://b/streams/a.csv',
      bytes: 29,
      sha256,
      versionId: 'v1',
    });
    expect(delivered.fileId).toBe(sha256.slice(0, 32));
    const [call] = s3.commandCalls(PutObjectCommand);
    expect(call?.args[0].input).toMatchObject({ ChecksumSHA256: digest.digest('base64'), ContentLength: 29 });
  });

  it('of what is no file is refused before anything is sent', async () => {
    await expect(deliver(bucket(), join(folder, 'none.csv'), 'streams/none.csv')).rejects.toMatchObject({
      code: 'NotFound',
    });
    await expect(deliver(bucket(), folder, 'streams/folder')).rejects.toMatchObject({ code: 'WrongUse' });
    expect(s3.calls()).toHaveLength(0);
  });
});
