/** What the runners write down of a run: how tests ended, what each file took, and which tests were skipped. */

/**
 * @typedef {{ passed: number, failed: number, skipped: string[], suites: { file: string, seconds: number }[] }} Report
 */

/**
 * @param {string} text of `--json`
 * @returns {Report}
 */
export function ofJest(text) {
  const result = JSON.parse(text);
  const tests = result.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({ named: `${name}: ${fullName}`, status })),
  );
  return {
    passed: result.numPassedTests,
    // A file that can't be loaded has no tests to fail.
    failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
    skipped: tests
      .filter(({ status }) => status === 'pending' || status === 'todo')
      .map(({ named }) => named),
    suites: result.testResults.map(({ name, startTime, endTime }) => ({
      file: name,
      seconds: (endTime - startTime) / 1000,
    })),
  };
}

/**
 * @param {string} xml of `--junitxml`; empty when Pytest got nowhere
 * @returns {Report}
 */
export function ofPytest(xml) {
  const seconds = new Map();
  const skipped = [];
  const count = (name) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  for (const [, attributes, body = ''] of xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([^]*?)<\/testcase>)/g)) {
    const of = (name) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '';
    const file = `${of('classname').replaceAll('.', '/')}.py`;
    seconds.set(file, (seconds.get(file) ?? 0) + Number(of('time')));
    const reason = /<skipped [^>]*\bmessage="([^"]*)"/.exec(body)?.[1];
    if (reason !== undefined) skipped.push(`${file}: ${of('name')}: ${reason}`);
  }
  const failed = count('failures') + count('errors');
  return {
    passed: count('tests') - failed - count('skipped'),
    failed,
    skipped,
    suites: [...seconds].map(([file, taken]) => ({ file, seconds: taken })),
  };
}
