import { describe, expect, it } from 'vitest'
import { startWorkers, type WorkerChanges } from './start-workers.ts'

const DONE = 'nothing was done'
const DOUBT = 'what was asked of the owner may or may not have been done'

async function failures(change: WorkerChanges, calls: readonly string[]): Promise<Record<string, string>> {
  const workerd = await startWorkers('failing.worker.ts', undefined, change)
  try {
    const { fetch } = await workerd.getWorker('one')
    const failures: Record<string, string> = {}
    for (const call of calls) {
      failures[call] = (await (await fetch(`http://worker/${call}`)).json()) as string
    }
    return failures
  } finally {
    await workerd.dispose()
  }
}

const ALL = ['aget', 'aset', 'aincr', 'aclear']
const WRITES = ['aset', 'aincr']

describe('what a failure of the platform says', () => {
  it.each<[string, WorkerChanges, RegExp]>([
    ['a class of before SQLite', { useSQLite: false }, /change `new_classes` to `new_sqlite_classes`/],
    [
      'a compatibility date of before RPC',
      { compatibilityDate: '2024-01-01' },
      /compatibility_date 2024-04-03: set a later one/,
    ],
    ['another class', { className: 'Other' }, /must be CacheShard of nearcache\/cache-shard/],
  ])('of %s: what to do, and that nothing was done', async (_, change, remedy) => {
    const said = await failures(change, ALL)
    for (const call of ALL) {
      expect(said[call]).toMatch(new RegExp(`^${call} failed in the kv adapter: `))
      expect(said[call]).toMatch(remedy)
      expect(said[call]).not.toContain('may or may not')
    }
    for (const call of [...WRITES, 'aclear']) expect(said[call]).toMatch(new RegExp(`; ${DONE}$`))
  })

  it('of a class that is not exported: what may be wrong', async () => {
    const said = await failures({ className: 'Nowhere' }, ALL)
    for (const call of ALL) expect(said[call]).toContain('exported by its Worker')
    for (const call of WRITES) expect(said[call]).toContain(DOUBT)
  })

  it('of SQLite: its own words, and that nothing was done', async () => {
    const said = await failures({ className: 'Refusing' }, WRITES)
    for (const call of WRITES)
      expect(said[call]).toMatch(new RegExp(`failed in the kv adapter: .*SQLITE_CONSTRAINT.*; ${DONE}$`))
  })

  it('of an object that is reset: its own words, and that it may have been done', async () => {
    const said = await failures({ className: 'Vanishing' }, WRITES)
    for (const call of WRITES) {
      expect(said[call]).toMatch(
        new RegExp(`failed in the kv adapter: Durable Object reset because its code was updated.; ${DOUBT}$`),
      )
    }
  })
})
