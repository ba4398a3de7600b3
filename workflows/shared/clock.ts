/** Workflow time, as ISO 8601; the same in every replay. */

export function now(): string {
  return new Date().toISOString();
}

export function hoursAfter(at: string, hours: number): string {
  return new Date(Date.parse(at) + hours * 3_600_000).toISOString();
}
