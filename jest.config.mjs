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
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.local/', '<rootDir>/.setup/'],
  // Two cores: one worker process runs Spark or a server, the other the assertions.
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/support/runner/longest-first.mjs',
};
