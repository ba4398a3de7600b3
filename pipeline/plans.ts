/**
 * The plans: JSON documents in which the worker tells a Glue script what to do. The scripts read nothing else. Each is
 * written by the stage before the one that it is for, under `layout.plan`.
 */

/** A version of reference data. */
export interface PlannedReference {
  readonly version: string;
  /** Where the document is that names its files (`ReferenceDocument`). */
  readonly uri: string;
}

export interface ValidationPlan {
  readonly version: 1;
  readonly run: string;
  /** A play that starts later than this is in the future. */
  readonly now: string;
  /** In order: the earlier file and line keeps a play that several bring. */
  readonly files: readonly {
    readonly id: string;
    readonly key: string;
    readonly uri: string;
    readonly size: number;
  }[];
  readonly reference: PlannedReference;
  readonly playsPrefix: string;
  readonly errorsPrefix: string;
  readonly reviewPrefix: string;
  /** Where the published plays of each day stand, so that plays which count already are told as duplicates. */
  readonly manifestsPrefix: string;
  /** Sources whose plays this run withdraws: no reason to call a play a duplicate. */
  readonly retiring: readonly string[];
  readonly scratchPrefix: string;
  /** What a compressed file may unpack to. */
  readonly maxUnpackedBytes: number;
}

export interface KpiPlan {
  readonly version: 1;
  readonly run: string;
  readonly days: readonly {
    readonly day: string;
    readonly edition: number;
    readonly parts: readonly {
      readonly files: readonly string[];
      readonly rows: number;
      readonly distinctPlays: number;
    }[];
    readonly sources: readonly string[];
    readonly retired: readonly string[];
  }[];
  readonly reference: PlannedReference;
  readonly itemsPrefix: string;
  readonly scratchPrefix: string;
}

export interface LoadPlan {
  readonly version: 1;
  readonly run: string;
  readonly table: string;
  readonly days: readonly {
    readonly day: string;
    readonly edition: number;
    readonly files: readonly string[];
    readonly items: number;
    readonly digest: string;
  }[];
  /** The items' `timestamp`, and the start of their retention. */
  readonly publishedAt: string;
  readonly retentionDays: number;
  readonly deadLetterPrefix: string;
  readonly maxWriteUnitsPerSecond: number | null;
}

/** The stages that run a Glue script, each with its plan. */
export interface StagePlans {
  readonly validation: ValidationPlan;
  readonly kpi_computation: KpiPlan;
  readonly dynamodb_load: LoadPlan;
}
export type PlannedStage = keyof StagePlans;
