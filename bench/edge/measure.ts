import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { TASKS } from './tasks.ts'

/** Milliseconds of each request, less those of one that does nothing, by task and contestant: one figure a round. */
export type Times = Record<string, Record<string, number[]>>

const WARM_UPS = 3

/**
 * Measures from outside: in workerd the clock stands still while code runs. One request does all operations of a task; each round
 * has all contestants of all tasks, in another order.
 */
export async function measure(rounds: number): Promise<Times> {
  const workerd = await start()
  const ask = async (worker: string, path: string): Promise<string> => {
    const { fetch } = await workerd.getWorker(worker)
    const response = await fetch(`http://bench/${path}`)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.text()
  }
  const time = async (path: string): Promise<number> => {
    const started = performance.now()
    await ask('reader', path)
    return performance.now() - started
  }
  try {
    await ask('writer', 'prepare')
    // The owner writes the copies in its own time; the reader must not have looked for them before.
    while ((await ask('asker', 'ask-for-copies')) !== '100')
      await new Promise((resolve) => setTimeout(resolve, 250))
    const times: Times = {}
    for (let round = -WARM_UPS; round < rounds; round += 1) {
      const nothing = await time('nothing/bare/0')
      for (const { id, operations, contestant } of shuffled(round)) {
        const took = (await time(`${id}/${contestant}/${operations}`)) - nothing
        if (round < 0) continue
        const ofTask = times[id] ?? {}
        times[id] = ofTask
        ofTask[contestant] = [...(ofTask[contestant] ?? []), took]
      }
    }
    return times
  } finally {
    await workerd.dispose()
  }
}

function shuffled(round: number) {
  const all = TASKS.flatMap(({ id, operations, contestants }) =>
    contestants.map((contestant) => ({ id, operations, contestant })),
  )
  // Another one comes first in each round, and each has another before it.
  const step = [1, 3, 7, 9, 11, 13][Math.abs(round) % 6] as number
  return all
    .map((one, at) => ({ one, place: ((at + Math.abs(round)) * step) % (all.length + 1) }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one)
}

async function start(): Promise<Miniflare> {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [here('workerd/bench.worker.ts')],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    external: ['cloudflare:workers', 'node:*'],
    // The peers are not the package's.
    nodePaths: [here('../node_modules')],
  })
  const script = outputFiles[0]?.text ?? ''
  const workerd = new Miniflare(
    convertV4MiniflareOptions({
      workers: ['writer', 'asker', 'reader'].map((name) => ({
        name,
        modules: true,
        script,
        compatibilityDate: '2026-11-01',
        kvNamespaces: { CACHE_KV: 'cache' },
        durableObjects: {
          CACHE_SHARDS: { className: 'CacheShard', scriptName: 'writer', useSQLite: true },
          BARE: { className: 'Bare', scriptName: 'writer', useSQLite: true },
        },
      })),
    }),
  )
  await workerd.ready
  return workerd
}
