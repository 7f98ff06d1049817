import { median, ratios } from '../statistics.ts'
import type { Times } from './page/interleave.ts'
import type { TaskInfo } from './page/page.ts'

/** A task as it was measured. */
export interface Measured extends TaskInfo {
  readonly times: Times
}

/** Raw IndexedDB at its best. */
export const BASELINE = 'raw/best'

/** In the order of the tables. */
export const LABELS: ReadonlyMap<string, string> = new Map([
  ['nearcache', 'nearcache'],
  ['nearcache/limited', 'nearcache, maxEntries'],
  ['raw/best', 'raw, best form'],
  ['raw', 'raw, usual form'],
  ['idb-keyval', 'idb-keyval'],
  ['dexie', 'Dexie'],
  ['localforage', 'localForage'],
  ['unstorage', 'unstorage'],
])

/** Microseconds per operation, the median of all rounds. */
export function microseconds(task: Measured | undefined, id: string): number | undefined {
  const times = task?.times[id]
  return times && median(times)
}

/** How many times as long as another, in the median of all rounds; `undefined` if either was not measured. */
export function ratio(task: Measured | undefined, id: string, other: string = BASELINE): number | undefined {
  return ratioAcross(task, id, task, other)
}

/** The same across two tasks that were measured together. */
export function ratioAcross(
  task: Measured | undefined,
  id: string,
  otherTask: Measured | undefined,
  other: string,
): number | undefined {
  const times = task?.times[id]
  const others = otherTask?.times[other]
  return times && others && median(ratios(times, others))
}

export function shown(figure: number | undefined): string {
  if (figure === undefined) return '–'
  if (figure >= 100) return figure.toFixed(0)
  return figure >= 0.1 ? figure.toFixed(figure >= 10 ? 1 : 2) : figure.toPrecision(2)
}
