/** What a part of the benchmark found, and how it is printed. */
import Table from 'cli-table3';

export interface Target {
  readonly what: string;
  readonly limit: string;
  readonly measured: string;
  readonly met: boolean;
}

export interface Part {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly targets: readonly Target[];
  /** Every figure as it was measured, for programs. */
  readonly figures: unknown;
}

export function printed({ name, columns, rows, targets }: Part): string {
  const table = new Table({ head: [...columns], style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  const goals = targets.map(
    ({ what, limit, measured, met }) =>
      `${met ? 'met   ' : 'MISSED'}  ${what}: ${measured} (target ${limit})`,
  );
  return [`\n${name}`, table.toString(), ...goals, ''].join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [lower, upper] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  if (upper === undefined || lower === undefined) throw new Error('There is no median of nothing');
  return (upper + lower) / 2;
}

export const seconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} s`;
export const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
