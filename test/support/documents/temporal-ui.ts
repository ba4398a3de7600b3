/** The Temporal UI in a browser without a window, by what a person sees and clicks. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import packaged from '@sparticuz/chromium';
import { chromium, type BrowserContext, type Locator, type Page } from 'playwright-core';

/** Everything that would reach out of the machine is off. */
const ARGUMENTS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** A page of the UI is there within two seconds; the rest is a slow machine. */
const WITHIN_MS = 20_000;

/**
 * The browser of the machine, or the one that came as a package, unpacked into the temporary folder.
 * @returns `undefined` where there is none and the package has none for the machine either
 */
export async function chromiumPath(): Promise<string | undefined> {
  const path = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
  if (existsSync(path)) return path;
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  return await packaged.executablePath();
}

export class TemporalUi {
  readonly #context: BrowserContext;
  readonly #page: Page;
  readonly #address: string;
  readonly #profile: string;

  private constructor(context: BrowserContext, page: Page, address: string, profile: string) {
    this.#context = context;
    this.#page = page;
    this.#address = address;
    this.#profile = profile;
    page.setDefaultTimeout(WITHIN_MS);
  }

  /** @param address of the UI, as in `http://127.0.0.1:7234` */
  static async open(executablePath: string, address: string): Promise<TemporalUi> {
    const profile = mkdtempSync(join(tmpdir(), 'msp-browser-'));
    const context = await chromium.launchPersistentContext(profile, {
      headless: true,
      executablePath,
      args: ARGUMENTS,
      viewport: { width: 1400, height: 1600 },
    });
    const [page = await context.newPage()] = context.pages();
    return new TemporalUi(context, page, address, profile);
  }

  async close(): Promise<void> {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }

  /** Pictures go to the folder that MSP_SCREENSHOTS names, for those who want to look. */
  async picture(name: string): Promise<void> {
    const folder = process.env['MSP_SCREENSHOTS'];
    if (folder !== undefined)
      await this.#page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }

  /** *Workflows*, *Start Workflow*. */
  async startWorkflow(run: { id: string; taskQueue: string; type: string; input: string }): Promise<void> {
    await this.#page.goto(`${this.#address}/namespaces/default/workflows/start-workflow`);
    await this.#page.getByLabel('Workflow ID').fill(run.id);
    await this.#page.getByLabel('Task Queue').fill(run.taskQueue);
    await this.#page.getByLabel('Workflow Type').fill(run.type);
    await this.#type(this.#page.locator('main'), run.input);
    await this.picture('start-workflow');
    await this.#page.getByRole('button', { name: 'Start Workflow' }).click();
    await this.#page.getByText('Workflow started successfully').first().waitFor();
  }

  /** The page of a workflow. */
  async visit(workflowId: string): Promise<void> {
    await this.#page.goto(`${this.#address}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`);
    await this.#page.getByRole('button', { name: 'More Actions' }).first().waitFor();
  }

  /** *More Actions*, *Send an Update*. @returns what the form offers, each with its description */
  async sendUpdate(name: string, data: string): Promise<string[]> {
    return await this.#send('Send an Update', name, data);
  }

  /** *More Actions*, *Send a Signal*. */
  async sendSignal(name: string, data: string): Promise<string[]> {
    return await this.#send('Send a Signal', name, data);
  }

  /** *Reset* of a run that has ended, to its beginning, without the signals and updates that it had got. */
  async resetToBeginning(reason: string): Promise<void> {
    await this.#page.getByRole('button', { name: 'Reset', exact: true }).click();
    const dialog = this.#page.locator('dialog[open]');
    await dialog.getByTestId('workflow-reset-event-id-select-button').click();
    await dialog.getByRole('option', { name: 'WorkflowTaskCompleted' }).first().click();
    for (const what of ['Signals', 'Updates']) await dialog.getByText(`Exclude ${what}`).click();
    await dialog.getByTestId('reset-reason').fill(reason);
    await this.picture('reset');
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await dialog.waitFor({ state: 'hidden' });
  }

  /** *Queries*. @returns the answer as it is shown */
  async query(name: string): Promise<string> {
    await this.#tab('Queries');
    await this.#page.getByTestId('query-select-button').click();
    await this.#option(this.#page.locator('main'), name).click();
    await this.#page.getByRole('button', { name: /(Run|Refresh) Query/ }).click();
    const answer = this.#page.getByTestId('query-result').locator('.cm-content');
    await answer.filter({ hasText: '{' }).waitFor();
    return await answer.innerText();
  }

  /** *User Metadata*. @returns the current details as they are shown */
  async currentDetails(): Promise<string> {
    await this.#tab('User Metadata');
    const body = this.#page.locator('iframe').last().contentFrame().locator('body');
    await body.filter({ hasText: /\S/ }).waitFor();
    return (await body.innerText()).trim();
  }

  /** *Timeline*. @returns its text, with the names of activities and timers */
  async timeline(): Promise<string> {
    await this.#tab('Timeline');
    const main = this.#page.locator('main');
    await main.getByText('readRunSettings').first().waitFor();
    return await main.innerText();
  }

  async #tab(name: string): Promise<void> {
    await this.#page.getByText(name, { exact: true }).first().click();
  }

  /** An update that is refused. @returns what the form says then */
  async refusal(name: string, data: string): Promise<string> {
    const { dialog } = await this.#submit('Send an Update', name, data);
    const answer = dialog.getByText('ApplicationFailure');
    await answer.waitFor();
    await this.picture('refused');
    return await answer.innerText();
  }

  async #send(action: string, name: string, data: string): Promise<string[]> {
    const { dialog, offered } = await this.#submit(action, name, data);
    await dialog.waitFor({ state: 'hidden' });
    return offered;
  }

  async #submit(action: string, name: string, data: string): Promise<{ dialog: Locator; offered: string[] }> {
    await this.#page.getByRole('button', { name: 'More Actions' }).first().click();
    await this.#page.getByRole('menuitem', { name: action }).first().click();
    const dialog = this.#page.locator('dialog[open]');
    await dialog
      .getByRole('button', { name: /^Select/ })
      .or(dialog.locator('[aria-haspopup]'))
      .first()
      .click();
    await dialog.getByRole('option').first().waitFor();
    const offered = await dialog.getByRole('option').allInnerTexts();
    await this.picture(action);
    await this.#option(dialog, name).click();
    await this.#type(dialog, data);
    await dialog.getByRole('button', { name: 'Submit' }).click();
    return { dialog, offered };
  }

  #option(within: Locator, name: string): Locator {
    return within.getByRole('option').filter({ has: this.#page.getByText(name, { exact: true }) });
  }

  /** The editor lays the JSON out when it is left, which moves the buttons below it; so it is left first. */
  async #type(within: Locator, json: string): Promise<void> {
    await within.locator('.cm-content[contenteditable=true]').click();
    await this.#page.keyboard.insertText(json);
    await this.#page.keyboard.press('Tab');
  }
}
