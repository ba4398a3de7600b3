/**
 * Failure at a given line of the real script. The hook is a `sitecustomize` module, which Python imports before the
 * script: it traces the interpreter and acts when the line is about to run for the first time. The script itself, its
 * arguments and its launcher stay as they are, so that what fails is what would run in production.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const scriptHookSchema = z.object({
  /** End of the path of the source file, for instance `compute_kpis.py` or `music_streaming/rules.py`. */
  file: z.string().min(1),
  /** A line that the interpreter runs; on a blank line or a comment nothing happens. */
  line: z.int().positive(),
  /** `raise` throws the error there; `kill` ends the process as the system does when memory runs out. */
  action: z.enum(['raise', 'kill']).default('raise'),
  /** Name of a built-in exception. */
  error: z
    .string()
    .regex(/^[A-Z][A-Za-z]*$/, "expected the name of one of Python's built-in exceptions")
    .default('RuntimeError'),
  message: z.string().default('injected failure'),
});
export type ScriptHook = z.infer<typeof scriptHookSchema>;

const SITECUSTOMIZE = `\
import builtins, json, os, signal, sys, threading

hook = HOOK
done = False


def on_line(frame, event, argument):
    global done
    if event == "line" and frame.f_lineno == hook["line"] and not done:
        done = True
        sys.settrace(None)
        if hook["action"] == "kill":
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        raise getattr(builtins, hook["error"], RuntimeError)(hook["message"])
    return on_line


def on_call(frame, event, argument):
    return on_line if frame.f_code.co_filename.endswith(hook["file"]) else None


sys.settrace(on_call)
threading.settrace(on_call)
`;

/** Writes the module and returns the folder to put on Python's module path. */
export function writeHook(workFolder: string, hook: ScriptHook): string {
  const folder = join(workFolder, 'hook');
  mkdirSync(folder, { recursive: true });
  const literal = `json.loads(${JSON.stringify(JSON.stringify(hook))})`;
  const module = SITECUSTOMIZE.replace('hook = HOOK', () => `hook = ${literal}`);
  writeFileSync(join(folder, 'sitecustomize.py'), module);
  return folder;
}
