/** The KPI table as it ought to be and as it is. Reads only. */
import type { PipelineActivities, ShutdownActivities } from '../pipeline/activity-types.ts';
import { tableProblems } from '../pipeline/declared/table.ts';
import type { Systems } from '../systems/systems.ts';
import { failure } from './call.ts';

export function createTableActivities(
  systems: Pick<Systems, 'table'>,
): Pick<ShutdownActivities, 'countTableItems'> & Pick<PipelineActivities, 'checkTable'> {
  return {
    async checkTable({ table }) {
      const problems = tableProblems(await systems.table(table).describe());
      if (problems.length > 0)
        throw failure(
          'TableMisconfigured',
          `Table ${table} is not as it ought to be: ${problems.join('; ')}`,
        );
    },

    async countTableItems({ table }) {
      return (await systems.table(table).describe()).items ?? null;
    },
  };
}
