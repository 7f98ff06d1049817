import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Adapter } from '../../src/core/adapter.ts'
import type { AsyncCache } from '../../src/core/cache.ts'
import { createCache } from '../../src/core/create-cache.ts'
import { isCacheError } from '../../src/core/errors.ts'
import { Model, Refused, show } from './model.ts'
import { type Call, PREFIXES, type Step, sequences } from './steps.ts'

export interface ModelSuiteOptions {
  readonly name: string
  readonly create: () => Adapter
  /** The number of random sequences. */
  readonly runs: number
}

/** Runs random sequences on an adapter and on the model, and compares all answers and errors. */
export function modelSuite({ name, create, runs }: ModelSuiteOptions): void {
  describe(`model ${name}`, () => {
    it(`matches the model in ${runs} random sequences`, { timeout: TIMEOUT }, async () => {
      const adapter = create()
      await fc.assert(
        fc.asyncProperty(sequences, async (steps) => {
          await adapter.clear('')
          await follow(adapter, steps)
        }),
        { numRuns: runs },
      )
      await adapter.close()
    })
  })
}

/** Long, because `npm run test:long` runs a hundred times as many sequences. */
const TIMEOUT = 3_600_000

async function follow(adapter: Adapter, steps: Step[]): Promise<void> {
  let now = 1_800_000_000_000
  const clock = () => now
  let models = [new Model(clock)]
  const loads: Promise<unknown>[] = []
  const waitUntil = (load: Promise<unknown>) => loads.push(load)
  const caches = PREFIXES.map((keyPrefix) => createCache({ adapter, keyPrefix, clock, waitUntil }))
  for (const step of steps) {
    if ('advance' in step) now += step.advance
    else models = await compare(caches, models, step.calls)
    await Promise.all(loads.splice(0))
  }
}

/**
 * Makes the calls concurrently. Their answers must match some sequential order. Returns the states that the
 * store may then have.
 */
async function compare(
  caches: readonly AsyncCache[],
  models: Model[],
  calls: readonly Call[],
): Promise<Model[]> {
  const answers = await Promise.all(calls.map((call) => answer(() => invoke(caches, call))))
  const possible = new Map<string, Model>()
  let expected: string[] = []
  for (const order of permutations(calls.map((_, index) => index))) {
    for (const before of models) {
      const model = before.copy()
      expected = []
      for (const index of order) expected[index] = answerNow(() => model.apply(calls[index] as Call))
      if (answers.every((given, index) => given === expected[index])) possible.set(model.state(), model)
    }
  }
  if (possible.size === 0) expect(answers, `of ${JSON.stringify(calls)}`).toEqual(expected)
  return [...possible.values()]
}

function invoke(caches: readonly AsyncCache[], { cache, method, args }: Call): unknown {
  const target = caches[cache] as unknown as Record<string, (...args: readonly unknown[]) => unknown>
  const answered = target[method]?.(...args)
  return isListing(answered) ? collected(answered) : answered
}

function isListing(answered: unknown): answered is AsyncIterable<unknown> {
  return typeof answered === 'object' && answered !== null && Symbol.asyncIterator in answered
}

/** A listing has no order. */
async function collected(listing: AsyncIterable<unknown>): Promise<string[]> {
  const found: string[] = []
  for await (const one of listing) found.push(show(one))
  return found.sort()
}

async function answer(ask: () => unknown): Promise<string> {
  try {
    return show(await ask())
  } catch (error) {
    return refusal(error)
  }
}

function answerNow(ask: () => unknown): string {
  try {
    return show(ask())
  } catch (error) {
    return refusal(error)
  }
}

function refusal(error: unknown): string {
  if (error instanceof Refused) return error.message
  if (isCacheError(error)) return error.code
  throw error
}

function* permutations(items: readonly number[]): Generator<readonly number[]> {
  if (items.length < 2) {
    yield items
    return
  }
  for (const [index, first] of items.entries()) {
    const others = [...items.slice(0, index), ...items.slice(index + 1)]
    for (const rest of permutations(others)) yield [first, ...rest]
  }
}
