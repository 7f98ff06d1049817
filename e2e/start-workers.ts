import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'

/** How they are configured otherwise than they should be. */
export interface WorkerChanges {
  readonly className?: string
  readonly useSQLite?: boolean
  readonly compatibilityDate?: string
}

/** Two Workers, as two deployments of two apps would be, on one KV namespace and the Durable Objects of the first. */
export const WORKERS: readonly string[] = ['one', 'two']

/**
 * Both run `entry`, a file of `e2e/workerd` that exports the class `CacheShard`. What they store is in the folder
 * `persistTo`, or gone with them.
 */
export async function startWorkers(
  entry: string,
  persistTo?: string,
  { className = 'CacheShard', useSQLite = true, compatibilityDate = '2026-08-01' }: WorkerChanges = {},
): Promise<Miniflare> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`workerd/${entry}`, import.meta.url))],
    bundle: true,
    format: 'esm',
    write: false,
    external: ['cloudflare:workers'],
  })
  const script = outputFiles[0]?.text ?? ''
  const options = convertV4MiniflareOptions({
    ...(persistTo === undefined ? {} : { resourcePersistencePath: persistTo }),
    workers: WORKERS.map((name) => ({
      name,
      modules: true,
      script,
      compatibilityDate,
      kvNamespaces: { CACHE_KV: 'cache' },
      durableObjects: { CACHE_SHARDS: { className, scriptName: 'one', useSQLite } },
    })),
  })
  const workerd = new Miniflare(options)
  await workerd.ready
  return workerd
}
