import { beforeEach, describe, expect, it } from '@jest/globals';
import { DescribeTableCommand, DynamoDBClient, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { clientCaller } from '../../../client/errors.ts';
import { Kpis } from '../../../client/kpis.ts';
import { Table } from '../../../systems/dynamodb/table.ts';

const item = (metric: string, dimensions: object, value: number): object => ({
  id: `${metric}#2024-06-25#${JSON.stringify(dimensions)}`,
  metric_type: metric,
  date: '2024-06-25',
  value,
  dimensions,
  metadata: {},
  edition: 1,
  timestamp: '2024-06-26T03:00:00Z',
  expires_at: 1_750_000_000,
});

const key = (name: string, type: 'HASH' | 'RANGE'): { AttributeName: string; KeyType: 'HASH' | 'RANGE' } => ({
  AttributeName: name,
  KeyType: type,
});

describe('the published KPIs of a day', () => {
  const dynamo = mockClient(DynamoDBDocumentClient);
  const kpis = (): Kpis => {
    const client = DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-west-1' }));
    return new Kpis(new Table(client, clientCaller, 'kpis'));
  };
  beforeEach(() => {
    dynamo.reset();
    dynamo.on(DescribeTableCommand).resolves({
      Table: {
        TableStatus: 'ACTIVE',
        KeySchema: [key('id', 'HASH')],
        GlobalSecondaryIndexes: [
          { IndexName: 'one', KeySchema: [key('metric_type', 'HASH'), key('date', 'RANGE')] },
          { IndexName: 'other', KeySchema: [key('date', 'HASH'), key('metric_type', 'RANGE')] },
        ],
      },
    });
  });

  it('are read by the index by date, all pages, in the order of metric and rank', async () => {
    dynamo
      .on(QueryCommand)
      .resolvesOnce({
        Items: [item('top_genre', { rank: 10 }, 1), item('top_genre', { rank: 2 }, 5)],
        LastEvaluatedKey: { id: 'x' },
      })
      .resolves({ Items: [item('genre_listen_count', { genre: 'jazz' }, 3)] });
    const found = await kpis().query({ date: '2024-06-25' });
    expect(found.map(({ metric_type, dimensions }) => [metric_type, dimensions.rank])).toEqual([
      ['genre_listen_count', undefined],
      ['top_genre', 2],
      ['top_genre', 10],
    ]);
    expect(dynamo.commandCalls(QueryCommand)[0]?.args[0].input).toMatchObject({
      IndexName: 'other',
      TableName: 'kpis',
    });
  });

  it('can be narrowed by dimensions, numbers as text', async () => {
    dynamo.on(QueryCommand).resolves({
      Items: [
        item('top_song', { genre: 'jazz', rank: 1 }, 3),
        item('top_song', { genre: 'rock', rank: 1 }, 9),
      ],
    });
    const found = await kpis().query({
      date: '2024-06-25',
      metric: 'top_song',
      dimensions: { genre: 'jazz', rank: '1' },
    });
    expect(found.map(({ value }) => value)).toEqual([3]);
  });

  it('are refused when an item is no KPI', async () => {
    dynamo.on(QueryCommand).resolves({ Items: [{ id: 'odd', date: '2024-06-25' }] });
    await expect(kpis().query({ date: '2024-06-25' })).rejects.toMatchObject({ code: 'Failed' });
  });

  it('of a table that is not there are not found', async () => {
    dynamo.on(DescribeTableCommand).rejects(new ResourceNotFoundException({ message: 'no', $metadata: {} }));
    await expect(kpis().query({ date: '2024-06-25' })).rejects.toMatchObject({
      code: 'NotFound',
      advice: expect.stringMatching(/MSP_TABLE/),
    });
  });
});
