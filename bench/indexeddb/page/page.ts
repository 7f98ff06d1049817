// Runs in the browser: what main.ts calls.
import { atOnce } from './at-once.ts'
import { clear } from './clear.ts'
import { cull } from './cull.ts'
import { interleave, type Plan, type Times } from './interleave.ts'
import { oneByOne } from './one-by-one.ts'
import { sizes } from './sizes.ts'
import { sweep } from './sweep.ts'
import type { Task } from './task.ts'

const tasks: readonly Task[] = [...oneByOne, ...atOnce, sweep, cull, clear, ...sizes]

export type TaskInfo = Pick<Task, 'id' | 'label' | 'operations'>

export interface Bench {
  tasks(): TaskInfo[]
  /** Runs tasks together, and gives the times of each; only of the contestants named, if there are any. */
  run(ids: readonly string[], plan: Plan, contestants: readonly string[]): Promise<Times[]>
}

declare global {
  var bench: Bench
}

globalThis.bench = {
  tasks: () => tasks.map(({ id, label, operations }) => ({ id, label, operations })),
  run: (ids, plan, contestants) =>
    interleave(
      tasks.filter(({ id }) => ids.includes(id)),
      plan,
      (id) => contestants.length === 0 || contestants.includes(id),
    ),
}
