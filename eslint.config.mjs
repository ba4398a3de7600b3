import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import tseslint from 'typescript-eslint';

const aws = {
  group: ['@aws-sdk/*', '@smithy/*', '@aws-crypto/*'],
  message: 'AWS belongs to activities/, client/ and local/.',
};
const temporal = { group: ['@temporalio/*'], message: 'The domain does not know Temporal.' };
const nodeBuiltins = {
  group: ['node:*'],
  message: 'Node built-ins are not deterministic or not available here.',
};

/** What each folder may import of the others: the domain knows nobody, and everybody may know the domain. */
const MAY_KNOW = {
  pipeline: [],
  systems: ['pipeline'],
  workflows: ['pipeline'],
  activities: ['pipeline', 'systems'],
  worker: ['pipeline', 'systems', 'activities'],
  client: ['pipeline', 'systems', 'workflows'],
  cli: ['pipeline', 'workflows', 'client', 'local'],
  local: ['pipeline'],
};
const FOLDERS = [
  'pipeline',
  'systems',
  'workflows',
  'activities',
  'worker',
  'client',
  'cli',
  'local',
  'bench',
  'test',
];
const zones = [
  ...Object.entries(MAY_KNOW).map(([folder, known]) => ({
    target: `./${folder}`,
    from: FOLDERS.filter((other) => other !== folder && !known.includes(other)).map((other) => `./${other}`),
    message: `${folder}/ may know of the other folders: ${known.join(', ') || 'none'}.`,
  })),
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.local/', '.setup/', '.venv/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver({ project: 'tsconfig.json' })] },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `const { dropped, ...kept } = value` is how a field is left out.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      eqeqeq: 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/order': ['error', { groups: ['builtin', 'external', 'parent', 'sibling'] }],
    },
  },
  {
    files: ['pipeline/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [aws, temporal, nodeBuiltins] }] },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [aws, nodeBuiltins] }] },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // aws-sdk-client-mock and jest matchers hand out values without types.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        fetch: 'readonly',
      },
    },
  },
);
