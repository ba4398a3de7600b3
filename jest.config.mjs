// Tests run from the TypeScript sources as ES modules; swc only strips the types (tsc checks them in `npm run lint`).
export default {
  rootDir: '.',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // Beside what other tools can make again: `npm test` gives each run a temporary folder of its own.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.local/', '<rootDir>/.setup/'],
  // Two cores: whole stacks with Spark wait as long as they keep both busy, so two files at a time.
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/support/runner/longest-first.mjs',
};
