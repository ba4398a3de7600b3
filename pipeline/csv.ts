/** CSV as RFC 4180 has it: a field with a comma, a quote or a line break is quoted, and quotes in it are doubled. */

function csvField(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** One record without its line end. */
export function csvLine(fields: readonly string[]): string {
  return fields.map(csvField).join(',');
}
