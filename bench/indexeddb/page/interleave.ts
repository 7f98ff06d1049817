import type { Task, Trial } from './task.ts'

/** Microseconds per operation, one figure per round. */
export type Times = Record<string, number[]>

export interface Plan {
  readonly rounds: number
  readonly warmUps: number
}

/** Measures tasks side by side: all contestants of all of them in each round, each time in another order. */
export async function interleave(
  tasks: readonly Task[],
  { rounds, warmUps }: Plan,
  wanted: (id: string) => boolean,
): Promise<Times[]> {
  const running = await startAll(tasks, wanted)
  const times: Times[] = tasks.map(() => ({}))
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const { at, id, trial, operations } of shuffled(running, round + warmUps)) {
      await trial.prepare?.(round)
      await quiet()
      const started = performance.now()
      const result = await trial.run(round)
      const elapsed = performance.now() - started
      await trial.check(result, round)
      const own = times[at] as Times
      own[id] ??= []
      if (round >= 0) own[id].push((elapsed * 1000) / operations)
    }
  }
  for (const { trial } of running) await trial.end()
  return times
}

interface Running {
  /** Which of the tasks. */
  readonly at: number
  readonly id: string
  readonly trial: Trial
  readonly operations: number
}

async function startAll(tasks: readonly Task[], wanted: (id: string) => boolean): Promise<Running[]> {
  const running: Running[] = []
  for (const [at, { id: task, operations, database = task, start }] of tasks.entries()) {
    for (const [id, begin] of start) {
      if (!wanted(id)) continue
      const trial = await begin(`${id} ${database}`)
      if (trial !== undefined) running.push({ at, id, trial, operations })
    }
  }
  return running
}

/** Begins with another each time, and goes backwards every other time: no one always comes after the same. */
function shuffled<T>(all: readonly T[], round: number): T[] {
  const from = round % all.length
  const turned = [...all.slice(from), ...all.slice(0, from)]
  return round % 2 === 0 ? turned : turned.reverse()
}

/** What the one before has left to collect or to write is not the next one's to pay for. */
async function quiet(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20))
  globalThis.gc?.()
}
