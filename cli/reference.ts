/**
 * Writes docs/cli.md from the commands' own help, so that the page can't say anything else than the program does:
 * `node dist/cli/reference.js > docs/cli.md`. A test compares the two.
 */
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { CliContext, type CliOptions } from './context.ts';
import { EXIT_CODE_MEANINGS, EXIT_CODES } from './errors.ts';
import { buildProgram } from './program.ts';

const INTRODUCTION = `# The command line

\`npx msp …\` in the checkout, after \`npm run setup\`. Results go to stdout, notes and progress to stderr. \`-o json\` prints
stable shapes for programs; \`NO_COLOR\` and pipes are honoured. What would destroy something asks first, or takes \`--yes\`.

A RUN is a workflow id, the id that the run has in the bucket (\`processed/runs/ID/\`), or \`latest\`.

This page is written by \`node dist/cli/reference.js > docs/cli.md\`.`;

/** The page as Markdown. */
export function cliReference(): string {
  const nowhere = Object.assign(
    new Writable({
      write: (_chunk, _encoding, done) => {
        done();
      },
    }),
    { columns: 100 },
  );
  const options: CliOptions = {
    environment: {},
    streams: { stdout: nowhere, stderr: nowhere },
    interactive: false,
  };
  const program = buildProgram(new CliContext(options), options);
  const commands = leaves(program, []);
  const codes = Object.entries(EXIT_CODES).map(
    ([name, code]) => `| ${code} | ${EXIT_CODE_MEANINGS[name as keyof typeof EXIT_CODES]} |`,
  );
  return [
    INTRODUCTION,
    ['## Exit codes', '', '| code | meaning |', '| --- | --- |', ...codes].join('\n'),
    '## Commands',
    ...commands.map(
      ({ path, command }) => `### msp ${path.join(' ')}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``,
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

function leaves(command: Command, path: readonly string[]): { path: readonly string[]; command: Command }[] {
  if (command.commands.length === 0) return [{ path, command }];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

/** A command's help as it prints it, its examples included. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trim();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.stdout.write(cliReference());
