import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { type Call, post } from './asking.ts'
import { type DevServer, startDevServer } from './dev-server.ts'
import type { Found } from './kill/accounts.ts'
import { bursts, Client, type Draft } from './kill/client.ts'
import { Ledger } from './kill/ledger.ts'

/**
 * How many clients write before each kill. Of many, most are in the middle of something; few hear so soon of what was
 * done that a store which answers some tens of milliseconds too early is found out.
 */
const CROWDS: readonly number[] = [24, 2, 12, 2, 2]
/** No time passes for the caches: a timeout is found as it was given. */
const NOW = Date.now()

/** Some thirty seconds where nothing else runs. */
const GENEROUS = 300_000

it('finds whatever was acknowledged, and nothing by half, after everything was killed in the middle of writes', {
  timeout: GENEROUS,
}, async () => {
  const seed = Number(process.env['NEARCACHE_SEED'] ?? NOW % 2 ** 31)
  console.info(
    `NEARCACHE_SEED=${seed} has the same asked again; what is in flight when it is killed is chance`,
  )
  const drafts = repeated(fc.sample(bursts, { seed, numRuns: 2_000 }))
  const dues = fc.sample(fc.integer({ min: 150, max: 600 }), { seed, numRuns: CROWDS.length })

  const persistTo = await mkdtemp(join(tmpdir(), 'nearcache-kill-'))
  let server = await start(persistTo)
  onTestFinished(async () => {
    await server.stop()
    await rm(persistTo, { recursive: true })
    // Where Wrangler builds, and cleans up unless it is killed.
    await rm(new URL('workerd/.wrangler', import.meta.url), { recursive: true, force: true })
  })
  const ledger = new Ledger()
  const clients = Array.from({ length: Math.max(...CROWDS) }, (_, index) => new Client(`client-${index}`))
  for (const [index, crowd] of CROWDS.entries()) {
    const due = dues[index] as number
    await writeUntilKilled(server, { ledger, clients: clients.slice(0, crowd), drafts, due })
    server = await start(persistTo)
    expect(ledger.faults(await read(server, ledger.keys))).toEqual([])
  }
  const { acknowledged, inDoubt, keys } = ledger
  // It was in the middle of them.
  expect(inDoubt).toBeGreaterThan(0)
  console.info(
    `${CROWDS.length} kills: ${acknowledged} writes acknowledged, ${inDoubt} not; lost: 0, of ${keys.length} keys`,
  )
})

function start(persistTo: string): Promise<DevServer> {
  return startDevServer({ config: 'e2e/workerd/asked.toml', persistTo })
}

function* repeated<Item>(items: readonly Item[]): Generator<Item, never> {
  for (;;) yield* items
}

interface Work {
  readonly ledger: Ledger
  readonly clients: readonly Client[]
  /** Shared out among the clients. Without end. */
  readonly drafts: Iterator<readonly Draft[], never>
  /** The writes to acknowledge before the kill. */
  readonly due: number
}

async function writeUntilKilled(server: DevServer, { ledger, clients, drafts, due }: Work): Promise<void> {
  const until = ledger.acknowledged + due
  let killed: Promise<void> | undefined
  const write = async (client: Client): Promise<void> => {
    while (killed === undefined) {
      const calls = client.calls(drafts.next().value)
      ledger.asked(calls)
      try {
        ledger.answered(calls, await ask(server, calls))
      } catch (error) {
        if (killed === undefined) throw error
      }
      if (ledger.acknowledged >= until) killed ??= server.kill()
    }
  }
  await Promise.all(clients.map(write))
  await killed
}

async function read(server: DevServer, keys: readonly string[]): Promise<Map<string, Found>> {
  const found = new Map<string, Found>()
  for (let start = 0; start < keys.length; start += 500) {
    const some = keys.slice(start, start + 500)
    const ttls = some.map((key) => ({ method: 'attl', args: [key] }))
    const [values, ...left] = await ask(server, [{ method: 'agetMany', args: [some] }, ...ttls])
    for (const [index, key] of some.entries()) {
      found.set(key, { value: (values as Map<string, unknown>).get(key), ttl: left[index] })
    }
  }
  return found
}

function ask({ url }: DevServer, calls: readonly Call[]): Promise<unknown[]> {
  return post(fetch, url, { now: NOW, calls }) as Promise<unknown[]>
}
