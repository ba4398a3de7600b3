/**
 * Which folder may import what. Arrows go one way, and an import of types counts like any other: whoever reads a file
 * has to know what it names.
 */

/** Folders of the project that each folder may import besides itself. Benchmarks and tests may import everything. */
const MAY_IMPORT = {
  pipeline: [],
  systems: ['pipeline'],
  workflows: ['pipeline'],
  activities: ['pipeline', 'systems'],
  worker: ['pipeline', 'systems', 'activities'],
  client: ['pipeline', 'systems', 'workflows'],
  cli: ['pipeline', 'workflows', 'client', 'local'],
  local: ['pipeline'],
};
const FOLDERS = [...Object.keys(MAY_IMPORT), 'bench', 'test'];

const arrows = Object.entries(MAY_IMPORT).map(([folder, known]) => ({
  name: `${folder}-may-import`,
  comment: `${folder}/ may import of the other folders: ${known.join(', ') || 'none'}.`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: { path: `^(${FOLDERS.filter((other) => other !== folder && !known.includes(other)).join('|')})/` },
}));

const AWS = '^node_modules/(@aws-sdk|@smithy|@aws-crypto)/';
const TEMPORAL = '^node_modules/@temporalio/';

function forbidden(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to };
}

export default {
  forbidden: [
    forbidden(
      'no-circle',
      'Two files that need each other are cut in the wrong place.',
      {},
      { circular: true },
    ),
    ...arrows,
    forbidden(
      'aws-in-systems',
      'Only systems/ speaks to AWS; local/ stands in for it.',
      { path: '^(pipeline|workflows|activities|worker|client|cli)/' },
      { path: AWS },
    ),
    forbidden(
      'no-temporal-in-domain',
      'The domain does not know Temporal.',
      { path: '^pipeline/' },
      { path: TEMPORAL },
    ),
    forbidden(
      'deterministic',
      'Node built-ins are not deterministic, or not there where workflows run.',
      { path: '^(pipeline|workflows)/' },
      { dependencyTypes: ['core'] },
    ),
    forbidden(
      'systems-serve-all',
      'An adapter is used inside and outside of activities.',
      { path: '^systems/' },
      { path: '^node_modules/@temporalio/(activity|worker|workflow)/' },
    ),
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist'] },
    exclude: { path: ['^dist/', '^glue-scripts/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
